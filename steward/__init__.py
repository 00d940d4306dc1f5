"""Maintenance and verification of multi-tenant PostgreSQL: the engine under both kinds of item.

Every error that an operator can meet is a `StewardError`: one line that names the object, the cause and the remedy.
An item that ends without doing its work raises an `OutcomeException`.
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
    """An error that stops a run, as one line: ``object: cause; remedy``."""

    exit_code: ClassVar[int] = 2

    def __init__(self, object: str, cause: str, remedy: str) -> None:  # noqa: A002 - the field is called object everywhere
        super().__init__(object, cause, remedy)
        self.object = object
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return " ".join(f"{self.object}: {self.cause}; {self.remedy}".split())


class ProfileError(StewardError):
    """The profile cannot be read, or a value in it is not allowed."""


class TargetError(StewardError):
    """No database is named, it cannot be reached, or it must not be maintained."""


class QueryError(StewardError):
    """A statement file is missing or does not fit the server's version."""


class InventoryError(StewardError):
    """The catalog holds less than the profile expects."""


class PrerequisiteError(StewardError):
    """Something is missing in the database; ``statements`` would create it."""

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
    """An action must not act in the present state; what was due stays due, so the item fails."""

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
    """A lock was not acquired within its budget."""

    outcome = "busy"


class Inconclusive(OutcomeException):
    """The facts do not suffice for a decision; this never counts as a pass."""

    outcome = "inconclusive"


class NotNeeded(OutcomeException):
    """The work was done by somebody else between plan and action."""

    outcome = "not needed"
