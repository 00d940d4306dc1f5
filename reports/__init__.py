"""How a run becomes evidence: JUnit XML and HTML, made from its run directory alone, in a process of their own.

Nothing of the engine is imported here: the record (``run.json``) is the contract, so that a report can be made anew
years later, and so that a broken report cannot fail a run.
"""

from __future__ import annotations

__all__ = ["PageError", "ReportError"]


class ReportError(Exception):
    """What stops a report, told in one line."""


class PageError(ReportError):
    """Why the Allure page cannot be had; the plain page of our own takes its place and says so."""
