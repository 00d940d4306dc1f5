"""The check: an item that runs one query for all objects. Each row that it returns is an object without the fact."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.rows import class_row

from steward import Inconclusive, NotNeeded
from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from psycopg import sql

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.database.target import Target
    from steward.engine.executor import RunSettings
    from steward.profile import Exemption

__all__ = ["Check", "Finding", "Findings", "PhaseCache", "as_records", "summary"]

_SHOWN = 3
_Value = TypeVar("_Value")
# Values that the checks of one phase share in one process, each with the statements that read it.
PhaseCache = dict["Hashable", tuple[Any, tuple[dict[str, Any], ...]]]


@dataclass(frozen=True)
class Finding:
    """One offender: what it is, what was seen, what should be, and what to do about it; all text, no row data."""

    object_type: str
    object_name: str
    observed: str
    expected: str
    detail: str
    remediation: str
    exempt: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Findings:
    """What one query of a check found; the exempt ones are kept for the record."""

    found: tuple[Finding, ...]

    @property
    def offenders(self) -> list[Finding]:
        """The findings that nothing excuses."""
        return [finding for finding in self.found if finding.exempt is None]


class Check:
    """The ``check`` fixture of one item: runs queries on a read-only session and keeps what they found.

    ``at`` is for checks that must connect as others do; None where they cannot. ``cache`` holds what the checks of a
    phase share.
    """

    def __init__(
        self,
        settings: RunSettings,
        connect: Callable[[], Session],
        scan: Scan,
        at: Target | None = None,
        cache: PhaseCache | None = None,
    ) -> None:
        self.settings = settings
        self.scan = scan
        self.at = at
        self.found: list[Finding] = []
        self.statements: list[dict[str, Any]] = []
        self.evidence: list[str] = []
        self._connect = connect
        self._cache: PhaseCache = {} if cache is None else cache
        self._used: set[Hashable] = set()

    @property
    def offenders(self) -> list[Finding]:
        """All findings of the item so far that nothing excuses."""
        return Findings(tuple(self.found)).offenders

    @property
    def conn(self) -> Session:
        """The read-only session of the queries, for checks whose parts depend on what stands in the database."""
        return self._connect()

    def parts(self, **names: str) -> dict[str, sql.Composable]:
        """Return the statements called ``names`` for the placeholders of a query that they are composed with."""
        version = self.conn.info.server_version
        return {placeholder: queries.compose(name, version) for placeholder, name in names.items()}

    def run(self, name: str, parts: Mapping[str, sql.Composable] | None = None, **params: object) -> Findings:
        """Run ``sql/checks/<name>.sql`` with bound ``params`` and composed ``parts``, and return its findings.

        Raises:
            Inconclusive: the query says that it cannot decide (a row of object type ``inconclusive``).
            NotNeeded: it says that there is nothing to judge yet, and found nothing (``not judged``).
            psycopg.Error: the server refused the statement.

        """
        conn = self._connect()
        statement = queries.compose(f"checks/{name}", conn.info.server_version, **(parts or {}))
        started = datetime.now(UTC)
        with conn.cursor(row_factory=class_row(Finding)) as cursor:
            rows = cursor.execute(statement, params).fetchall()
        seconds = (datetime.now(UTC) - started).total_seconds()
        text = psycopg.ClientCursor(conn).mogrify(queries.redacted(statement), params)
        self.note(f"-- sql/checks/{name}.sql\n{text}", seconds, len(rows))
        return self.judge(name, rows)

    def shared(self, key: Hashable, read: Callable[[], _Value]) -> _Value:
        """Return the value that ``read`` returns, which is read once for all checks that share a cache.

        The statements that ``read`` notes are recorded for every check that uses the value, once each. ``read`` does
        not call this method: a value that it depends on is read before. An error is not kept.
        """
        if key not in self._cache:
            before = len(self.statements)
            value = read()
            self._cache[key] = value, tuple(self.statements[before:])
        elif key not in self._used:
            self.statements.extend(self._cache[key][1])
        self._used.add(key)
        found: _Value = self._cache[key][0]
        return found

    def note(self, text: str, seconds: float, rows: int) -> None:
        """Keep a statement for the record: its text, how long it took and how many rows it gave."""
        self.statements.append({"text": text, "seconds": seconds, "rows": rows, "attempts": 1})

    def show(self, text: str) -> None:
        """Keep for the record, and for its reader, what was tried and how it ended; Markdown, without row data."""
        self.evidence.append(text)

    def judge(self, name: str, rows: Iterable[Finding]) -> Findings:
        """Keep what was found, excused where an exemption for the query ``name`` covers it.

        Raises:
            Inconclusive: a row of object type ``inconclusive``.
            NotNeeded: a row ``not judged``, and nothing was found.

        """
        rows = list(rows)
        undecided = [row for row in rows if row.object_type == "inconclusive"]
        unjudged = [row for row in rows if row.object_type == "not judged"]
        decided = [row for row in rows if row not in undecided and row not in unjudged]
        found = tuple(_excused(name, decided, self.settings.profile.exemptions))
        self.found.extend(found)
        if undecided:
            raise Inconclusive("; ".join(f"{row.object_name}: {row.detail} ({row.remediation})" for row in undecided))
        if unjudged and not found:
            raise NotNeeded("; ".join(f"not judged: {row.detail}" for row in unjudged))
        return Findings(found)


def _excused(name: str, rows: Iterable[Finding], exemptions: Iterable[Exemption]) -> Iterable[Finding]:
    """Mark the findings that the profile excuses; an exemption past its date excuses nothing and says so."""
    today = datetime.now(UTC).date()
    for row in rows:
        covering = [exemption for exemption in exemptions if _covers(exemption, name, row)]
        excuse = max(covering, key=lambda exemption: exemption.expires, default=None)
        if excuse is None:
            yield row
        elif excuse.expires < today:
            yield replace(row, detail=f"{row.detail}; its exemption expired on {excuse.expires} (owner {excuse.owner})")
        else:
            facts = {"reason": excuse.reason, "owner": excuse.owner, "expires": excuse.expires.isoformat()}
            yield replace(row, exempt=facts)


def _covers(exemption: Exemption, name: str, row: Finding) -> bool:
    """Return whether an exemption names the query, or its check, and the object (a glob)."""
    check = name == exemption.check or name.startswith(f"{exemption.check}_")
    return check and fnmatchcase(row.object_name, exemption.object)


def summary(offenders: list[Finding]) -> str:
    """Return in one line what was found: the first offenders with observed and expected, and how many more."""
    shown = "; ".join(f"{row.object_name}: {row.observed}, expected {row.expected}" for row in offenders[:_SHOWN])
    more = len(offenders) - _SHOWN
    return f"{shown}; and {more} more" if more > 0 else shown


def as_records(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as the record has them."""
    return [asdict(finding) for finding in found]
