from __future__ import annotations

import statistics
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from maintenance.test_partitions import test_partitions as runbook
from steward import Busy, NotNeeded, Planned, StewardError
from steward.profile import PartitionFamily
from tests.fixtures.running import changed, open_transaction, until
from tests.fixtures.trees import days, plant, shape

NOW = datetime.now(UTC)
MONTH = (NOW.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
HOSTILE = 'Ev%s "é" {x}.y'


def month(ahead, now=NOW):
    """The first of the month so many months ahead."""
    count = now.year * 12 + now.month - 1 + ahead
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def family(database, name="events", months=(-1, 0), key="timestamptz", naming="{name}_{at:%Y_%m}"):
    """A family by month, with partitions for these months from now."""
    with database.connect() as conn:
        conn.execute("set timezone = 'UTC'")
        parent = sql.Identifier("public", name)
        conn.execute(
            sql.SQL("create table {} (id bigint, at {}, note text) partition by range (at)").format(
                parent, sql.SQL(key)
            )
        )
        conn.execute(sql.SQL("create index on {} (id)").format(parent))
        for ahead in months:
            leaf = sql.Identifier("public", naming.format(name=name, at=month(ahead)))
            conn.execute(
                sql.SQL("create table {} partition of {} for values from ({}) to ({})").format(
                    leaf, parent, sql.Literal(f"{month(ahead):%Y-%m-%d}"), sql.Literal(f"{month(ahead + 1):%Y-%m-%d}")
                )
            )
            conn.execute(sql.SQL("alter table {} owner to {}").format(leaf, sql.Identifier("validahub_owner")))
        conn.execute(sql.SQL("alter table {} owner to {}").format(parent, sql.Identifier("validahub_owner")))


def default(database, rows=()):
    database.execute("create table public.events_rest partition of public.events default")
    database.execute("alter table public.events_rest owner to validahub_owner")
    for at in rows:
        database.execute("insert into public.events values (1, %s, 'x')", [at])


def count(database, ident):
    return database.execute(sql.SQL("select count(*) from {}").format(sql.SQL(ident)))[0]["count"]


def bounds(database, name="events"):
    """The bounds of a family's partitions by their names, as the server writes them in UTC."""
    with database.connect() as conn:
        conn.execute("set timezone = 'UTC'")
        rows = conn.execute(
            "select c.relname as name, pg_get_expr(c.relpartbound, 0) as bound"
            " from pg_inherits as i join pg_class as c on c.oid = i.inhrelid"
            " where i.inhparent = (select oid from pg_class where relname = %s)",
            [name],
        )
        return {row["name"]: row["bound"] for row in rows}


@pytest.fixture
def only(settings):
    """Settings under which only the test's own family is managed."""
    return changed(settings, partitions={"include": ("public.e*", "public.E*")})


@pytest.fixture
def impatient(only):
    return changed(only, locks={"budget": timedelta(seconds=1), "attempts": 5})


def all_of(run):
    for label, due in run.due.items():
        runbook(due.subject, run.action(label))


def test_the_coming_month_gets_its_partition(database, only, running):
    family(database)
    run = running(database, only, "partitions")

    outcome = run.act(f"public.events_{month(1):%Y_%m}")

    assert [f"public.events_{month(1):%Y_%m}"] == list(run.due)
    assert outcome.threshold == outcome.after
    assert ("validahub_owner", 1, "") == (outcome.after.owner, outcome.after.indexes, outcome.after.grantees)
    assert (
        f"FOR VALUES FROM ('{month(1):%Y-%m-%d} 00:00:00+00') TO ('{month(2):%Y-%m-%d} 00:00:00+00')"
        == (bounds(database)[f"events_{month(1):%Y_%m}"])
    )


def test_rows_reach_the_new_partition_through_its_parent(database, only, running):
    family(database)
    all_of(running(database, only, "partitions"))

    database.execute("insert into public.events values (1, %s, 'x')", [month(1)])

    assert 1 == count(database, f"public.events_{month(1):%Y_%m}")


def test_a_second_run_finds_nothing(database, settings, running):
    all_of(running(database, settings, "partitions"))

    assert {} == running(database, settings, "partitions").due


def test_the_tenants_table_gets_row_security_indexes_and_owner_but_no_grants(database, settings, running):
    last = f"correction_logs_{month(3):%Y_%m}"
    database.execute(f"drop table public.{last}")
    database.execute(
        "alter default privileges for role validahub_system grant select on tables to validahub_app, public"
    )
    far = changed(settings, daily={"partitions_ahead": 3}, partitions={"include": ("public.correction_logs",)})
    run = running(database, far, "partitions")

    outcome = run.act(f"public.{last}")

    assert ("validahub_owner", True, True, "") == (
        outcome.after.owner,
        outcome.after.row_security,
        outcome.after.force_row_security,
        outcome.after.grantees,
    )
    assert ["", "validahub_app"] == outcome.figures["revoked_from"]
    indexes = "select count(*) from pg_index where indrelid = 'public.correction_logs'::regclass"
    assert database.execute(indexes)[0]["count"] == outcome.after.indexes > 5


@pytest.mark.parametrize("key", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Pacific/Kiritimati"])
def test_bounds_are_in_utc_whatever_the_database_thinks_the_time_is(database, only, running, key, zone):
    family(database, key=key)
    database.execute(sql.SQL("alter database {} set timezone = {}").format(sql.Identifier(database.name), zone))
    database.execute(sql.SQL("alter database {} set datestyle = 'SQL, DMY'").format(sql.Identifier(database.name)))

    all_of(running(database, only, "partitions"))

    assert {} == running(database, only, "partitions").due
    assert f"'{month(1):%Y-%m-%d}" in reset(database, f"events_{month(1):%Y_%m}")


def reset(database, name):
    with database.connect() as conn:
        conn.execute("set datestyle = 'ISO'")
        conn.execute("set timezone = 'UTC'")
        return conn.execute(
            "select pg_get_expr(relpartbound, 0) as bound from pg_class where relname = %s", [name]
        ).fetchone()["bound"]


def test_a_family_whose_months_began_in_another_time_zone_keeps_them(database, only, running):
    # In the first three hours of a month such a family is still in the month before.
    here = datetime.now(UTC) - timedelta(hours=3)
    database.execute("create table public.events (at timestamptz) partition by range (at)")
    for ahead in (-1, 0):
        leaf = sql.Identifier("public", f"events_{month(ahead, here):%Y_%m}")
        low, high = (f"{month(offset, here):%Y-%m-%d} 03:00+00" for offset in (ahead, ahead + 1))
        database.execute(
            sql.SQL("create table {} partition of public.events for values from ({}) to ({})").format(leaf, low, high)
        )
        database.execute(sql.SQL("alter table {} owner to validahub_owner").format(leaf))
    database.execute("alter table public.events owner to validahub_owner")

    all_of(running(database, only, "partitions"))

    assert f"FROM ('{month(1, here):%Y-%m-%d} 03:00:00+00')" in bounds(database)[f"events_{month(1, here):%Y_%m}"]


@pytest.mark.parametrize(
    ("naming", "name"),
    [
        ("e{at:%Y%m}", "e{at:%Y%m}"),
        ("p_y{at:%Y}m{at:%m}", "p_y{at:%Y}m{at:%m}"),
        ('Ev%s "é" {at:%m/%Y}', 'Ev%s "é" {at:%m/%Y}'),
    ],
)
def test_it_is_named_as_its_siblings_are(database, only, running, naming, name):
    family(database, months=(-2, -1, 0), naming=naming)

    all_of(running(database, only, "partitions"))

    assert name.format(at=month(1)) in bounds(database)


def test_names_that_say_nothing_are_followed_by_the_conventional_one(database, only, running):
    family(database, months=(0,), naming="everything")

    all_of(running(database, only, "partitions"))

    assert {"everything", f"events_{month(1):%Y_%m}"} == set(bounds(database))


def test_the_profile_can_say_the_name_and_how_far_ahead(database, only, running):
    family(database)
    rules = {"public.events": PartitionFamily(ahead=2, naming="ev%Y%m")}

    all_of(running(database, changed(only, partitions={"families": rules}), "partitions"))

    assert {f"ev{month(1):%Y%m}", f"ev{month(2):%Y%m}"} < set(bounds(database))


def test_hostile_names_get_their_partition(database, only, running):
    family(database, HOSTILE, naming="{name} {at:%Y-%m}")

    all_of(running(database, only, "partitions"))

    assert f"{HOSTILE} {month(1):%Y-%m}" in bounds(database, HOSTILE)


def test_a_name_that_postgresql_would_cut_is_refused_in_one_line(database, only, running):
    name = "e" * 57
    family(database, name, naming="e{at:%Y_%m}", months=(0,))
    database.execute(f"alter table public.e{month(0):%Y_%m} rename to all_of_it")
    run = running(database, only, "partitions")
    [label] = run.due

    with pytest.raises(StewardError, match=r"a name of 65 bytes, over PostgreSQL's 63; set a shorter naming"):
        run.act(label)


def test_a_name_that_something_else_has_is_refused_and_left_alone(database, only, running):
    family(database)
    taken = f"events_{month(1):%Y_%m}"
    database.execute(f"create table public.{taken} as select 1 as precious")
    run = running(database, only, "partitions")

    with pytest.raises(StewardError, match="a relation of kind r has that name; attach, rename or archive"):
        run.act(f"public.{taken}")

    assert 1 == count(database, f"public.{taken}")


def test_only_from_the_present_period_on_and_however_far_a_stray_one_lies(database, only, running):
    family(database, months=(-5, -1, 0, 900))

    assert [f"public.events_{month(1):%Y_%m}"] == list(running(database, only, "partitions").due)


def test_the_present_month_is_made_too_when_it_is_missing(database, only, running):
    family(database, months=(-2, -1))

    assert [f"public.events_{month(offset):%Y_%m}" for offset in (0, 1)] == list(
        running(database, only, "partitions").due
    )


def test_storage_options_statistics_and_replica_identity_are_those_of_the_present_partition(database, only, running):
    family(database)
    leaf = f"public.events_{month(0):%Y_%m}"
    database.execute("alter table public.events alter at set not null")
    database.execute("create unique index events_key on public.events (at)")
    for change in (
        "set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = off)",
        "alter note set statistics 321",
    ):
        database.execute(f"alter table {leaf} {change}")
    [index] = database.execute(
        "select indexrelid::regclass::text as name from pg_index where indrelid = %s::regclass and indisunique", [leaf]
    )
    database.execute(f"alter table {leaf} replica identity using index {index['name'].removeprefix('public.')}")

    all_of(running(database, only, "partitions"))

    properties = "select reloptions, relreplident from pg_class where oid = %s::regclass"
    new = f"public.events_{month(1):%Y_%m}"
    assert database.execute(properties, [leaf]) == database.execute(properties, [new])
    targets = "select attstattarget from pg_attribute where attrelid = %s::regclass and attname = 'note'"
    assert [{"attstattarget": 321}] == database.execute(targets, [new])
    toast = "select t.reloptions from pg_class c join pg_class t on t.oid = c.reltoastrelid where c.oid = %s::regclass"
    assert [{"reloptions": ["autovacuum_enabled=off"]}] == database.execute(toast, [new])


def test_an_identity_column_does_not_keep_a_partition_from_being_attached(database, only, running):
    if database.cluster.version < 17:
        pytest.skip("partitioned tables have identity columns from 17 on")
    family(database)
    database.execute("alter table public.events alter id set not null")
    database.execute("alter table public.events alter id add generated always as identity")

    all_of(running(database, only, "partitions"))

    assert f"events_{month(1):%Y_%m}" in bounds(database)


def test_rows_in_the_default_partition_are_moved_and_none_is_lost(database, only, running):
    family(database)
    default(database, rows=[month(1), month(2) - timedelta(microseconds=1), month(2), month(-9)])
    [label] = running(database, only, "partitions").due

    outcome = running(database, only, "partitions").act(label)

    assert 2 == outcome.figures["moved_from_default"]
    assert [2, 2, 4] == [count(database, table) for table in (label, "public.events_rest", "public.events")]


def test_rows_in_the_default_partition_are_left_where_the_profile_says_so(database, only, running):
    family(database)
    default(database, rows=[month(1)])
    run = running(database, changed(only, partitions={"default_rows": "refuse"}), "partitions")

    with pytest.raises(StewardError, match=r"are in its default partition public\.events_rest; move them by hand"):
        run.act(f"public.events_{month(1):%Y_%m}")

    assert f"events_{month(1):%Y_%m}" not in bounds(database)
    assert 1 == database.execute("select count(*) from public.events_rest")[0]["count"]


def test_rows_are_not_moved_where_somebodys_foreign_key_would_follow(database, only, running):
    family(database)
    default(database, rows=[month(1)])
    database.execute("alter table public.events add primary key (id, at)")
    database.execute(
        "create table public.child (id bigint, at timestamptz, foreign key (id, at) references public.events"
        " on delete cascade)"
    )
    database.execute("insert into public.child select id, at from public.events")
    run = running(database, only, "partitions")

    with pytest.raises(StewardError, match="moving them would fire the triggers"):
        run.act(f"public.events_{month(1):%Y_%m}")

    assert 1 == database.execute("select count(*) from public.child")[0]["count"]


@pytest.mark.parametrize(("covered", "moved"), [("public.events_rest", False), ("events", True)])
def test_rows_are_not_moved_out_of_the_reach_of_a_legal_hold(database, only, running, covered, moved):
    family(database)
    default(database, rows=[month(1)])
    database.execute(
        "insert into steward.legal_hold (table_name, owner, reason) values (%s, 'a court', 'a test')", [covered]
    )
    run, label = running(database, only, "partitions"), f"public.events_{month(1):%Y_%m}"

    if moved:
        assert 1 == run.act(label).figures["moved_from_default"]
    else:
        with pytest.raises(
            StewardError, match=r"which alone is what legal hold 1 on public\.events_rest \(owner a court\)"
        ):
            run.act(label)
        assert 1 == count(database, "public.events_rest")


def test_a_lock_held_throughout_is_busy_names_the_holder_and_leaves_nothing(database, impatient, running):
    family(database)
    run = running(database, impatient, "partitions")
    with (
        open_transaction(database, "lock table public.events in share update exclusive mode") as holder,
        pytest.raises(Busy, match=f"attempts of 0.2 s: pid {holder.info.backend_pid} .someone"),
    ):
        run.act(f"public.events_{month(1):%Y_%m}")

    assert [] == database.execute("select 1 from pg_class where relname = %s", [f"events_{month(1):%Y_%m}"])
    all_of(running(database, impatient, "partitions"))


def test_a_transaction_killed_in_the_middle_leaves_nothing_and_the_next_run_makes_it(database, only, running):
    family(database)
    run = running(database, only, "partitions")
    label = f"public.events_{month(1):%Y_%m}"
    ended = []

    def work():
        try:
            run.act(label)
        except psycopg.Error as error:
            ended.append(error)

    with open_transaction(database, "lock table public.events in share update exclusive mode"):
        thread = threading.Thread(target=work)
        thread.start()
        [waiting] = until(
            lambda: database.execute("select pid from pg_locks where not granted and locktype = 'relation'")
        )
        database.execute("select pg_terminate_backend(%s)", [waiting["pid"]])
        thread.join()

    assert isinstance(ended[0], psycopg.OperationalError)
    assert [] == database.execute("select 1 from pg_class where relname = %s", [label.removeprefix("public.")])
    all_of(running(database, only, "partitions"))
    assert label.removeprefix("public.") in bounds(database)


def test_what_somebody_made_meanwhile_is_not_made_again(database, only, running):
    family(database)
    run = running(database, only, "partitions")
    database.execute(
        sql.SQL("create table public.other partition of public.events for values from ({}) to ({})").format(
            f"{month(1):%Y-%m-%d} 00:00+00", f"{month(2):%Y-%m-%d} 00:00+00"
        )
    )

    with pytest.raises(NotNeeded):
        run.act(f"public.events_{month(1):%Y_%m}")


def test_a_plan_shows_every_statement_and_changes_nothing(database, only, running):
    family(database)
    run = running(database, changed(only, mode="plan"), "partitions")

    with pytest.raises(Planned, match=r"public\.events has no partition from"):
        run.act(f"public.events_{month(1):%Y_%m}")

    assert ["create table", "alter table", "alter table"] == [text[:12].strip() for text in run.statements()]
    assert f"events_{month(1):%Y_%m}" not in bounds(database)


def test_a_default_partition_is_locked_after_its_parent_as_attaching_does(database, only, running):
    family(database)
    default(database)
    run = running(database, only, "partitions")

    all_of(run)

    locks = [text for text in run.statements() if text.startswith("lock table")]
    assert [
        'lock table only "public"."events" in share update exclusive mode',
        'lock table "public"."events_rest" in access exclusive mode',
    ] == locks


def stalls(database, statement, stop):
    """Keep reading until told to stop, and return how long each read took, in seconds."""
    took = []
    with database.connect() as conn:
        while not stop.is_set():
            started = time.monotonic()
            conn.execute(statement)
            took.append(time.monotonic() - started)
    return took


@pytest.mark.parametrize("has_default", [False, True])
def test_readers_are_not_stalled_beyond_the_lock_budget_behind_a_long_one(database, impatient, running, has_default):
    family(database)
    if has_default:
        default(database)
    run = running(database, impatient, "partitions")
    stop, took = threading.Event(), []
    with open_transaction(database, "select count(*) from public.events"):
        thread = threading.Thread(
            target=lambda: took.extend(stalls(database, "select count(*) from public.events", stop))
        )
        thread.start()
        until(lambda: database.execute("select 1 from pg_stat_activity where query like 'select count%public.events'"))
        if has_default:
            with pytest.raises(Busy, match="someone"):
                run.act(f"public.events_{month(1):%Y_%m}")
        else:
            run.act(f"public.events_{month(1):%Y_%m}")
        stop.set()
        thread.join()

    # An attempt is 200 ms; the rest is the machine's.
    assert max(took) < 0.6, statistics.quantiles(took, n=4)


def test_other_levels_of_a_tree_and_other_kinds_of_key_are_left_alone(database, settings, running):
    for statement in (
        "create table public.by_list (k int, at date) partition by list (k)",
        "create table public.by_list_1 partition of public.by_list for values in (1) partition by range (at)",
        "create table public.by_number (n bigint) partition by range (n)",
        "create table public.by_number_1 partition of public.by_number for values from (0) to (10)",
        "create table public.by_two (at date, n int) partition by range (at, n)",
        "create table public.empty (at date) partition by range (at)",
    ):
        database.execute(statement)

    assert {} == running(database, settings, "partitions").due


def test_a_family_below_a_list_is_managed(database, only, running):
    database.execute("create table public.regions (region text, at date) partition by list (region)")
    database.execute("alter table public.regions owner to validahub_owner")
    family(database, key="date")
    for column in ("id", "note"):
        database.execute(f"alter table public.events drop {column}")
    database.execute("alter table public.events add region text")
    database.execute("alter table public.regions attach partition public.events for values in ('br')")

    all_of(running(database, only, "partitions"))

    assert f"events_{month(1):%Y_%m}" in bounds(database)


def span(database, leaf, parent, low, high):
    """A partition with these bounds, the owner's."""
    statement = "create table public.{} partition of public.{} for values from ({}) to ({})"
    names = sql.Identifier(leaf), sql.Identifier(parent)
    database.execute(sql.SQL(statement).format(*names, sql.Literal(low), sql.Literal(high)))
    database.execute(sql.SQL("alter table public.{} owner to validahub_owner").format(names[0]))


def parent(database, columns, key, name="events"):
    database.execute(sql.SQL(f"create table public.{{}} ({columns}) partition by {key}").format(sql.Identifier(name)))
    database.execute(sql.SQL("alter table public.{} owner to validahub_owner").format(sql.Identifier(name)))


COUNTS = {"days": 86_400_000_000, "seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}


def counted(at, epoch):
    return int(at.timestamp()) * 1_000_000 // COUNTS[epoch]


def of_events(only, **fields):
    return changed(only, partitions={"families": {"public.events": PartitionFamily(**fields)}})


@pytest.mark.parametrize("epoch", sorted(COUNTS))
@pytest.mark.parametrize("key", ["bigint", "integer"])
def test_months_that_are_counted_go_on_where_the_profile_says_what_counts(database, only, running, epoch, key):
    if key == "integer" and epoch in {"milliseconds", "microseconds"}:
        pytest.skip("no integer holds as many")
    parent(database, f"at {key}", "range (at)")
    for ahead in (-1, 0):
        span(
            database,
            f"events_{month(ahead):%Y%m}",
            "events",
            counted(month(ahead), epoch),
            counted(month(ahead + 1), epoch),
        )
    default(database)
    database.execute("insert into public.events values (%s)", [counted(month(1), epoch)])

    all_of(running(database, of_events(only, epoch=epoch, ahead=2), "partitions"))

    coming = bounds(database)[f"events_{month(1):%Y%m}"].replace("'", "")
    assert f"FOR VALUES FROM ({counted(month(1), epoch)}) TO ({counted(month(2), epoch)})" == coming
    assert 1 == count(database, f"public.events_{month(1):%Y%m}")
    assert {} == running(database, of_events(only, epoch=epoch, ahead=2), "partitions").due


def test_numbers_are_left_alone_while_the_profile_does_not_say_what_they_count(database, only, running):
    parent(database, "at bigint", "range (at)")
    span(database, "events_1", "events", counted(month(0), "seconds"), counted(month(1), "seconds"))

    assert {} == running(database, only, "partitions").due


def test_a_number_that_the_column_cannot_hold_is_refused(database, only, running):
    parent(database, "at integer", "range (at)")
    span(
        database,
        f"events_{NOW:%Y}",
        "events",
        *(int(datetime(NOW.year + n, 1, 1, tzinfo=UTC).timestamp()) for n in (0, 1)),
    )
    run = running(database, of_events(only, epoch="seconds", ahead=2038 - NOW.year), "partitions")

    with pytest.raises(
        StewardError, match=r"public\.events_2038 cannot be made: the column at .integer. cannot hold 2"
    ):
        run.act("public.events_2038")


def test_a_family_that_goes_by_another_time_zone_keeps_to_it_over_summer_time(database, only, running):
    # In the last hours of a month Berlin is in the next one already.
    here = datetime.now(ZoneInfo("Europe/Berlin"))
    parent(database, "at timestamptz", "range (at)")
    with database.connect() as conn:
        conn.execute("set timezone = 'Europe/Berlin'")
        for ahead in range(-7, 1):
            low, high = (f"{month(offset, here):%Y-%m-%d}" for offset in (ahead, ahead + 1))
            conn.execute(
                sql.SQL("create table public.{} partition of public.events for values from ({}) to ({})").format(
                    sql.Identifier(f"events_{month(ahead, here):%Y_%m}"), low, high
                )
            )
            conn.execute(
                sql.SQL("alter table public.{} owner to validahub_owner").format(
                    sql.Identifier(f"events_{month(ahead, here):%Y_%m}")
                )
            )

    all_of(running(database, of_events(only, timezone="Europe/Berlin", ahead=12), "partitions"))

    with database.connect() as conn:
        conn.execute("set timezone = 'Europe/Berlin'")
        rows = conn.execute(
            "select pg_get_expr(relpartbound, 0) as bound from pg_class where relname ~ '^events_2' order by relname"
        ).fetchall()
    found = [row["bound"].split("'")[1::2] for row in rows]
    assert 20 == len(found)
    assert {" 00:00:00"} == {text[10:19] for pair in found for text in pair}
    assert {"-01"} == {text[7:10] for pair in found for text in pair}


def week(ahead, weekday):
    """The begin of the week so many weeks ahead; weeks begin on the weekday, Monday is 0."""
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=(midnight.weekday() - weekday) % 7) + timedelta(weeks=ahead)


@pytest.mark.parametrize("weekday", [0, 2, 6])
@pytest.mark.parametrize("naming", ["events_{:%Y_%m_%d}", "events_{:%G_w%V}", "e{:%Y%m%d}"])
def test_weeks_go_on_from_the_day_that_they_begin_on(database, only, running, weekday, naming):
    parent(database, "at timestamp", "range (at)")
    for ahead in (-2, -1, 0):
        span(
            database,
            naming.format(week(ahead, weekday)),
            "events",
            *(f"{week(n, weekday):%Y-%m-%d}" for n in (ahead, ahead + 1)),
        )

    all_of(running(database, only, "partitions"))

    assert f"'{week(1, weekday):%Y-%m-%d} 00:00:00'" in bounds(database)[naming.format(week(1, weekday))]
    assert {} == running(database, only, "partitions").due


def test_names_after_the_day_before_which_rows_lie_are_understood(database, only, running):
    parent(database, "at date", "range (at)")
    for ahead in (-1, 0):
        span(
            database,
            f"before_{month(ahead + 1):%Y%m%d}",
            "events",
            *(f"{month(n):%Y-%m-%d}" for n in (ahead, ahead + 1)),
        )

    all_of(running(database, only, "partitions"))

    assert f"FROM ('{month(1):%Y-%m-%d}')" in bounds(database)[f"before_{month(2):%Y%m%d}"]


def test_two_gaps_in_one_period_get_a_name_each(database, only, running):
    parent(database, "at date", "range (at)")
    span(database, f"events_{month(0):%Y_%m}", "events", f"{month(0):%Y-%m-%d}", f"{month(1):%Y-%m-%d}")
    span(database, "middle", "events", f"{month(1):%Y-%m}-10", f"{month(1):%Y-%m}-20")

    all_of(running(database, only, "partitions"))

    assert {f"events_{month(1):%Y_%m}", f"events_{month(1):%Y_%m}_2", "middle"} < set(bounds(database))


def test_an_unlogged_partition_is_followed_by_an_unlogged_one(database, only, running):
    family(database)
    database.execute(f"alter table public.events_{month(0):%Y_%m} set unlogged")

    all_of(running(database, only, "partitions"))

    [made] = database.execute("select relpersistence from pg_class where relname = %s", [f"events_{month(1):%Y_%m}"])
    assert "u" == made["relpersistence"]


def test_a_foreign_table_is_followed_by_nothing(database, only, running):
    family(database)
    for statement in (
        "create extension file_fdw",
        "create server files foreign data wrapper file_fdw",
        f"drop table public.events_{month(0):%Y_%m}",
    ):
        database.execute(statement)
    database.execute(
        sql.SQL(
            "create foreign table public.far partition of public.events for values from ({}) to ({})"
            " server files options (filename '/dev/null')"
        ).format(f"{month(0):%Y-%m-%d} 00:00+00", f"{month(1):%Y-%m-%d} 00:00+00")
    )
    run = running(database, only, "partitions")

    with pytest.raises(StewardError, match=r"the present one, public\.far, is a foreign table; make the coming"):
        run.act(f"public.events_{month(1):%Y_%m}")


@pytest.mark.parametrize("checked", [True, False])
def test_a_check_on_the_default_partition_spares_all_searching(database, only, running, checked):
    family(database)
    default(database)
    database.execute("insert into public.events select n, '1990-01-01' from generate_series(1, 1000) as n")
    if checked:
        low, high = (f"'{month(offset):%Y-%m-%d} 00:00+00'" for offset in (1, 2))
        out = f"alter table public.events_rest add constraint out check (at < {low} or at >= {high}) not valid"
        database.execute(out)
        database.execute("alter table public.events_rest validate constraint out")
    read = "select seq_tup_read as rows from pg_stat_user_tables where relname = 'events_rest'"
    database.execute("select count(*) from public.events_rest")
    before = until(lambda: database.execute(f"{read} and seq_tup_read >= 1000"))[0]["rows"]
    run = running(database, only, "partitions")

    run.act(f"public.events_{month(1):%Y_%m}")
    # A session's counters are all there once it has gone; one more reading is the sign that they are.
    run.conn.close()
    until(lambda: not database.execute("select 1 from pg_stat_activity where usename = 'validahub_maintenance'"))
    database.execute("select count(*) from public.events_rest")
    after = until(lambda: database.execute(f"{read} and seq_tup_read >= {before + 1000}"))[0]["rows"]

    assert (after == before + 1000) is checked


def test_a_default_partition_too_large_to_be_searched_in_time_is_told_with_what_to_do(database, only, running):
    family(database)
    default(database)
    database.execute(
        "insert into public.events select n, '1990-01-01', repeat('x', 900) from generate_series(1, 60000) as n"
    )
    quick = changed(only, locks={"other": timedelta(milliseconds=1)})
    run = running(database, quick, "partitions")

    with pytest.raises(
        StewardError,
        match=r"public\.events: its default partition public\.events_rest cannot be searched .* within"
        r" locks\.other = 1ms.*; empty public\.events_rest, or add a CHECK",
    ):
        run.act(f"public.events_{month(1):%Y_%m}")

    assert f"events_{month(1):%Y_%m}" not in bounds(database)


def of_month(ahead, *, sub="", name="events"):
    low, high = f"{month(ahead):%Y-%m-%d}", f"{month(ahead + 1):%Y-%m-%d}"
    leaf = f"{name}_{month(ahead):%Y_%m}"
    return f"create table public.{leaf} partition of public.{name} for values from ('{low}') to ('{high}') {sub}"


def test_every_branch_of_a_list_gets_its_coming_month(database, only, running):
    for region in ("br", "pt"):
        plant(
            database,
            "create table if not exists public.events (region text, at date) partition by list (region)",
            (
                f"create table public.events_{region} partition of public.events for values in ('{region}')"
                " partition by range (at)"
            ),
            of_month(0, name=f"events_{region}"),
        )

    all_of(running(database, only, "partitions"))

    names = [f"events_{region}_{month(1):%Y_%m}" for region in ("br", "pt")]
    assert names == [name for name in shape(database, "public.events") if name.endswith(f"{month(1):%Y_%m}")]
    assert {} == running(database, only, "partitions").due


def test_what_is_said_of_a_family_goes_for_the_levels_below_it(database, only, running):
    low, high = (counted(month(offset), "seconds") for offset in (0, 1))
    plant(
        database,
        "create table public.events (region text, at bigint) partition by list (region)",
        "create table public.events_br partition of public.events for values in ('br') partition by range (at)",
        (
            f"create table public.events_br_{month(0):%Y%m} partition of public.events_br"
            f" for values from ({low}) to ({high})"
        ),
    )

    all_of(running(database, of_events(only, epoch="seconds", ahead=2, naming="not_theirs_%Y"), "partitions"))

    names = [name for name in shape(database, "public.events") if name != "events_br"]
    assert [f"events_br_{month(offset):%Y%m}" for offset in (0, 1, 2)] == names


def test_what_numbers_count_is_not_said_of_a_level_over_a_time(database, only, running):
    plant(
        database,
        "create table public.events (day int, at timestamptz) partition by range (day)",
        "create table public.events_all partition of public.events for values from (0) to (99999)"
        " partition by range (at)",
        (
            f"create table public.events_all_{month(0):%Y%m} partition of public.events_all"
            f" for values from ('{month(0)}') to ('{month(1)}')"
        ),
    )

    all_of(running(database, of_events(only, epoch="days", ahead=1), "partitions"))

    assert f"events_all_{month(1):%Y%m}" in shape(database, "public.events")


SUBLEVELS = {
    "hash": (
        "partition by hash (id)",
        [f"{{leaf}}_h{n} partition of {{leaf}} for values with (modulus 3, remainder {n})" for n in range(3)],
    ),
    "list": (
        "partition by list (region)",
        [
            "{leaf}_br partition of {leaf} for values in ('br', '100%s', 'o''neil')",
            "{leaf}_rest partition of {leaf} default",
        ],
    ),
    "range": (
        "partition by range (id)",
        [
            "{leaf}_low partition of {leaf} for values from (minvalue) to (1000)",
            "{leaf}_high partition of {leaf} for values from (1000) to (maxvalue)",
        ],
    ),
    "two levels": (
        "partition by list (region)",
        [
            "{leaf}_br partition of {leaf} for values in ('br') partition by hash (id)",
            "{leaf}_br_0 partition of {leaf}_br for values with (modulus 2, remainder 0)",
            "{leaf}_br_1 partition of {leaf}_br for values with (modulus 2, remainder 1)",
        ],
    ),
}


@pytest.mark.parametrize("kind", sorted(SUBLEVELS))
def test_what_stands_below_the_present_partition_is_made_below_the_coming_one(database, only, running, kind):
    sub, leaves = SUBLEVELS[kind]
    this, coming = f"events_{month(0):%Y_%m}", f"events_{month(1):%Y_%m}"
    plant(
        database,
        "create table public.events (id bigint, region text, at timestamptz) partition by range (at)",
        "create index on public.events (id)",
        "alter table public.events enable row level security",
        of_month(0, sub=sub).replace("')", " 00:00+00')"),
        *(
            f"create table public.{leaf}"
            for leaf in (entry.format(leaf=this).replace("of ", "of public.") for entry in leaves)
        ),
    )
    last = [name for name, (_, _, key) in shape(database, "public.events").items() if key is None][-1]
    database.execute(f"alter table public.{last} set (fillfactor = 60)")
    database.execute("alter default privileges for role validahub_system grant select on tables to public")

    outcome = running(database, only, "partitions").act(f"public.{coming}")

    found = shape(database, "public.events")
    subtree = {name: entry for name, entry in found.items() if name.startswith(f"{this}_")}
    made = {name.replace(coming, this): entry for name, entry in found.items() if name.startswith(f"{coming}_")}
    assert {name: (above.replace(this, ""), *rest) for name, (above, *rest) in subtree.items()} == {
        name: (above.replace(coming, ""), *rest) for name, (above, *rest) in made.items()
    }
    assert len(leaves) == outcome.after.branches
    assert {} == running(database, only, "partitions").due
    properties = database.execute(
        "select pg_get_userbyid(relowner) as owner, relrowsecurity as rls, relacl::text as acl, reloptions as options,"
        " (select count(*) from pg_index i where i.indrelid = c.oid and i.indisvalid) as indexes"
        " from pg_class c where relname like %s and relkind in ('r', 'p')",
        [f"{coming}%"],
    )
    assert {("validahub_owner", True, 1)} == {(row["owner"], row["rls"], row["indexes"]) for row in properties}
    assert not any("=r/" in (row["acl"] or "").replace("validahub_owner=", "") for row in properties)
    assert 1 == sum(row["options"] == ["fillfactor=60"] for row in properties)
    row = "insert into public.events values (1, 'br', %s)"
    database.execute(row, [month(1)])
    assert 1 == count(database, f"public.{coming}")


def test_days_below_months_are_laid_out_for_the_whole_coming_month(database, only, running):
    this, coming = f"events_{month(0):%Y_%m}", f"events_{month(1):%Y_%m}"
    plant(
        database,
        "create table public.events (at date) partition by range (at)",
        of_month(0, sub="partition by range (at)"),
        *(
            f"create table public.events_{low:%Y_%m_%d} partition of public.{this} for values from ('{low:%Y-%m-%d}')"
            f" to ('{high:%Y-%m-%d}')"
            for low, high in days(month(0), month(1))
        ),
    )
    run = running(database, only, "partitions")
    assert [f"public.{coming}"] == list(run.due)

    all_of(run)

    found = shape(database, "public.events")
    expected = {
        f"events_{low:%Y_%m_%d}": f"FOR VALUES FROM ('{low:%Y-%m-%d}') TO ('{high:%Y-%m-%d}')"
        for low, high in days(month(1), month(2))
    }
    assert expected == {name: bound for name, (above, bound, _) in found.items() if above == coming}
    assert {} == running(database, only, "partitions").due


def test_a_branch_gets_no_period_beyond_its_own_bounds(database, only, running):
    plant(
        database,
        "create table public.events (at date) partition by range (at)",
        *(of_month(ahead, sub="partition by range (at)") for ahead in (-1, 0, 1)),
        *(
            f"create table public.events_{low:%Y_%m_%d} partition of public.events_{low:%Y_%m}"
            f" for values from ('{low:%Y-%m-%d}') to ('{high:%Y-%m-%d}')"
            for low, high in days(month(-1), month(2))
        ),
    )

    assert {} == running(database, of_events(only, ahead=1), "partitions").due


@pytest.mark.parametrize(
    ("sub", "leaf", "reason"),
    [
        (
            "partition by list (at)",
            "{leaf}_x partition of {leaf} default",
            "depend on the time in a way that is not known",
        ),
        (
            "partition by list (id)",
            "odd partition of {leaf} for values in (1)",
            "the name of public.odd contains neither the name nor the period of",
        ),
        (
            "partition by range (at)",
            "{leaf}_x partition of {leaf} for values from ('{month}-03') to ('{month}-09')",
            "no day",
        ),
    ],
)
def test_a_level_that_cannot_be_told_from_the_present_one_is_refused(database, only, running, sub, leaf, reason):  # noqa: PLR0917 - the columns of its table
    this, coming = f"events_{month(0):%Y_%m}", f"events_{month(1):%Y_%m}"
    plant(
        database,
        "create table public.events (id int, at date) partition by range (at)",
        of_month(0, sub=sub),
        "create table public." + leaf.format(leaf=this, month=f"{month(0):%Y-%m}").replace("of ", "of public."),
    )
    run = running(database, only, "partitions")

    with pytest.raises(StewardError, match=rf"public\.{coming} cannot be made: .*{reason}.*exclude the family"):
        run.act(f"public.{coming}")

    assert coming not in shape(database, "public.events")


def test_rows_leave_a_default_partition_that_is_partitioned_itself(database, only, running):
    plant(
        database,
        "create table public.events (id int, at date) partition by range (at)",
        of_month(0),
        "create table public.rest partition of public.events default partition by hash (id)",
        "create table public.rest_0 partition of public.rest for values with (modulus 1, remainder 0)",
    )
    database.execute("insert into public.events values (1, %s), (2, %s)", [month(1), month(5)])

    outcome = running(database, only, "partitions").act(f"public.events_{month(1):%Y_%m}")

    assert 1 == outcome.figures["moved_from_default"]
    assert [1, 1] == [count(database, table) for table in (f"public.events_{month(1):%Y_%m}", "public.rest")]


def test_a_tree_killed_in_the_middle_leaves_nothing_and_the_next_run_makes_it(database, only, running):
    sub, leaves = SUBLEVELS["hash"]
    this, coming = f"events_{month(0):%Y_%m}", f"events_{month(1):%Y_%m}"
    plant(
        database,
        "create table public.events (id bigint, at date) partition by range (at)",
        of_month(0, sub=sub),
        *(f"create table public.{leaf.format(leaf=this).replace('of ', 'of public.')}" for leaf in leaves),
    )
    run = running(database, only, "partitions")
    ended = []

    def work():
        try:
            run.act(f"public.{coming}")
        except psycopg.Error as error:
            ended.append(error)

    with open_transaction(database, "lock table public.events in share update exclusive mode"):
        thread = threading.Thread(target=work)
        thread.start()
        [waiting] = until(
            lambda: database.execute("select pid from pg_locks where not granted and locktype = 'relation'")
        )
        database.execute("select pg_terminate_backend(%s)", [waiting["pid"]])
        thread.join()

    assert isinstance(ended[0], psycopg.OperationalError)
    assert [] == database.execute("select 1 from pg_class where relname like %s", [f"{coming}%"])
    all_of(running(database, only, "partitions"))
    assert 4 == sum(name.startswith(coming) for name in shape(database, "public.events"))
