"""Attempts of application roles to read and write rows of another tenant."""

from __future__ import annotations

__all__ = [
    "findings",
    "matrix",
    "probe",
    "row_seeder",
    "row_templates",
    "side_effects",
    "surface",
    "tenants",
    "text_table",
]
