"""Random walks through sessions that tenants share: Hypothesis chooses the steps and finds the shortest leak."""

from __future__ import annotations

import math
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, seed
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from steward import Inconclusive
from steward.engine.check import Finding
from steward.isolation.walks.pooled_session import LeakError, PooledSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from steward.isolation.probe.surface import TenantRelation
    from steward.isolation.walks.walk_database import AllowedWrite, WalkDatabase

__all__ = ["SEED", "WalkResult", "chosen_seed", "findings", "run_walks"]

T = TypeVar("T")

# The environment variable with a seed, which repeats a walk.
SEED = "STEWARD_SEED"
_STEPS = 40
_SHORTEN = 20.0  # seconds
_SESSIONS = 2  # of each role: what one does while the other is in the middle of something
_FIRST = ("A", "B")
_NOBODY = ("", "%", "steward_nobody")


@dataclass(frozen=True)
class WalkResult:
    """The result of all walks: the shortest one that leaked, if any, and the counts of what was seen."""

    seed: int
    examples: int
    counts: Mapping[str, int]
    leak: LeakError | None

    def render(self) -> str:
        """Return the result as text, with the seed that repeats the walks."""
        lines = [f"{self.examples} walks of up to {_STEPS} steps; {SEED}={self.seed} repeats them."]
        lines += [f"{count} {what}" for what, count in sorted(self.counts.items())]
        if self.leak:
            lines += [
                "",
                f"Leak: {self.leak}",
                *(f"{number}. {step}" for number, step in enumerate(self.leak.steps, 1)),
            ]
        return "\n".join(lines)


class _ShrinkTimeout(BaseException):
    """The time for shrinking a walk is over."""


@dataclass
class _ShortestLeak:
    """The shortest walk so far that leaked; after the first one there is some time to find shorter ones."""

    shortest: LeakError | None = None
    until: float = math.inf

    def go_on(self) -> None:
        if time.monotonic() > self.until:
            raise _ShrinkTimeout

    def keep(self, leak: LeakError) -> LeakError:
        """Keep a leak where its walk is the shortest, and return it."""
        self.until = min(self.until, time.monotonic() + _SHORTEN)
        if self.shortest is None or len(leak.steps) < len(self.shortest.steps):
            self.shortest = leak
        return leak


def _of(choices: Callable[[WalkDatabase], Sequence[T]]) -> st.SearchStrategy[T]:
    """Draw from what the database of the running machine has."""
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine.database)))


_WHO = _of(lambda database: range(len(database.roles) * _SESSIONS))
_TENANT = _of(lambda database: sorted(database.values))
_PAIR = _of(lambda database: list(permutations(sorted(database.values), 2)))
_TABLE = _of(lambda database: database.written)
_RELATION = st.one_of(_TABLE, _of(lambda database: database.read))
_TURN = _of(lambda database: database.allowed_writes or (None,))


