from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from steward import Busy, Deferred, NotNeeded, Planned
from steward.database import locks, session
from steward.engine.action import Action
from steward.engine.executor import Executor, Statement, ended_by_window, render
from steward.engine.operation import Examination, ExecutionResult, MaintenanceOperation
from steward.record import journal
from steward.record.plan import PlannedItem
from tests.fixtures.engine import active, events, waiting
from tests.fixtures.running import changed, until

BRIEF = {
    "access_exclusive": timedelta(milliseconds=60),
    "backoff_base": timedelta(milliseconds=10),
    "backoff_cap": timedelta(milliseconds=40),
    "budget": timedelta(milliseconds=900),
    "other": timedelta(milliseconds=100),
}
ITEM = PlannedItem(
    id="item",
    kind="action",
    name="fill",
    subject="public.scratch",
    why="too few rows",
    lane="public.scratch",
    phase="tables",
)
# Takes ACCESS EXCLUSIVE, in a transaction and out of one, and changes nothing that the tests look at.
LOCK = Statement(
    sql.SQL("alter table public.scratch alter column number set default 0").format(),
    "ACCESS EXCLUSIVE on public.scratch",
)


def add(number: int) -> Statement:
    text = sql.SQL("insert into public.scratch (number) values (%(number)s)").format()
    return Statement(text, "ROW EXCLUSIVE on public.scratch", {"number": number})


@dataclass(frozen=True)
class Rows:
    count: int


class Fill(MaintenanceOperation[str, Rows]):
    """Gives a scratch table three rows: real statements on a real table, and as small as work can be."""

    name = "fill"
    argument = "table"
    phase = "tables"
    heavy = False
    wanted = 3

    @classmethod
    def gather(cls, context):
        return []

    @classmethod
    def examine(cls, context):
        return Examination(1)

    def measure(self) -> Rows:
        row = self.executor.conn.execute("select count(*) as count from public.scratch").fetchone()
        return Rows(row["count"])

    def still_due(self) -> bool:
        return self.before.count < self.wanted

    def statements(self) -> tuple[Statement, ...]:
        return (add(7), replace(add(8), template=True))

    def execute(self) -> ExecutionResult[Rows]:
        for number in range(self.before.count, self.wanted):
            self.executor.execute(add(number), budget="brief")
        return ExecutionResult({"added": self.wanted - self.before.count})

    def threshold(self) -> object:
        return self.wanted


def running(text: str) -> type[Fill]:
    """Make an operation that runs one statement, whatever it does."""

    class Running(Fill):
        def execute(self) -> ExecutionResult[Rows]:
            self.executor.execute(Statement(sql.SQL(text).format()))
            return ExecutionResult({})

    return Running


@pytest.fixture
def scratch(database):
    """The database with an empty table that maintenance may write."""
    database.execute("create table public.scratch (number int)")
    database.execute("alter table public.scratch owner to validahub_owner")
    return database


@pytest.fixture
def work(scratch, make_work):
    """Work under brief budgets."""
    made = make_work(locks=BRIEF)
    made.heavy = False
    made.relations = (oid(scratch),)
    return made


@pytest.fixture
def act(scratch, maintaining, settings, tmp_path):
    """Make the action of an item; keys of the settings may be replaced."""

    def made(operation: type[MaintenanceOperation], **keys) -> Action:
        given = replace(changed(settings, locks=BRIEF), **keys)
        return Action(given, lambda: maintaining, {"fill": operation}, journal.Journal(tmp_path), ITEM, "r")

    return made


def oid(database) -> int:
    return database.execute("select 'public.scratch'::regclass::oid::bigint as it")[0]["it"]


def numbers(database) -> list[int]:
    return [row["number"] for row in database.execute("select number from public.scratch order by number")]


def intents(database) -> list[dict]:
    return database.execute("select * from steward.intent order by id")


@contextmanager
def holding(database, statement: str = "lock table public.scratch in access share mode"):
    """Another application's open transaction that holds a lock."""
    with database.connect(application_name="nightly report") as conn, conn.transaction():
        conn.execute(statement)
        yield conn


