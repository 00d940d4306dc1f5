"""The verdict of an attempt: isolated only if it works for the tenant itself and not for another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from steward.isolation.probe.matrix import Verdict

__all__ = ["StatementResult", "judge_read", "judge_refusal", "judge_write"]

_DENIED = "42501"
# The source functions by which a policy and a missing grant differ, whatever the server's language.
_POLICY = "ExecWithCheckOptions"
_GRANT = "aclcheck_error"
# Errors that reject the statement's own row, and show nothing of its tenant.
_OWN_FAULT = {"23502": "not null", "23503": "foreign key", "23505": "unique", "23514": "check", "23P01": "exclusion"}
# The source function of RAISE, with any SQLSTATE.
_RAISE = "exec_stmt_raise"
# A setting without a tenant may cause an error: it cannot be cast, is not known, or a function refuses it.
_UNREADABLE = ("22", "42704", "P0")
# With these errors the statement did not finish: resources, limits, locks, timeouts, the server itself.
_CUT = ("40", "53", "54", "55P", "57", "58", "XX")
_OPTION = "44000"
_RULED = "42501 of row-level security"


@dataclass(frozen=True)
class StatementResult:
    """The result of one statement: the rows that were returned or written, or the error that refused it."""

    rows: tuple[dict[str, Any], ...] = ()
    count: int = 0
    error: psycopg.Error | None = None
    message: str = field(default="", repr=False)

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
        """Whether the server ended the statement early, so that what it would have reached is not known."""
        return self.sqlstate.startswith(_CUT)

    @property
    def description(self) -> str:
        """The error with the server's message, where that cannot name a tenant."""
        return f"{self.sqlstate}: {'a function raised it' if self.raised else self.message}"


def judge_refusal(outcome: StatementResult, *, known: bool, control: bool) -> tuple[Verdict, str]:
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
    return "inconclusive", outcome.description


def _shut(outcome: StatementResult) -> str:
    """Return how the server kept the role from a row: policy, grant or check option; empty for another error."""
    if outcome.policy:
        return _RULED
    if outcome.grant:
        return "42501 of a missing grant"
    return f"{_OPTION} of a view's check option" if outcome.sqlstate == _OPTION else ""


def judge_read(own: str, found: dict[str, bool], *, control: str) -> tuple[Verdict, str]:
    """Judge a read: ``found`` by the tenants' letters; ``control`` says why zero rows would prove nothing."""
    others = [label for label, is_seen in found.items() if is_seen and label != own]
    if others:
        return "leak", f"rows of {', '.join(others)} are seen"
    if control:
        return "inconclusive", f"zero rows prove nothing: {control}"
    return "isolated", "zero rows of others, while the tenant's own are seen"


def judge_write(outcome: StatementResult, *, allowed: int, control: str) -> tuple[Verdict, str]:
    """Judge a write by the number of rows that it reached, of which the tenant's own are ``allowed``."""
    if outcome.count > allowed:
        return "leak", f"{outcome.count - allowed} rows that are not the tenant's were written"
    if control:
        return "inconclusive", f"zero rows prove nothing: {control}"
    return "isolated", "zero rows of others, while the tenant's own were written"