class PoolWalk(RuleBasedStateMachine):
    """Sessions of a pool, each of which serves any tenant; ``database`` is a copy."""

    database: ClassVar[WalkDatabase]
    leaks: ClassVar[_ShortestLeak]

    def __init__(self) -> None:
        super().__init__()
        self.leaks.go_on()
        self.pool: dict[int, PooledSession] = {}
        self.path: list[str] = []

    def _of(self, who: int) -> PooledSession:
        """Return a session, connected when it is first used."""
        if who not in self.pool:
            self.pool[who] = PooledSession(self.database, self.database.roles[who // _SESSIONS])
        return self.pool[who]

    def _step(self, who: int, what: str, do: Callable[[PooledSession], None]) -> None:
        pooled = self._of(who)
        self.path.append(f"session {who + 1} ({pooled.role}) {what}")
        try:
            do(pooled)
        except LeakError as leak:
            raise self.leaks.keep(LeakError(leak.relation, leak.observed, self.path)) from None

    @rule(who=_WHO, tenants=_PAIR, relation=_TABLE)
    def is_handed_on(self, who: int, tenants: tuple[str, str], relation: TenantRelation) -> None:
        """Serve one tenant after another as a pool does: one transaction for each, which sets the tenant."""
        for tenant in tenants:
            self.ends(who, commit=True)
            self.enters(who, tenant, local=True)
            self.reads(who, relation, kept=True)
            self.ends(who, commit=True)

    @rule(who=_WHO, tenant=_TENANT, local=st.booleans())
    def enters(self, who: int, tenant: str, *, local: bool) -> None:
        """Set the tenant."""
        until = "for its transaction" if local else "until told otherwise"
        value = self.database.values[tenant]
        self._step(who, f"enters {tenant} {until}", lambda pooled: pooled.enter(value, local=local))

    @rule(who=_WHO, nobody=st.sampled_from(_NOBODY))
    def leaves(self, who: int, nobody: str) -> None:
        """Set a value that is no tenant."""
        self._step(who, f"enters {nobody!r}", lambda pooled: pooled.enter(nobody, local=False))

    @rule(who=_WHO)
    def resets(self, who: int) -> None:
        """Leave the setting empty."""
        self._step(who, "resets the setting", PooledSession.reset)

    @rule(who=_WHO)
    def saves(self, who: int) -> None:
        """Set a savepoint."""
        self._step(who, "sets a savepoint", PooledSession.save)

    @rule(who=_WHO)
    def goes_back(self, who: int) -> None:
        """Roll back to the last savepoint."""
        if self._of(who).saved:
            self._step(who, "goes back to its savepoint", PooledSession.back)

    @rule(who=_WHO, commit=st.booleans())
    def ends(self, who: int, *, commit: bool) -> None:
        """End the transaction."""
        if not self._of(who).idle:
            what = "commits" if commit else "rolls back"
            self._step(who, what, lambda pooled: pooled.end(commit=commit))

    @rule(who=_WHO)
    def is_discarded(self, who: int) -> None:
        """Return to the pool, and serve the next client."""
        self._step(who, "is discarded and taken anew", PooledSession.discard)

    @rule(who=_WHO)
    def connects(self, who: int) -> None:
        """Connect anew: the session has never set a tenant."""
        self._step(who, "connects anew", PooledSession.close)
        del self.pool[who]

    @rule(who=_WHO, relation=_RELATION, kept=st.booleans())
    def reads(self, who: int, relation: TenantRelation, *, kept: bool) -> None:
        """Read a relation."""
        plan = "by a kept plan" if kept else "anew"
        self._step(who, f"reads {relation.ident} {plan}", lambda pooled: pooled.read(relation, kept=kept))

    @rule(second=st.integers(0, _SESSIONS - 1), turn=_TURN, inside=st.none() | _TENANT, tenant=_TENANT)
    def writes(self, second: int, turn: AllowedWrite | None, inside: str | None, tenant: str) -> None:
        """Insert somebody's row, give rows to somebody, or update or delete without a condition."""
        if turn is not None:
            who = self.database.roles.index(turn.role) * _SESSIONS + second
            if inside is not None:
                self.enters(who, inside, local=True)
            step = {
                "insert": f"inserts a row of {tenant} into {turn.relation.ident}",
                "update": f"updates all of {turn.relation.ident}",
                "move": f"gives all of {turn.relation.ident} to {tenant}",
                "delete": f"deletes all of {turn.relation.ident}",
            }[turn.command]
            value = self.database.values[tenant]
            self._step(who, step, lambda pooled: pooled.write(turn, value))

    def teardown(self) -> None:
        """Close all sessions."""
        for pooled in self.pool.values():
            pooled.close()


def chosen_seed(environ: Mapping[str, str]) -> int:
    """Return the seed that the environment names, else a new one."""
    with suppress(ValueError):
        return int(environ[SEED]) if SEED in environ else secrets.randbelow(2**32)
    raise Inconclusive(f"{SEED} is no number; set it to the one of a record, or unset it")


def run_walks(database: WalkDatabase, count: int, number: int) -> WalkResult:
    """Run ``count`` walks from the seed ``number``; the first that leaks is shrunk while it still leaks.

    Raises:
        Inconclusive: no walk saw a row of its own tenant, so that seeing none of others proves nothing.

    """
    led = examples(
        max_examples=count,
        stateful_step_count=_STEPS,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    leaks = _ShortestLeak()
    _hand_on(database, leaks)
    try:
        run_state_machine_as_test(
            seed(number)(type("Walks", (PoolWalk,), {"database": database, "leaks": leaks})), settings=led
        )
    except (LeakError, _ShrinkTimeout, HypothesisException):
        # An error of Hypothesis, such as a leak that could not be repeated, does not undo the leak.
        if leaks.shortest is None:
            raise
    if leaks.shortest is None and not database.counts.get("reads of the tenant's own rows"):
        raise Inconclusive(
            f"no walk saw a row of its own tenant ({database.counts}); grant select to the roles that are tried"
        )
    return WalkResult(number, count, dict(database.counts), leaks.shortest)


def _hand_on(database: WalkDatabase, leaks: _ShortestLeak) -> None:
    """Run, for any seed, the walk of every pool: one session of a role reads a relation for tenant after tenant."""
    walks = type("First", (PoolWalk,), {"database": database, "leaks": leaks})
    for number in range(len(database.roles)):
        for relation in (*database.written, *(table for table in database.read if table not in database.written)):
            first = walks()
            try:
                first.is_handed_on(number * _SESSIONS, _FIRST, relation)
            except LeakError:
                return
            finally:
                first.teardown()


def findings(result: WalkResult) -> Iterable[Finding]:
    """Return the leak with the walk that led to it."""
    if result.leak:
        steps = "; ".join(f"{number}. {step}" for number, step in enumerate(result.leak.steps, 1))
        yield Finding(
            object_type="relation",
            object_name=result.leak.relation,
            observed=result.leak.observed,
            expected="only rows of the tenant that the session's setting names",
            detail=f"{steps} ({SEED}={result.seed} repeats the walk)",
            remediation="mend the policies that the other isolation checks name here, then repeat the walk",
        )