def test_lock_that_another_holds_throughout_makes_the_work_busy_within_its_budget(scratch, work):
    began = time.monotonic()
    with holding(scratch) as holder:
        pid = holder.info.backend_pid
        with pytest.raises(Busy) as caught:
            work.execute(LOCK, budget="brief")
    took = time.monotonic() - began

    assert re.fullmatch(
        rf"lock not had in \d+ attempts of 0\.06 s: pid {pid} "
        r"\(nightly report, idle in transaction\) holds AccessShareLock for 00:00:0\d "
        rf"\(to end it: select pg_terminate_backend\({pid}\)\)",
        caught.value.reason,
    )
    assert caught.value.figures["attempts"] > 2
    assert 0.4 < took < 2.5


FORCED = {**BRIEF, "access_exclusive": timedelta(milliseconds=700), "budget": timedelta(milliseconds=800)} | {
    "other": timedelta(seconds=10),
    "terminate_blockers": True,
}


@contextmanager
def stubborn(database):
    """A client without any right of maintenance that holds a lock until it is terminated; yields its pid."""
    database.execute("create role stubborn login")
    database.execute("grant validahub_owner to stubborn")
    conn = database.connect(user="stubborn", application_name="forgotten", autocommit=False)
    try:
        conn.execute("lock table public.scratch in access share mode")
        yield conn.info.backend_pid
    finally:
        conn.close()
        database.execute("drop role stubborn")


@pytest.fixture
def signalling(scratch):
    """The maintenance role may signal other sessions."""
    scratch.execute("grant pg_signal_backend to validahub_system")
    yield
    scratch.execute("revoke pg_signal_backend from validahub_system")


def alive(database, pid: int) -> bool:
    return bool(database.execute("select 1 from pg_catalog.pg_stat_activity where pid = %s", [pid]))


@pytest.mark.parametrize("budget", ["brief", "other"])
def test_blocker_is_terminated_where_the_profile_allows_it_and_the_work_is_done(
    scratch, make_work, tmp_path, signalling, budget
):
    limits = FORCED if budget == "brief" else {**FORCED, "other": timedelta(milliseconds=900)}
    work = make_work(locks=limits)
    work.heavy = False
    with stubborn(scratch) as pid:
        work.execute(LOCK, budget=budget)

        assert not alive(scratch, pid)
    [ended] = work.terminated
    [phase] = [event["phase"] for event in events(tmp_path, "progress")]

    assert {"pid", "application", "state", "age"} == set(ended)
    assert (pid, "forgotten", "idle in transaction") == (ended["pid"], ended["application"], ended["state"])
    assert re.fullmatch(rf"terminated pid {pid} \(forgotten, idle in transaction, for 00:00:\d\d\)", phase)


def test_nobody_is_terminated_unless_the_profile_says_so(scratch, make_work, signalling):
    work = make_work(locks={**FORCED, "terminate_blockers": False})
    work.heavy = False
    with stubborn(scratch) as pid:
        with pytest.raises(Busy):
            work.execute(LOCK, budget="brief")

        assert alive(scratch, pid)
    assert [] == work.terminated


def test_missing_right_to_terminate_is_told(scratch, make_work):
    work = make_work(locks=FORCED)
    work.heavy = False
    with stubborn(scratch) as pid:
        with pytest.raises(Busy, match=rf"not terminated: pid {pid}: .*grant pg_signal_backend to validahub_system"):
            work.execute(LOCK, budget="brief")

        assert alive(scratch, pid)


def test_superuser_is_never_terminated_by_a_role_that_is_none(scratch, make_work, signalling):
    work = make_work(locks=FORCED)
    work.heavy = False
    with holding(scratch) as holder:
        pid = holder.info.backend_pid
        with pytest.raises(Busy, match=rf"not terminated: pid {pid}: it is a superuser's"):
            work.execute(LOCK, budget="brief")

        assert alive(scratch, pid)


def test_maintenance_does_not_terminate_itself(scratch, make_work, settings, signalling):
    work = make_work(locks=FORCED)
    work.heavy = False
    with session.maintenance(scratch.target(), settings.profile) as other, other.transaction():
        other.execute("lock table public.scratch in access share mode")
        pid = other.info.backend_pid
        with pytest.raises(Busy, match=rf"not terminated: pid {pid}: it belongs to the maintenance itself"):
            work.execute(LOCK, budget="brief")

        assert alive(scratch, pid)


