from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from steward.retention import coverage
from steward.retention.legal_holds import RefusalError
from tests.fixtures.retention import old, shop, suggest, with_rules
from tests.fixtures.running import changed


def hold(database, table="public.suggestions", predicate=None, tenant=None, until=None):
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, tenant_id, until, owner, reason)"
        " values (%s, %s, %s, now() + %s::interval, 'legal@example.com', 'case 7')",
        (table, predicate, tenant, until),
    )


def left(database, where="true"):
    query = sql.SQL("select count(*) as count from public.suggestions where {}").format(sql.SQL(where))
    return database.execute(query)[0]["count"]


def test_a_tenants_rows_stay_while_its_hold_stands(database, settings, purging):
    suggest(database, 4)
    suggest(database, 3, tenant="t_b")
    hold(database, tenant="t_b")

    outcome = purging(database, settings).only()

    assert (outcome.before.due, outcome.before.held, outcome.figures["held"]) == (4, 3, 3)
    assert left(database) == left(database, "tenant_id = 't_b'") == 3


@pytest.mark.parametrize(
    "table", ["suggestions", "public.suggestions", '"suggestions"', 'public."suggestions"', '"public"."suggestions"']
)
def test_a_hold_names_its_table_with_or_without_schema_and_quotes(database, settings, purging, table):
    suggest(database, 2)
    suggest(database, 1, tenant="t_b")
    hold(database, table, tenant="t_a")

    assert purging(database, settings).only().before.held == 2


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.b", "a.b"),
        ("a.b", "shop.a.b"),
        ("a.b", 'shop."a.b"'),
        ('Odd "x"', 'shop."Odd ""x"""'),
        ('Odd "x"', 'Odd "x"'),
        ('"quoted"', '"quoted"'),
        ("100%", '"shop"."100%"'),
        ("x" * 63, "x" * 63),
    ],
)
def test_a_hold_finds_a_table_of_any_name(database, settings, purging, name, written):
    table = sql.Identifier("shop", name)
    with shop(database) as conn:
        conn.execute(sql.SQL("create table {} (at timestamptz)").format(table))
        conn.execute(sql.SQL("insert into {} values (now() - interval '9 days')").format(table))
    hold(database, written)
    rules = {"odd": old(f"shop.{sql.Identifier(name).as_string(None)}")}

    assert "a legal hold keeps every one" in str(purging(database, with_rules(settings, rules)).only())


def test_a_name_that_is_too_long_is_no_name_of_the_table_that_it_would_be_cut_to(database, settings, purging):
    with shop(database) as conn:
        conn.execute(sql.SQL("create table {} (at timestamptz)").format(sql.Identifier("x" * 63)))
        conn.execute(sql.SQL("insert into {} values (now() - interval '9 days')").format(sql.Identifier("x" * 63)))
    hold(database, "x" * 64)

    assert "no such table" in str(purging(database, with_rules(settings, {"x": old("shop." + "x" * 63)})).only())


@pytest.mark.parametrize(
    "predicate",
    [
        "record_number <= 2",
        "suggestions.record_number <= 2",
        "record_number <= 2 -- the first two",
        "field_name like 'tit%' and record_number in (1, 2)",
        "record_number::text ~ '^[12]$' and '{}' = '{}'",
        "exists (select from public.schema_version) and record_number < 3",
        "case when record_number > 2 then false end",
        "false) or (record_number < 3",
    ],
)
def test_a_predicate_keeps_the_rows_that_it_names_or_cannot_decide_about(database, settings, purging, predicate):
    suggest(database, 5)
    hold(database, predicate=predicate)

    outcome = purging(database, settings).only()

    assert (outcome.figures["done"], outcome.figures["held"]) == (3, 2)
    assert left(database, "record_number <= 2") == 2


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("job = 7", 'column "job" does not exist'),
        ("record_number <", "syntax error"),
        ("", "syntax error"),
        ("record_number", "cannot cast|argument of"),
        ("count(*) > 1", "aggregate functions are not allowed"),
        ("true) or (record_number", "argument of|cannot cast|operator does not exist"),
        ("true; delete from public.suggestions", "syntax error"),
        ("true) as bool); delete from public.suggestions; --", "syntax error"),
        ("true) as pg_catalog.bool) or cast((true", "syntax error"),
        ("record_number / 0 = 1 or 1 / 0 = 1", "division by zero"),
    ],
)
def test_a_predicate_that_the_server_refuses_keeps_everything(database, settings, purging, predicate, message):
    suggest(database, 3)
    hold(database, predicate=predicate)

    refusal = purging(database, settings).only()

    assert isinstance(refusal, RefusalError)
    with pytest.raises(
        RefusalError, match=rf"legal hold 1 on public.suggestions \(owner legal@.*not valid.*({message})"
    ):
        raise refusal
    assert left(database) == 3


@pytest.mark.parametrize("mode", ["act", "plan"])
def test_no_record_quotes_what_a_hold_is_about(database, settings, purging, checking, mode):
    suggest(database, 3)
    hold(database, predicate="field_name = 'Maria da Silva' or record_number = 2 -- 100 % {of} it")
    run = purging(database, changed(settings, mode=mode))
    judged = checking(database, settings)
    judged.run("retention_overdue", **coverage.overdue(judged))

    ended = run.only()

    written = (run.folder / "journal.jsonl").read_text() + str(judged.statements)
    assert "Maria" not in written
    assert "true /* the predicate of steward.legal_hold 1 */" in written
    if mode == "act":
        assert (ended.figures["held"], left(database)) == (1, 1)


