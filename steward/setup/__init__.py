"""What a database needs before a run: requirements, bootstrap, demo data, a first profile."""

from __future__ import annotations

__all__ = ["bootstrap", "demo", "introspect", "prerequisites", "profile_template", "provision"]