def test_prepared_transaction_in_the_way_is_told_and_stays(scratch, make_work, signalling):
    work = make_work(locks=FORCED)
    work.heavy = False
    work.relations = (oid(scratch),)
    with scratch.connect(autocommit=False) as conn:
        conn.execute("lock table public.scratch in access share mode")
        conn.execute("prepare transaction 'unfinished'")
    try:
        with pytest.raises(Busy, match=r"prepared transaction 'unfinished' .*; not terminated: a prepared transaction"):
            work.execute(LOCK, budget="brief")
    finally:
        scratch.execute("rollback prepared 'unfinished'")


def test_only_who_holds_the_lock_is_terminated_and_not_who_waits_for_it(scratch, make_work, signalling):
    work = make_work(locks=FORCED)
    work.heavy = False
    with stubborn(scratch) as pid, scratch.connect(application_name="waiter") as waiter:
        waiter.execute("set role validahub_owner")
        text = "alter table public.scratch alter column number drop default"
        thread = threading.Thread(target=lambda: waiter.execute(text))
        thread.start()
        until(lambda: waiting(scratch, waiter.info.backend_pid))
        work.execute(LOCK, budget="brief")
        thread.join()

    assert [pid] == [ended["pid"] for ended in work.terminated]


def test_record_and_log_tell_whom_an_action_terminated(scratch, act, settings, signalling):
    class Locking(Fill):
        def execute(self) -> ExecutionResult[Rows]:
            self.executor.execute(LOCK, budget="brief")
            return super().execute()

    action = act(Locking, profile=changed(settings, locks=FORCED).profile)
    with stubborn(scratch) as pid:
        outcome = action.run("fill", "public.scratch")
    [row] = scratch.execute("select details from public.maintenance_log where maintenance_type = 'fill'")

    assert [pid] == [ended["pid"] for ended in outcome.figures["terminated"]]
    assert [pid] == [ended["pid"] for ended in action.record["figures"]["terminated"]]
    assert [pid] == [ended["pid"] for ended in row["details"]["terminated"]]


def test_attempts_are_never_more_than_the_profile_allows(scratch, make_work, tmp_path):
    work = make_work(locks={**BRIEF, "attempts": 3, "budget": timedelta(minutes=5)})
    work.heavy = False
    with holding(scratch), pytest.raises(Busy, match="in 3 attempts of"):
        work.execute(LOCK, budget="brief")

    assert [event["attempts"] for event in events(tmp_path, "statement")] == [1, 2, 3]
    assert {event["error"][:5] for event in events(tmp_path, "statement")} == {"55P03"}


def test_attempt_gives_the_waiters_behind_it_their_turn(scratch, make_work):
    work = make_work(locks={**BRIEF, "budget": timedelta(seconds=3)})
    work.heavy = False
    longest = 0.0
    with holding(scratch):
        thread = threading.Thread(target=lambda: busy(work))
        thread.start()
        with scratch.connect() as reader:
            while thread.is_alive():
                began = time.monotonic()
                reader.execute("select count(*) from public.scratch")
                longest = max(longest, time.monotonic() - began)
        thread.join()

    assert longest < 1.0


def busy(work: Executor) -> None:
    with pytest.raises(Busy):
        work.execute(LOCK, budget="brief")


@pytest.mark.parametrize("budget", ["other", "drain"])
def test_long_waits_are_one_attempt(scratch, make_work, tmp_path, budget):
    work = make_work(locks={**BRIEF, "drain": timedelta(milliseconds=100)})
    with holding(scratch), pytest.raises(Busy, match=r"in one attempt of 0\.1 s: "):
        work.execute(LOCK, budget=budget)

    assert len(events(tmp_path, "statement")) == 1


def test_lock_that_is_released_in_between_is_had_and_the_attempts_are_told(scratch, make_work, tmp_path):
    work = make_work(locks={**BRIEF, "budget": timedelta(seconds=20)})
    work.heavy = False
    with holding(scratch):
        thread = threading.Thread(target=lambda: work.execute(LOCK, budget="brief"))
        thread.start()
        until(lambda: len(events(tmp_path, "statement")) >= 2)
    thread.join()
    journaled = events(tmp_path, "statement")

    assert [event["attempts"] for event in journaled] == list(range(1, len(journaled) + 1))
    assert journaled[-1]["error"] is None
    assert journaled[-1]["locks"] == "ACCESS EXCLUSIVE on public.scratch"


