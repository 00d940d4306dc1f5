from __future__ import annotations

import dataclasses
import typing
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row

from steward import InventoryError
from steward.database import inventory, session
from tests.fixtures.running import changed, open_transaction, settled, until

HOSTILE = 'Odd ".x"; drop %s %(a)s {b} é'
LONGEST = "ç" * 31 + "x"

text = st.text()
number = st.integers()


def values(kind, **chosen):
    """Any instance of one of the inventory's dataclasses."""
    hints = typing.get_type_hints(kind)
    return st.builds(
        kind,
        **{
            field_.name: chosen.get(field_.name, st.from_type(hints[field_.name]))
            for field_ in dataclasses.fields(kind)
        },
    )


partitions = values(inventory.Partition)
scans = values(
    inventory.Scan,
    gathered=st.dictionaries(
        text,
        st.lists(st.dictionaries(text, st.none() | st.booleans() | number | text, max_size=2), max_size=2),
        max_size=2,
    ),
)


@drawn(deadline=None)
@given(scans)
def test_a_scan_survives_json_exactly(scan):
    assert scan == inventory.from_json(inventory.to_json(scan))


@drawn(deadline=None)
@given(scans)
def test_counters_and_times_do_not_change_the_digest(scan):
    busier = dataclasses.replace(
        scan,
        server=dataclasses.replace(scan.server, taken_at="later", settings={}),
        relations=tuple(dataclasses.replace(relation, dead_rows=1, last_vacuum="now") for relation in scan.relations),
        gathered={},
    )

    assert inventory.digest(scan) == inventory.digest(busier)


@pytest.fixture
def scan(database, settings):
    """Scan a database as a run does: ``scan()``, with tables of the profile said otherwise."""

    def ask(at=database, **tables):
        limited = changed(settings, **tables)
        with session.observer(at.target(), limited.profile) as conn:
            settled(conn)
            return inventory.scan(conn, limited.profile)

    return ask


def names(found):
    return [relation.ident for relation in found.relations]


def test_the_schema_is_seen_whole_and_nothing_else(database, scan):
    database.execute("create extension if not exists pg_stat_statements")
    database.execute("create temporary table fleeting ()")

    found = scan()

    assert {"r", "p", "m"} == {relation.kind for relation in found.relations}
    assert {"public"} == {relation.schema for relation in found.relations}
    assert {"public.suggestions", "public.correction_logs", "public.rule_effectiveness"} < set(names(found))
    assert ["public.correction_logs"] == [family.ident for family in found.families]


def test_two_scans_are_equal_but_for_time_and_in_order(database, scan):
    first, second = scan(), scan()

    assert inventory.digest(first) == inventory.digest(second)
    assert names(first) == names(second)
    assert sorted(first.relations, key=lambda entry: (entry.schema.encode(), entry.name.encode())) == list(
        first.relations
    )


def test_members_of_extensions_are_left_out(database, scan):
    database.execute("create table public.member ()")
    database.execute("alter extension pg_stat_statements add table public.member")

    assert "public.member" not in names(scan())


@pytest.mark.parametrize("name", [HOSTILE, LONGEST, "table", "Ä", "a.b"])
def test_hostile_names_are_quoted_as_the_server_does(database, scan, name):
    composed = sql.Identifier("public", name)
    database.execute(sql.SQL("create table {} (a int)").format(composed))
    [expected] = database.execute("select %s::regclass::text as ident", [composed.as_string(None)])

    [found] = [relation for relation in scan().relations if relation.name == name]

    assert f"public.{expected['ident']}" == found.ident == found.lane == found.root


def test_leaves_have_lanes_of_their_own_and_parents_share_their_roots(scan):
    found = scan()
    lanes = {relation.ident: relation.lane for relation in found.relations if relation.root == "public.correction_logs"}

    assert "public.correction_logs" == lanes.pop("public.correction_logs")
    assert len(lanes) > 3
    assert all(ident == lane for ident, lane in lanes.items())


