"""Side-by-side measurements against the server's own statements and other tools; ``python -m bench``."""

from __future__ import annotations

__all__: list[str] = []