def test_block_is_rolled_back_as_a_whole_between_its_attempts(scratch, make_work, tmp_path):
    work = make_work(locks={**BRIEF, "budget": timedelta(seconds=20)})
    work.heavy = False

    def block() -> str:
        work.execute(add(1))
        work.execute(LOCK)
        work.execute(add(2))
        return "done"

    done = []
    with holding(scratch):
        thread = threading.Thread(target=lambda: done.append(work.attempt(block, budget="brief")))
        thread.start()
        until(lambda: len(events(tmp_path, "statement")) >= 6)
        seen = numbers(scratch)
    thread.join()
    last = events(tmp_path, "statement")[-1]

    assert done == ["done"]
    assert seen == []
    assert numbers(scratch) == [1, 2]
    assert last["attempts"] >= 3
    assert work.conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_block_that_is_never_had_leaves_nothing(scratch, work):
    def block() -> None:
        work.execute(add(1))
        work.execute(LOCK)

    with holding(scratch), pytest.raises(Busy):
        work.attempt(block, budget="brief")

    assert numbers(scratch) == []


def test_deadlock_is_an_attempt_that_failed(scratch, make_work, tmp_path):
    work = make_work(locks={**BRIEF, "access_exclusive": timedelta(seconds=20), "budget": timedelta(minutes=5)})
    work.heavy = False
    other = Statement(sql.SQL("select pg_catalog.pg_advisory_xact_lock(1)").format())
    thread = threading.Thread(
        target=lambda: work.attempt(lambda: (work.execute(LOCK), work.execute(other)), budget="brief")
    )
    with scratch.connect() as conn:
        # Only the acting session looks for a deadlock, and so it is the one that gives way.
        conn.execute("set deadlock_timeout = '1h'")
        with conn.transaction():
            conn.execute("select pg_catalog.pg_advisory_xact_lock(1)")
            thread.start()
            until(lambda: waiting(scratch, work.conn.info.backend_pid))
            conn.execute("lock table public.scratch in access share mode")
        thread.join()
    errors = [event["error"] for event in events(tmp_path, "statement")]

    assert any(error and error.startswith("40P01") for error in errors)
    assert errors[-2:] == [None, None]


def test_window_that_ends_while_a_lock_is_waited_for_defers(scratch, make_work):
    work = make_work(locks={**BRIEF, "budget": timedelta(minutes=5)})
    work.settings = replace(work.settings, deadline=datetime.now(UTC) + timedelta(milliseconds=400))
    work.heavy = False
    with holding(scratch), pytest.raises(Deferred, match=r"^the maintenance window ended"):
        work.execute(LOCK, budget="brief")


def test_statement_is_journaled_as_it_could_be_pasted(scratch, make_work, tmp_path):
    text = sql.SQL("select %(name)s::text, 10 %% 3, {column} from public.scratch").format(
        column=sql.Identifier("number")
    )
    make_work().execute(Statement(text, params={"name": "it's 100%"}))
    [event] = events(tmp_path, "statement")

    assert event["text"] == "select 'it''s 100%'::text, 10 % 3, \"number\" from public.scratch"
    assert event["item"] == "item"
    assert event["rows"] == 0
    assert event["seconds"] > 0
    scratch.execute(sql.SQL(event["text"]))


def test_progress_is_told_while_the_work_goes_on(make_work, tmp_path):
    make_work().progress(done=3, total=10)

    assert [(event["done"], event["total"]) for event in events(tmp_path, "progress")] == [(3, 10)]


def test_light_work_goes_on_whatever_the_load(maintaining, settings):
    loaded = changed(settings, load={"active_sessions": 1, "ignored_applications": ()})
    work = Executor(maintaining, loaded, "item")
    work.heavy = False

    work.require_may_continue()


def test_action_does_its_work_and_proves_it(scratch, act, tmp_path):
    action = act(Fill)
    outcome = action.run("fill", "public.scratch")

    assert (outcome.before, outcome.after) == (Rows(0), Rows(3))
    assert outcome.threshold == 3
    assert outcome.figures == {"added": 3}
    assert outcome.seconds > 0
    assert numbers(scratch) == [0, 1, 2]
    assert action.record == {"before": {"count": 0}, "after": {"count": 3}, "threshold": 3, "figures": {"added": 3}}


