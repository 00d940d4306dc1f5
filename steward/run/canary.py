"""A client that reads the application's tables during a run, and measures how long maintenance delays it."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from steward import PrerequisiteError, TargetError
from steward.database import queries, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.database.target import Target
    from steward.profile import Profile

__all__ = ["Canary"]

# Leaves of a month and more: those that the application reads and that daily maintenance touches.
_RECENT = timedelta(days=31)
_ALL: sql.Composable = sql.Literal(True)  # noqa: FBT003 - psycopg takes it by position


@dataclass(frozen=True)
class _Read:
    """One statement to repeat, and the table that it reads."""

    ident: str
    statement: sql.Composed


@dataclass
class _Stalls:
    """The durations of the reads in milliseconds, and the slowest of them."""

    taken: list[float] = field(default_factory=list)
    errors: int = 0
    slowest: float = 0.0
    slowest_at: str | None = None
    relation: str | None = None

    def add(self, ident: str, milliseconds: float) -> None:
        self.taken.append(milliseconds)
        if milliseconds > self.slowest:
            self.slowest = milliseconds
            self.slowest_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self.relation = ident

    def at(self, share: float) -> float | None:
        """Return the nearest-rank percentile."""
        ordered = sorted(self.taken)
        return round(ordered[math.ceil(share * len(ordered)) - 1], 3) if ordered else None


class Canary:
    """Reads as the application does, in its own thread; its errors are counted and never fail the run."""

    def __init__(self, target: Target, profile: Profile) -> None:
        self._target = target
        self._profile = profile
        self._stalls = _Stalls()
        self._reason: str | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read; without canary tables in the profile it does nothing."""
        if self._profile.canary.tables:
            self._thread = threading.Thread(target=self._run, name="canary", daemon=True)
            self._thread.start()

    def stop(self) -> dict[str, Any] | None:
        """End it within the profile's timeout; return its figures, None when it never began. May be called again."""
        if self._thread is None:
            return None
        self._stop.set()
        self._thread.join(self._profile.canary.timeout.total_seconds() + 1)
        return self._figures()

    def _figures(self) -> dict[str, Any]:
        stalls = self._stalls
        return {
            "reads": len(stalls.taken),
            "errors": stalls.errors,
            "p50_ms": stalls.at(0.5),
            "p95_ms": stalls.at(0.95),
            "p99_ms": stalls.at(0.99),
            "max_ms": stalls.at(1),
            "slowest_at": stalls.slowest_at,
            "relation": stalls.relation,
            "reason": self._reason,
        }

    def _run(self) -> None:
        """Read until ``stop``; connect again when the connection is lost."""
        interval = self._profile.canary.interval.total_seconds()
        while not self._stop.is_set():
            try:
                tenants = self._tenants()
                with session.probe(self._target, self._profile, self._role) as conn:
                    self._repeat(conn, tenants, interval)
            except PrerequisiteError as error:
                self._reason = str(error)
                return
            except (TargetError, psycopg.Error) as error:
                # The run itself reports a server that stays away; one that comes back is read again.
                self._reason = _line(error)
                self._stalls.errors += 1
                self._stop.wait(interval)

    @property
    def _role(self) -> str:
        roles = self._profile.roles
        return roles.application or roles.maintenance

    def _tenants(self) -> Sequence[str]:
        """Return tenants to read as; the application's role itself cannot list them."""
        tenancy = self._profile.tenancy
        if not tenancy.tables:
            return ("",)
        with session.observer(self._target, self._profile) as conn:
            table = queries.fetch(conn, "canary/tables", {"tables": list(tenancy.tables[:1])})
            if not table:
                return ("",)
            relation = sql.Identifier(table[0]["schema"], table[0]["name"])
            rows = queries.fetch(conn, "canary/reads/tenants", column=sql.Identifier(tenancy.column), relation=relation)
        return [row["tenant"] for row in rows] or ("",)

    def _repeat(self, conn: session.Session, tenants: Sequence[str], interval: float) -> None:
        reads = self._reads(conn)
        if not reads:
            self._reason = (
                f"role {self._role or conn.info.user} may read none of {', '.join(self._profile.canary.tables)}"
            )
            self._stop.set()
        for read, tenant in zip(cycle(reads), cycle(tenants), strict=False):
            if self._stop.is_set():
                return
            self._read(conn, read, tenant)
            self._stop.wait(interval)

    def _reads(self, conn: session.Session) -> list[_Read]:
        tables = queries.fetch(conn, "canary/tables", {"tables": list(self._profile.canary.tables)})
        conn.commit()
        return [_Read(table["ident"], self._statement(table)) for table in tables]

    def _statement(self, table: dict[str, Any]) -> sql.Composed:
        tenancy = self._profile.tenancy
        of_tenant = recent = _ALL
        if table["ident"] in tenancy.tables:
            of_tenant = queries.compose("canary/reads/of_tenant", column=sql.Identifier(tenancy.column))
        if table["clock"]:
            recent = queries.compose("canary/reads/recent", clock=sql.Identifier(table["clock"]))
        relation = sql.Identifier(table["schema"], table["name"])
        return queries.compose("canary/reads/read", relation=relation, of_tenant=of_tenant, recent=recent)

    def _read(self, conn: session.Session, read: _Read, tenant: str) -> None:
        """Read once in a transaction; a read that is refused or times out counts with its duration, and as an error."""
        began = time.monotonic()
        since = datetime.now(UTC) - _RECENT
        try:
            with conn.transaction():
                if self._profile.tenancy.setting:
                    context = {"setting": self._profile.tenancy.setting, "tenant": tenant}
                    queries.execute(conn, "canary/reads/set_tenant", context)
                # Text, so that the server takes the column's own type for it and prunes while it plans.
                conn.execute(read.statement, {"tenant": tenant, "since": since.isoformat()}, prepare=False)
        except psycopg.Error as error:
            self._stalls.errors += 1
            self._reason = _line(error)
            if conn.closed:
                raise
        finally:
            self._stalls.add(read.ident, (time.monotonic() - began) * 1000)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
