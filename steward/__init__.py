"""Maintenance and verification of multi-tenant PostgreSQL: the engine under both kinds of item.

Every error that an operator can meet is a `StewardError`: one line that names the object, the cause and the remedy.
How an item ends without having done its work is an `OutcomeException`.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "Busy",
    "Deferred",
    "Inconclusive",
    "InventoryError",
    "LockHeldError",
    "NotNeeded",
    "OutcomeException",
    "Planned",
    "PrerequisiteError",
    "ProfileError",
    "QueryError",
    "ReconciliationError",
    "RefusalError",
    "StewardError",
    "TargetError",
    "__version__",
]

__version__ = "0.1.0"


class StewardError(Exception):
    """What stops a run, told in one line: ``object: cause; remedy``."""

    exit_code: ClassVar[int] = 2

    def __init__(self, object: str, cause: str, remedy: str) -> None:  # noqa: A002 - the field is called object everywhere
        super().__init__(object, cause, remedy)
        self.object = object
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return " ".join(f"{self.object}: {self.cause}; {self.remedy}".split())


class ProfileError(StewardError):
    """The profile cannot be read, or says something that it must not."""


class TargetError(StewardError):
    """The database is not named, not reachable, or not one that may be maintained."""


class QueryError(StewardError):
    """A statement file is missing or does not fit the server's version."""


class InventoryError(StewardError):
    """The catalog holds less than the profile expects."""


class PrerequisiteError(StewardError):
    """Something is missing in the database; ``statements`` are the ones that would supply it."""

    def __init__(self, object: str, cause: str, remedy: str, statements: tuple[str, ...] = ()) -> None:  # noqa: A002
        super().__init__(object, cause, remedy)
        self.statements = statements


class LockHeldError(StewardError):
    """Another run holds the run lock."""

    exit_code = 3


class ReconciliationError(StewardError):
    """The plan and the outcomes do not match."""

    exit_code = 4


class RefusalError(StewardError):
    """An action may not act as things stand: what was due stays due, so that its fact does not hold."""

    outcome: ClassVar[str] = "failed"


class OutcomeException(Exception):  # noqa: N818 - not an error: how an item ends without having done its work
    """An item ended without doing its work, for a reason that is an outcome and not a fault."""

    outcome: ClassVar[str]

    def __init__(self, reason: str, **figures: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.figures = figures


class Planned(OutcomeException):
    """The run only shows what it would do."""

    outcome = "planned"


class Deferred(OutcomeException):
    """Not now: the window is over, or load or replication lag forbids it."""

    outcome = "deferred"


class Busy(OutcomeException):
    """A lock was not had within its budget."""

    outcome = "busy"


class Inconclusive(OutcomeException):
    """The facts do not suffice to decide; never counts as a pass."""

    outcome = "inconclusive"


class NotNeeded(OutcomeException):
    """Someone else has done it between plan and action."""

    outcome = "not needed"
