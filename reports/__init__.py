"""The reports of a run: JUnit XML and HTML, made from its run directory alone, in a process of their own.

Nothing of the engine is imported here. The record (``run.json``) is the contract, so that a report can be made again
years later, and a broken report cannot fail a run.
"""

from __future__ import annotations

__all__ = ["PageError", "ReportError"]


class ReportError(Exception):
    """An error that stops a report, in one line."""


class PageError(ReportError):
    """The Allure page cannot be made; the plain page takes its place and says why."""