def test_intent_is_on_record_before_the_work_and_settled_after_it(scratch, act, tmp_path):
    act(Fill).run("fill", "public.scratch")
    [intent] = intents(scratch)
    kinds = [event["event"] for event in journal.read(tmp_path)]

    assert (intent["run_id"], intent["item_id"], intent["action"], intent["object"]) == (
        "r",
        "item",
        "fill",
        "public.scratch",
    )
    assert (intent["outcome"], intent["figures"]) == ("done", {"added": 3})
    assert "insert into public.scratch (number) values (7)" in intent["statement"]
    assert kinds == ["intent", "statement", "statement", "statement"]


def test_operation_has_a_completed_row_in_the_log(scratch, act):
    act(Fill).run("fill", "public.scratch")
    [row] = scratch.execute("select * from public.maintenance_log where maintenance_type = 'fill'")

    assert row["completed_at"] >= row["started_at"]
    assert row["details"]["object"] == "public.scratch"
    assert row["details"]["status"] == "done"
    assert row["details"]["added"] == 3


def test_work_whose_need_is_gone_is_not_done_twice(scratch, act):
    act(Fill).run("fill", "public.scratch")
    with pytest.raises(NotNeeded):
        act(Fill).run("fill", "public.scratch")

    assert numbers(scratch) == [0, 1, 2]
    assert len(intents(scratch)) == 1


def test_plan_shows_what_would_run_and_changes_nothing(scratch, act, tmp_path):
    action = act(Fill, mode="plan")
    with pytest.raises(Planned, match=r"^too few rows$"):
        action.run("fill", "public.scratch")
    journaled = events(tmp_path, "statement")

    assert [event["text"] for event in journaled] == [
        "insert into public.scratch (number) values (7)",
        "insert into public.scratch (number) values (8)",
    ]
    assert [event["template"] for event in journaled] == [False, True]
    assert {event["locks"] for event in journaled} == {"ROW EXCLUSIVE on public.scratch"}
    assert action.record == {"before": {"count": 0}}
    assert numbers(scratch) == []
    assert intents(scratch) == []
    for event in journaled:
        scratch.execute(sql.SQL(event["text"]))
    assert numbers(scratch) == [7, 8]


def test_statement_that_fails_settles_the_intent_and_keeps_its_sqlstate(scratch, act, tmp_path):
    action = act(running("select 1 / 0"))
    with pytest.raises(psycopg.errors.DivisionByZero) as caught:
        action.run("fill", "public.scratch")
    [intent] = intents(scratch)
    [event] = events(tmp_path, "statement")

    assert caught.value.sqlstate == "22012"
    assert (intent["outcome"], intent["figures"]) == ("error", {"error": "division by zero"})
    assert event["error"] == "22012: division by zero"
    assert action.record["before"] == {"count": 0}


def test_row_that_the_servers_detail_quotes_is_not_remembered(scratch, act):
    text = "do $$ begin raise exception 'no such thing' using detail = 'Key (cpf)=(123) is there', hint = 'x'; end $$"
    with pytest.raises(psycopg.errors.RaiseException):
        act(running(text)).run("fill", "public.scratch")
    [intent] = intents(scratch)

    assert intent["figures"] == {"error": "no such thing"}


def test_lost_connection_is_an_error_and_leaves_the_intent_open(scratch, act, tmp_path, maintaining):
    action = act(running("select pg_catalog.pg_sleep(60)"))
    pid = maintaining.info.backend_pid
    errors: list[BaseException] = []
    thread = threading.Thread(target=lambda: errors.append(raised(action)))
    thread.start()
    until(lambda: active(scratch, pid, "pg_sleep"))
    scratch.execute("select pg_catalog.pg_terminate_backend(%s)", [pid])
    thread.join()
    [intent] = intents(scratch)
    [event] = events(tmp_path, "statement")

    assert [type(error) for error in errors] == [psycopg.errors.AdminShutdown]
    assert (intent["settled_at"], intent["outcome"]) == (None, None)
    assert event["error"].startswith("57P01: ")
    assert event["text"] == "select pg_catalog.pg_sleep(60)"


