"""Setting up a database for runs: requirements, bootstrap, demo data, a first profile."""

from __future__ import annotations

__all__ = ["bootstrap", "demo", "introspect", "prerequisites", "profile_template", "provision"]
