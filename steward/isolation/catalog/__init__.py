"""The checks of tenant isolation that need only the system catalog."""

from __future__ import annotations

__all__ = [
    "child_tables",
    "column_defaults",
    "keys",
    "policy_findings",
    "rewrite_rules",
    "role_graph",
    "scope",
    "security_definer",
    "settings",
    "snapshot",
    "triggers",
    "views",
]
