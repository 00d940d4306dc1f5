"""The findings of a probe's matrix: its leaks, and what it could not prove."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from psycopg import sql

from steward import Inconclusive, NotNeeded
from steward.database import queries
from steward.engine.check import Finding
from steward.isolation.clone import clone
from steward.isolation.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steward.database.target import Target
    from steward.engine.check import Check
    from steward.isolation.probe.matrix import Attempt, AttemptMatrix

__all__ = ["findings", "reads", "writes"]

_UNPROVED = "not proved"
_ANY_PLAN = "all"
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_SHOWN = 5
_PLACES = 6


def reads(check: Check) -> list[Finding]:
    """Read as existing tenants, and return the findings that no exemption covers.

    Raises:
        Inconclusive: something could not be proved, and nothing leaks.

    """
    matrix = probe.run(_at(check), check.settings.profile, writes=False)
    return _judged(check, "isolation_probe_reads", matrix)


def writes(check: Check) -> list[Finding]:
    """Write as invented tenants where the profile allows it, and return the findings that no exemption covers.

    Raises:
        NotNeeded: the profile says that nothing is written.
        Inconclusive: something could not be proved, and nothing leaks.

    """
    profile = check.settings.profile
    if profile.isolation.writes == "never":
        raise NotNeeded('not judged: the profile says isolation.writes = "never"')
    if profile.isolation.writes == "live":
        matrix = probe.run(_at(check), profile, writes=True, live=True)
    else:
        with clone.make(_at(check), profile) as copy:
            matrix = probe.run(copy, profile, writes=True)
    return _judged(check, "isolation_probe_writes", matrix)


def _at(check: Check) -> Target:
    if check.at is None:
        raise Inconclusive("the check cannot connect as the application's roles; select a database")
    return check.at


def _judged(check: Check, name: str, matrix: AttemptMatrix) -> list[Finding]:
    check.show(matrix.render())
    found = list(findings(matrix))
    offenders = check.judge(name, [finding for finding in found if finding.object_type != _UNPROVED]).offenders
    # An exemption for what cannot be tried has a name of its own, which does not cover a leak there.
    gaps = check.judge("isolation_unproved", [finding for finding in found if finding.object_type == _UNPROVED])
    unproved = gaps.offenders
    if unproved and not offenders:
        more = f"; and {len(unproved) - _SHOWN} more" if len(unproved) > _SHOWN else ""
        shown = "; ".join(
            f"{finding.object_name}: {finding.observed}: {finding.detail}" for finding in unproved[:_SHOWN]
        )
        raise Inconclusive(f"{shown}{more}", **_counts(matrix))
    # A missing grant and the start of the session are not statements that were tried.
    if not matrix.leaks and not any(cell.plan != _ANY_PLAN for cell in matrix.isolated):
        cause = "nothing was proved to be isolated: the roles may do nothing with rows of tenants"
        raise Inconclusive(f"{cause}; name those that do in isolation.roles of the profile", **_counts(matrix))
    return [*offenders, *unproved]


def _counts(matrix: AttemptMatrix) -> dict[str, int]:
    return dict(Counter(cell.verdict for cell in matrix.cells))


def findings(matrix: AttemptMatrix) -> Iterable[Finding]:
    """Yield one finding for each relation and role with a leak, and for each reason why something is not proved."""
    leaks: dict[tuple[str, str], list[Attempt]] = {}
    for cell in matrix.leaks:
        leaks.setdefault((cell.relation, cell.role), []).append(cell)
    for (relation, role), cells in leaks.items():
        yield Finding(
            "role" if relation.startswith("(") else "relation",
            role if relation.startswith("(") else relation,
            f"{len(cells)} tries as {role} reach rows of another tenant",
            "none",
            _places(cells),
            _remedy(relation, role, cells),
        )
    gaps: dict[tuple[str, str, str], list[Attempt]] = {}
    for cell in matrix.inconclusive:
        gaps.setdefault((cell.relation, cell.role, cell.reason), []).append(cell)
    for (relation, role, reason), cells in gaps.items():
        commands = ", ".join(dict.fromkeys(cell.command for cell in cells))
        yield Finding(
            _UNPROVED,
            role if relation.startswith("(") else relation,
            f"{len(cells)} tries as {role} prove nothing ({commands})",
            "isolated",
            reason,
            "make it possible to try, or exempt it with a reason, an owner and a date",
        )


def _places(cells: Sequence[Attempt]) -> str:
    """Return the commands, states and plans by which rows were reached."""
    by_way: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        by_way.setdefault((cell.command, cell.reason), []).append(f"{cell.state}/{cell.plan}")
    texts = [f"{command} in {', '.join(places[:_PLACES])}: {reason}" for (command, reason), places in by_way.items()]
    return "; ".join(texts)


def _remedy(relation: str, role: str, cells: Sequence[Attempt]) -> str:
    """Return a statement that closes the leak at once; the catalog checks report its cause."""
    chain = [_ident(name) for name in role.split(" → ")]
    if len(chain) > 1:
        return f"revoke {chain[-1]} from {chain[-2]};"
    if any(cell.command == "rollback" for cell in cells):
        return "find what commits by itself: autonomous transactions, dblink, an extension"
    if relation.startswith("("):
        bound = queries.compose("isolation/probe/session/bind_role", role=sql.SQL(chain[0])).as_string(None)
        return f"{bound}; isolation_settings and isolation_roles report a default and the rights of an owner"
    if cells[0].command in {"key", "refer"}:
        return "let the constraint hold the tenant column: the check isolation_keys has the statements"
    if any(cell.command == "call" for cell in cells):
        return f"revoke execute on function {relation} from {chain[0]}, public;"
    return f"revoke all on {relation} from {chain[0]}, public;"


def _ident(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else sql.Identifier(name).as_string(None)
