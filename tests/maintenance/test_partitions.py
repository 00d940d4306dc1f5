from __future__ import annotations

import statistics
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from maintenance.test_partitions import test_partitions as runbook
from steward import Busy, NotNeeded, Planned, StewardError
from steward.profile import PartitionFamily
from tests.fixtures.running import changed, held, until

NOW = datetime.now(UTC)
MONTH = (NOW.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
HOSTILE = 'Ev%s "é" {x}.y'


def month(ahead):
    """The first of the month so many months ahead."""
    count = NOW.year * 12 + NOW.month - 1 + ahead
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
    database.execute("create table public.events (at timestamptz) partition by range (at)")
    for ahead in (-1, 0):
        leaf = sql.Identifier("public", f"events_{month(ahead):%Y_%m}")
        low, high = (f"{month(each):%Y-%m-%d} 03:00+00" for each in (ahead, ahead + 1))
        database.execute(
            sql.SQL("create table {} partition of public.events for values from ({}) to ({})").format(leaf, low, high)
        )
        database.execute(sql.SQL("alter table {} owner to validahub_owner").format(leaf))
    database.execute("alter table public.events owner to validahub_owner")

    all_of(running(database, only, "partitions"))

    assert f"FROM ('{month(1):%Y-%m-%d} 03:00:00+00')" in bounds(database)[f"events_{month(1):%Y_%m}"]


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

    with pytest.raises(StewardError, match=r"a name of 65 bytes, over PostgreSQL's 63; say a shorter naming"):
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

    assert [f"public.events_{month(each):%Y_%m}" for each in (0, 1)] == list(running(database, only, "partitions").due)


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

    looks = "select reloptions, relreplident from pg_class where oid = %s::regclass"
    new = f"public.events_{month(1):%Y_%m}"
    assert database.execute(looks, [leaf]) == database.execute(looks, [new])
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
    assert [2, 2, 4] == [count(database, each) for each in (label, "public.events_rest", "public.events")]


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
        held(database, "lock table public.events in share update exclusive mode") as holder,
        pytest.raises(Busy, match=f"attempts of 0.25 s: pid {holder.info.backend_pid} .someone"),
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

    with held(database, "lock table public.events in share update exclusive mode"):
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
        'lock table only "public"."events_rest" in access exclusive mode',
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
    with held(database, "select count(*) from public.events"):
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

    # An attempt is 250 ms; the rest is the machine's.
    assert max(took) < 0.6, statistics.quantiles(took, n=4)


def test_other_levels_of_a_tree_and_other_kinds_of_key_are_left_alone(database, settings, running):
    for statement in (
        "create table public.by_list (k int, at date) partition by list (k)",
        "create table public.by_list_1 partition of public.by_list for values in (1) partition by range (at)",
        "create table public.by_number (n bigint) partition by range (n)",
        "create table public.by_number_1 partition of public.by_number for values from (0) to (10)",
        "create table public.by_two (at date, n int) partition by range (at, n)",
        "create table public.empty (at date) partition by range (at)",
        "create table public.nested (at date, k int) partition by range (at)",
        (
            f"create table public.nested_1 partition of public.nested for values from ('{month(0):%Y-%m-%d}')"
            f" to ('{month(1):%Y-%m-%d}') partition by list (k)"
        ),
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