def test_a_refused_rule_does_not_keep_the_others_from_acting(database, settings, purging):
    suggest(database, 3)
    hold(database, predicate="no such thing")
    with shop(database) as conn:
        conn.execute("create table t (at timestamptz)")
        conn.execute("insert into t values (now() - interval '3 days')")
    rules = {**settings.profile.retention.rules, "t": old("shop.t")}

    ended = purging(database, with_rules(settings, rules)).all()

    assert isinstance(ended["public.suggestions expired_suggestions"], RefusalError)
    assert ended["shop.t t"].figures["done"] == 1


def test_a_hold_on_a_table_that_does_not_exist_stops_every_rule(database, settings, purging):
    suggest(database, 3)
    hold(database, table="public.sugestions")

    ended = purging(database, settings).all().values()

    assert ended
    for refusal in ended:
        assert "legal hold 1 on public.sugestions (owner legal@example.com): no such table" in str(refusal)
    assert left(database) == 3


def test_a_tenants_hold_on_a_table_without_tenants_refuses(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table t (at timestamptz)")
        conn.execute("insert into t values (now() - interval '3 days')")
    hold(database, "shop.t", tenant="t_a")

    assert "has no column for a tenant" in str(purging(database, with_rules(settings, {"t": old("shop.t")})).only())


def test_a_hold_ends_at_its_time(database, settings, purging):
    suggest(database, 3)
    hold(database, until="-1 second")
    suggest(database, 2, tenant="t_b")
    hold(database, tenant="t_b", until="1 hour")

    assert purging(database, settings).only().figures["done"] == 3


def test_a_hold_on_one_partition_keeps_that_one_and_one_on_the_parent_keeps_all(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table log (at timestamptz not null, id int) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute("create table log_2011 partition of log for values from ('2011-01-01') to ('2012-01-01')")
        conn.execute("insert into log values ('2010-05-05', 1), ('2011-05-05', 2), ('2011-05-05', 3)")
    hold(database, "log_2010")
    hold(database, "shop.log", predicate="id = 3")

    run = purging(database, with_rules(settings, {"log": old("shop.log")}))
    due = run.due()

    assert {label: (item.subject.due, item.subject.held) for label, item in due.items()} == {
        "shop.log_2010 log": (0, 1),
        "shop.log_2011 log": (1, 1),
    }
    run.all()
    assert database.execute("select id from shop.log order by id") == [{"id": 1}, {"id": 3}]


@pytest.fixture
def tree(database):
    """A parent, its children and theirs, all of the same name in schemas of their own."""
    with shop(database) as conn:
        conn.execute("create table node (id int primary key, at timestamptz)")
        conn.execute("create table leaf (id int primary key, node int references node on delete cascade, note text)")
        conn.execute("create table mark (leaf int references leaf on delete cascade, at timestamptz)")
        conn.execute("insert into node select n, now() - interval '9 days' from generate_series(1, 4) n")
        conn.execute("insert into leaf select n * 10, n, 'note ' || n from generate_series(1, 4) n")
        conn.execute("insert into mark select n * 10, now() from generate_series(1, 4) n")
    return {"node": old("shop.node", allow_cascades=("shop.leaf", "shop.mark"))}


@pytest.mark.parametrize(
    "kept_row",
    [
        ("shop.leaf", "note = 'note 2'"),
        ("shop.leaf", "leaf.node = 2"),
        ("shop.mark", "mark.leaf = 20"),
        ("mark", "leaf = 20"),
    ],
    ids=["held0", "held1", "held2", "held3"],
)
def test_a_row_with_a_held_row_below_it_stays(database, settings, purging, tree, kept_row):
    table, predicate = kept_row
    hold(database, table, predicate=predicate)

    outcome = purging(database, with_rules(settings, tree)).only()

    assert (outcome.figures["done"], outcome.figures["held"]) == (3, 1)
    assert database.execute("select id from shop.node") == [{"id": 2}]
    assert database.execute("select id from shop.leaf") == [{"id": 20}]


def test_a_hold_below_a_cycle_of_cascades_refuses(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table node (id int primary key, at timestamptz, up int references node on delete cascade)")
        conn.execute("insert into node values (1, now() - interval '9 days', null), (2, now(), 1)")
    rules = with_rules(settings, {"node": old("shop.node", allow_cascades=("shop.node",))})
    hold(database, "shop.node", predicate="id = 2")

    assert "through a cycle of cascades" in str(purging(database, rules).only())
    assert database.execute("select count(*) as count from shop.node") == [{"count": 2}]

    database.execute("delete from steward.legal_hold")

    assert purging(database, rules).only().figures["cascaded"] == {"shop.node": 1}


def test_a_hold_that_comes_between_two_batches_is_kept(database, settings, purging):
    suggest(database, 40)
    few = {"batch_rows_start": 10, "batch_rows_minimum": 10, "batch_rows_maximum": 10}
    run = purging(database, with_rules(settings, dict(settings.profile.retention.rules), **few))
    original = run.journal.write

    def write(event, **fields):
        original(event, **fields)
        if event == "progress" and fields.get("done") == 20:
            hold(database, predicate="record_number > 30")

    run.journal.write = write
    outcome = run.only()

    assert (outcome.figures["done"], outcome.after.held, outcome.after.due) == (30, 10, 0)
    assert left(database, "record_number > 30") == 10


def test_holds_that_cannot_be_read_stop_the_purge(database, settings, purging):
    suggest(database, 3)
    run = purging(database, settings)
    run.conn.execute("set lock_timeout = '300ms'")
    with database.connect() as other:
        other.execute("begin")
        other.execute("lock table steward.legal_hold in access exclusive mode")

        assert isinstance(run.only(), psycopg.errors.LockNotAvailable)
    assert left(database) == 3
