"""How each try is judged: only what was shown to work for the tenant itself, and not for another one, is isolated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from steward.isolation.probe.matrix import Verdict

__all__ = ["StatementResult", "refused", "seen", "written"]

_DENIED = "42501"
# Where the server tells a policy from a missing grant, in whatever language it speaks.
_POLICY = "ExecWithCheckOptions"
_GRANT = "aclcheck_error"
# What says of the statement's own row that it was bad, and nothing of whose it is.
_OWN_FAULT = {"23502": "not null", "23503": "foreign key", "23505": "unique", "23514": "check", "23P01": "exclusion"}
# What a function raises, with whatever SQLSTATE.
_RAISE = "exec_stmt_raise"
# A setting that names no tenant may end in an error: one that cannot be read, is not known, or that a function refuses.
_UNREADABLE = ("22", "42704", "P0")
# Of these the statement came to no end of its own: resources, limits, locks, timeouts, the server itself.
_CUT = ("40", "53", "54", "55P", "57", "58", "XX")
_OPTION = "44000"
_RULED = "42501 of row-level security"


@dataclass(frozen=True)
class StatementResult:
    """What the server did with one statement: rows that came or were written, or the error that refused it."""

    rows: tuple[dict[str, Any], ...] = ()
    count: int = 0
    error: psycopg.Error | None = None
    said: str = field(default="", repr=False)

    @property
    def sqlstate(self) -> str:
        """The error's SQLSTATE; empty without an error."""
        return (self.error.sqlstate or "XX000") if self.error is not None else ""

    @property
    def policy(self) -> bool:
        """Whether a policy refused a row."""
        return self.sqlstate == _DENIED and self.error is not None and self.error.diag.source_function == _POLICY

    @property
    def grant(self) -> bool:
        """Whether the role lacks a privilege."""
        return self.sqlstate == _DENIED and self.error is not None and self.error.diag.source_function == _GRANT

    @property
    def raised(self) -> bool:
        """Whether a function raised the error; its words may name a tenant."""
        raised = self.error is not None and self.error.diag.source_function == _RAISE
        return raised or self.sqlstate.startswith("P0")

    @property
    def unfinished(self) -> bool:
        """Whether the server gave the statement up, so that what it would have reached is not known."""
        return self.sqlstate.startswith(_CUT)

    @property
    def told(self) -> str:
        """The error with what the server said of it, as far as that can name no tenant."""
        return f"{self.sqlstate}: {'a function raised it' if self.raised else self.said}"


def refused(outcome: StatementResult, *, known: bool, control: bool) -> tuple[Verdict, str]:
    """Judge a statement that ended in an error; ``known``: the setting names a tenant that exists."""
    if shut := _shut(outcome):
        return "isolated", shut
    state = outcome.sqlstate
    if state in _OWN_FAULT:
        return "inconclusive", f"{state}: the {_OWN_FAULT[state]} rule refused the row, which says nothing of policies"
    if (outcome.raised or state.startswith(_UNREADABLE)) and not known:
        if control:
            return "isolated", f"{state}: an error and no row"
        return "inconclusive", f"{state}, and the same statement was not seen to work for the tenant itself"
    return "inconclusive", outcome.told


def _shut(outcome: StatementResult) -> str:
    """Say by what the server kept the role from a row; empty where it was something else."""
    if outcome.policy:
        return _RULED
    if outcome.grant:
        return "42501 of a missing grant"
    return f"{_OPTION} of a view's check option" if outcome.sqlstate == _OPTION else ""


def seen(own: str, found: dict[str, bool], *, control: str) -> tuple[Verdict, str]:
    """Judge what a read saw: ``found`` by the tenants' letters; ``control`` is why zero rows would prove nothing."""
    others = [label for label, is_seen in found.items() if is_seen and label != own]
    if others:
        return "leak", f"rows of {', '.join(others)} are seen"
    if control:
        return "inconclusive", f"zero rows prove nothing: {control}"
    return "isolated", "zero rows of others, while the tenant's own are seen"


def written(outcome: StatementResult, *, allowed: int, control: str) -> tuple[Verdict, str]:
    """Judge how many rows a write reached, of which the tenant's own are ``allowed``."""
    if outcome.count > allowed:
        return "leak", f"{outcome.count - allowed} rows that are not the tenant's were written"
    if control:
        return "inconclusive", f"zero rows prove nothing: {control}"
    return "isolated", "zero rows of others, while the tenant's own were written"