def test_deeper_trees_know_their_root_and_level(database, scan):
    for statement in (
        "create table public.a (at date, k int) partition by range (at)",
        (
            "create table public.b partition of public.a for values from ('2020-01-01') to ('2021-01-01')"
            " partition by list (k)"
        ),
        "create table public.c partition of public.b for values in (1, null)",
    ):
        database.execute(statement)

    found = scan()

    tree = {
        relation.name: (relation.root, relation.level, relation.lane)
        for relation in found.relations
        if relation.root == "public.a"
    }
    assert {
        "a": ("public.a", 0, "public.a"),
        "b": ("public.a", 1, "public.a"),
        "c": ("public.a", 2, "public.c"),
    } == tree
    families = {family.name: family for family in found.families}
    assert ("r", ("at",), ("date",), 0) == _shape(families["a"])
    assert ("l", ("k",), ("integer",), 1) == _shape(families["b"])
    assert families["a"].partitions[0].is_partitioned
    assert not families["b"].partitions[0].is_partitioned


def _shape(family):
    return family.strategy, family.key_columns, family.key_types, family.level


def ends(scan, name):
    """The bounds of a family's partitions by their names."""
    family = next(partition for partition in scan().families if partition.name == name)
    return {partition.name: (partition.lower, partition.upper, partition.is_default) for partition in family.partitions}


@pytest.mark.parametrize(
    ("key", "low", "high", "expected"),
    [
        ("date", "2026-01-01", "infinity", ("2026-01-01", "infinity")),
        ("timestamp", "2026-01-01", "2026-01-01 12:00:00.5", ("2026-01-01T00:00:00", "2026-01-01T12:00:00.5")),
        ("timestamptz", "2026-01-01 00:00+09", "2026-02-01 00:00-03", ("2025-12-31T15:00:00", "2026-02-01T03:00:00")),
        ("bigint", "-5", "10", ("-5", "10")),
        ("text", "a') TO ('b", "b%s{x}''", ("a') TO ('b", "b%s{x}''")),
        ("text", "MAXVALUE", "MINVALUE", ("MAXVALUE", "MINVALUE")),
        ("numeric", "-0.5", "1e3", ("-0.5", "1000")),
    ],
)
def test_bounds_are_read_by_their_grammar(database, scan, key, low, high, expected):  # noqa: PLR0917 - the columns of its table
    with database.connect() as conn:
        conn.execute("set timezone = 'Asia/Tokyo'")
        conn.execute("set datestyle = 'SQL, DMY'")
        conn.execute(f"create table public.f (k {key}) partition by range (k)")
        statement = sql.SQL("create table public.f_1 partition of public.f for values from ({}) to ({})")
        conn.execute(statement.format(sql.Literal(low), sql.Literal(high)))

    assert {"f_1": (*expected, False)} == ends(scan, "f")


def test_open_ends_defaults_and_lists_have_no_bounds(database, scan):
    for statement in (
        "create table public.f (k text, n int) partition by range (k, n)",
        "create table public.f_1 partition of public.f for values from (minvalue, minvalue) to ('x, ''y', maxvalue)",
        "create table public.f_2 partition of public.f default",
        "create table public.g (k text) partition by list (k)",
        "create table public.g_1 partition of public.g for values in ('FOR VALUES FROM (''1'') TO (''2'')')",
        "create table public.h (k int) partition by hash (k)",
        "create table public.h_1 partition of public.h for values with (modulus 2, remainder 0)",
        "create table public.empty (k int) partition by range ((k + 1))",
    ):
        database.execute(statement)

    assert {"f_1": (None, "x, 'y", False), "f_2": (None, None, True)} == ends(scan, "f")
    assert {"g_1": (None, None, False)} == ends(scan, "g")
    assert {"h_1": (None, None, False)} == ends(scan, "h")
    assert {} == ends(scan, "empty")
    assert [("(expression)",)] == [family.key_columns for family in scan().families if family.name == "empty"]


def test_the_profile_chooses_schemas_and_leaves_out_whole_trees(database, scan):
    database.execute("create schema other")
    database.execute("create table other.t ()")
    tree = {"public.correction_logs"}
    nothing = {"tables": 0, "partitions": 0, "matviews": 0}

    assert {"other.t"} == set(names(scan(target={"schemas": ("other",)}, minimum=nothing)))
    assert not tree & set(names(scan(target={"exclude": ("public.correction*",)}, minimum=nothing)))
    assert [] == [
        relation.ident
        for relation in scan(target={"exclude": ("public.correction_logs",)}, minimum=nothing).relations
        if relation.is_partition
    ]
    leaf = next(relation.ident for relation in scan().relations if relation.is_partition)
    without = scan(target={"exclude": (leaf,)})
    assert leaf not in names(without)
    # A gap is not made by leaving out a leaf: the family keeps all of its partitions.
    assert leaf in [relation.ident for family in without.families for relation in family.partitions]