def raised(action: Action) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what the test asks
        action.run("fill", "public.scratch")
    return caught.value


@pytest.mark.parametrize("text", ["select 1", "select 1 / 0"])
def test_lane_is_free_after_the_action_however_it_ended(scratch, act, settings, text):
    action = act(running(text))
    with suppress(psycopg.errors.DivisionByZero):
        action.run("fill", "public.scratch")
    with session.maintenance(scratch.target(), settings.profile) as other, locks.lane(other, "public.scratch"):
        pass


def test_lane_in_which_another_acts_is_busy_and_nothing_is_announced(scratch, act, settings, tmp_path):
    with (
        session.maintenance(scratch.target(), settings.profile) as other,
        locks.lane(other, "public.scratch"),
        pytest.raises(Busy),
    ):
        act(Fill).run("fill", "public.scratch")

    assert intents(scratch) == []
    assert list(journal.read(tmp_path)) == []


def test_busy_settles_the_intent_as_busy(scratch, act):
    with holding(scratch, "lock table public.scratch in share mode"), pytest.raises(Busy):
        act(Fill).run("fill", "public.scratch")
    [intent] = intents(scratch)

    assert intent["outcome"] == "busy"


def test_action_does_not_begin_after_the_window(scratch, act):
    with pytest.raises(Deferred):
        act(Fill, deadline=datetime.now(UTC)).run("fill", "public.scratch")

    assert intents(scratch) == []


def test_statement_that_the_supervisor_cancels_is_deferred_and_not_an_error(scratch, act, maintaining, tmp_path):
    stop = tmp_path / "stop"
    action = act(running("select pg_catalog.pg_sleep(60)"), stop=stop)
    errors: list[BaseException] = []
    thread = threading.Thread(target=lambda: errors.append(raised(action)))
    thread.start()
    until(lambda: active(scratch, maintaining.info.backend_pid, "pg_sleep"))
    stop.write_text("interrupted by SIGTERM")
    scratch.execute("select pg_catalog.pg_cancel_backend(%s)", [maintaining.info.backend_pid])
    thread.join()
    [intent] = intents(scratch)
    deferral = ended_by_window(action.settings, errors[0])

    assert isinstance(deferral, Deferred)
    assert deferral.reason == "cancelled while it ran: interrupted by SIGTERM"
    assert intent["outcome"] == "deferred"


def test_statement_that_took_too_long_is_an_error(scratch, act, settings):
    daily = settings.figures.model_copy(update={"statement_timeouts": {"fill": timedelta(milliseconds=50)}})
    profile = settings.profile.model_copy(update={"daily": daily})
    action = act(running("select pg_catalog.pg_sleep(60)"), profile=profile)
    with pytest.raises(psycopg.errors.QueryCanceled) as caught:
        action.run("fill", "public.scratch")

    assert ended_by_window(action.settings, caught.value) is None
    assert intents(scratch)[0]["outcome"] == "error"


def test_time_limit_of_one_action_is_not_left_to_the_next(scratch, act, settings, maintaining):
    daily = settings.figures.model_copy(update={"statement_timeouts": {"fill": timedelta(seconds=77)}})
    act(Fill, profile=settings.profile.model_copy(update={"daily": daily})).run("fill", "public.scratch")
    first = maintaining.execute("show statement_timeout").fetchone()["statement_timeout"]
    with pytest.raises(NotNeeded):
        act(Fill).run("fill", "public.scratch")
    second = maintaining.execute(
        "select setting::int as it from pg_catalog.pg_settings where name = 'statement_timeout'"
    )

    assert first == "77s"
    assert second.fetchone()["it"] == settings.figures.statement_timeout.total_seconds() * 1000


def test_rendered_statement_keeps_its_identifiers_whatever_they_are_called(scratch, maintaining):
    name = 'Odd "x" {y}'
    text = sql.SQL("select {name}.* from public.scratch as {name} where {name}.number = %(number)s").format(
        name=sql.Identifier(name)
    )
    shown = render(Statement(text, params={"number": 1}), maintaining)

    scratch.execute("insert into public.scratch values (1)")
    assert scratch.execute(shown) == [{"number": 1}]