@pytest.mark.parametrize("glob", ["public.a_b", "public.a%b", "public.a\\b"])
def test_signs_of_like_stand_for_themselves_in_exclusions(database, scan, glob):
    name = glob.removeprefix("public.")
    for entry in (name, "axb"):
        database.execute(sql.SQL("create table public.{} ()").format(sql.Identifier(entry)))
    found = [relation.name for relation in scan(target={"exclude": (glob,)}).relations]

    assert name not in found
    assert "axb" in found


def test_an_emptier_database_than_expected_is_an_error_that_says_how_empty(database, scan):
    with pytest.raises(
        InventoryError, match="0 tables are in sight of role validahub_system, the profile expects at least 4"
    ):
        scan(target={"schemas": ("nowhere",)})


def test_sizes_counters_options_and_ages_are_those_of_the_server(database, scan):
    database.execute("create table public.t (id int, note text) with (fillfactor = 70, toast.autovacuum_enabled = off)")
    database.execute("insert into public.t select n, repeat('x', 100) from generate_series(1, 500) as n")
    # Before 15 a session's counts may come in after those of the next one, which a VACUUM then does not replace.
    counted = "select n_live_tup, n_dead_tup from pg_stat_user_tables where relname = 't'"
    until(lambda: database.execute(counted)[0]["n_live_tup"] == 500)
    database.execute("vacuum (analyze) public.t")
    database.execute("delete from public.t where id <= 100")
    until(lambda: database.execute(counted)[0]["n_dead_tup"] == 100)
    [server] = database.execute(
        "select pg_relation_size('public.t') as size, pg_total_relation_size('public.t') as total,"
        " greatest(age(c.relfrozenxid), age(t.relfrozenxid)) as age"
        " from pg_class as c join pg_class as t on t.oid = c.reltoastrelid where c.oid = 'public.t'::regclass"
    )

    [found] = [relation for relation in scan().relations if relation.name == "t"]

    assert (server["size"], server["total"]) == (found.size, found.total_size)
    assert (500, 400, 100) == (found.row_estimate, found.live_rows, found.dead_rows)
    assert ({"fillfactor": "70"}, {"autovacuum_enabled": "off"}) == (found.options, found.toast_options)
    assert server["age"] == found.xid_age
    assert found.last_vacuum.endswith("Z")
    assert found.last_analyze.endswith("Z")


def test_a_parent_has_no_age_of_its_own(scan):
    [parent] = [relation for relation in scan().relations if relation.kind == "p"]

    assert (0, 0) == (parent.xid_age, parent.mxid_age)


def test_a_table_locked_exclusively_is_read_past_with_an_estimated_size(database, scan):
    database.execute("create table public.t as select n from generate_series(1, 1000) as n")
    database.execute("analyze public.t")
    with open_transaction(database, "lock table public.t in access exclusive mode"):
        [found] = [
            relation
            for relation in scan(locks={"other": timedelta(milliseconds=200)}).relations
            if relation.name == "t"
        ]

    assert found.pages * 8192 == found.size == found.total_size


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(database, settings):
    database.execute("create table public.f (k int) partition by range (k)")
    with database.connect() as conn:
        for k in range(100):
            conn.execute(f"create table public.f_{k} partition of public.f for values from ({k}) to ({k + 1})")
    with Counting.connect(database.conninfo(), autocommit=True, row_factory=dict_row) as counting:
        found = inventory.scan(counting, settings.profile)

    assert 3 == counting.statements
    assert 100 == len(next(family for family in found.families if family.name == "f").partitions)


class Counting(psycopg.Connection[dict[str, Any]]):
    """A connection that counts its statements."""

    statements = 0

    def execute(self, *args, **options):
        self.statements += 1
        return super().execute(*args, **options)
