from __future__ import annotations

import pytest

from steward.retention.legal_holds import RefusalError
from tests.fixtures.retention import old, rule, shop, with_rules


@pytest.fixture
def family(database):
    """A parent with a child that follows it, a grandchild that follows the child, and one that forgets its parent."""
    with shop(database) as conn:
        conn.execute("create table parent (id int primary key, at timestamptz, state text)")
        conn.execute("create table child (id int primary key, parent int references parent on delete cascade)")
        conn.execute("create table grandchild (child int references child on delete cascade)")
        conn.execute("create table forgetful (parent int references parent on delete set null)")
        conn.execute(
            "insert into parent select n, now() - interval '9 days' * (n % 2), 'on' from generate_series(1, 10) n"
        )
        conn.execute("insert into child select n, (n - 1) % 10 + 1 from generate_series(1, 30) n")
        conn.execute("insert into grandchild select n from generate_series(1, 30) n")
        conn.execute("insert into forgetful select n from generate_series(1, 10) n")
    return database


def counts(database):
    rows = database.execute(
        "select (select count(*) from shop.parent) as parents, (select count(*) from shop.child) as children,"
        " (select count(*) from shop.grandchild) as grandchildren, (select count(*) from shop.forgetful) as forgetful"
    )
    return list(rows[0].values())


def test_cascades_beyond_the_rule_are_counted_and_refused_before_anything_goes(family, settings, purging):
    refusal = purging(family, with_rules(settings, {"parents": old("shop.parent")})).only()

    assert isinstance(refusal, RefusalError)
    assert str(refusal) == (
        "retention.rules.parents: refused, since it would do more than it says: 15 rows of shop.child would follow by"
        " foreign key; 5 rows of shop.forgetful would follow by foreign key; 15 rows of shop.grandchild would follow by"
        " foreign key; nothing was changed; where that is meant, set"
        ' allow_cascades = ["shop.child", "shop.forgetful", "shop.grandchild"] in the profile'
    )
    assert counts(family) == [10, 30, 30, 10]


def test_each_table_must_be_allowed(family, settings, purging):
    rules = {"parents": old("shop.parent", allow_cascades=("shop.child", "shop.forgetful"))}

    assert 'allow_cascades = ["shop.grandchild"]' in str(purging(family, with_rules(settings, rules)).only())
    assert counts(family) == [10, 30, 30, 10]


def test_allowed_cascades_follow_and_are_in_the_figures(family, settings, purging):
    rules = {"parents": old("shop.parent", allow_cascades=("shop.child", 'shop."grandchild"', "shop.forgetful"))}
    run = purging(family, with_rules(settings, rules))

    outcome = run.only()

    assert outcome.figures["cascaded"] == {"shop.child": 15, "shop.forgetful": 5, "shop.grandchild": 15}
    assert "15 rows of shop.child" in run.due()["shop.parent parents"].why
    assert counts(family) == [5, 15, 15, 10]
    assert family.execute("select count(parent) as count from shop.forgetful") == [{"count": 5}]


def test_a_cascade_to_a_partitioned_table_is_one_and_named_by_its_root(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table parent (id int primary key, at timestamptz)")
        conn.execute("create table child (parent int references parent on delete cascade) partition by list (parent)")
        conn.execute("create table child_1 partition of child for values in (1)")
        conn.execute("create table child_2 partition of child for values in (2)")
        conn.execute("insert into parent select n, now() - interval '9 days' from generate_series(1, 2) n")
        conn.execute("insert into child values (1), (2), (2)")

    refusal = purging(database, with_rules(settings, {"parents": old("shop.parent")})).only()

    assert "than it says: 3 rows of shop.child would follow" in str(refusal)


def test_a_reference_to_a_partitioned_table_is_found_for_its_leaves(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table log (id int, at timestamptz, primary key (id, at)) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute(
            "create table note (id int, at timestamptz, foreign key (id, at) references log on delete cascade)"
        )
        conn.execute("insert into log values (1, '2010-02-02'), (2, '2010-02-02')")
        conn.execute("insert into note values (1, '2010-02-02')")

    assert "1 rows of shop.note" in str(purging(database, with_rules(settings, {"log": old("shop.log")})).only())

    allowed = {"log": old("shop.log", allow_cascades=("shop.note",))}

    assert purging(database, with_rules(settings, allowed)).only().figures["done"] == 2
    assert database.execute("select count(*) as count from shop.note") == [{"count": 0}]


TRIGGERS = {
    "row": "create trigger t before delete on t for each row execute function f()",
    "statement": "create trigger t after delete on t for each statement execute function f()",
    "with update": "create trigger t after update or delete on t for each row execute function f()",
    "always": "create trigger t after delete on t for each row execute function f()",
    "constraint": "create constraint trigger t after delete on t deferrable for each row execute function f()",
    "rule": "create rule t as on delete to t do also select 1",
}


@pytest.fixture
def table(database):
    with shop(database) as conn:
        conn.execute("create table t (id int, at timestamptz, state text)")
        conn.execute("insert into t select n, now() - interval '9 days', 'on' from generate_series(1, 5) n")
        conn.execute("create function f() returns trigger language plpgsql as 'begin return coalesce(new, old); end'")
        yield conn


@pytest.mark.parametrize("kind", TRIGGERS)
def test_triggers_are_refused_until_the_rule_names_them(database, settings, purging, table, kind):
    table.execute(TRIGGERS[kind])
    if kind == "always":
        table.execute("alter table t enable always trigger t")

    refusal = purging(database, with_rules(settings, {"t": old("shop.t")})).only()

    assert isinstance(refusal, RefusalError)
    assert 'would act on delete; nothing was changed; where that is meant, set allow_triggers = ["shop.t.t"]' in str(
        refusal
    )

    if kind != "rule":
        allowed = {"t": old("shop.t", allow_triggers=("shop.t.t",))}

        assert purging(database, with_rules(settings, allowed)).only().figures["done"] == 5


@pytest.mark.parametrize(
    "statement",
    [
        "create trigger t before insert on t for each row execute function f()",
        "create trigger t before update on t for each row execute function f()",
        "create trigger t after truncate on t execute function f()",
    ],
)
def test_triggers_of_other_events_do_not_matter(database, settings, purging, table, statement):
    table.execute(statement)

    assert purging(database, with_rules(settings, {"t": old("shop.t")})).only().figures["done"] == 5


@pytest.mark.parametrize("state", ["disable", "enable replica"])
def test_triggers_that_would_not_fire_do_not_matter(database, settings, purging, table, state):
    table.execute(TRIGGERS["row"])
    table.execute(f"alter table t {state} trigger t")

    assert purging(database, with_rules(settings, {"t": old("shop.t")})).only().figures["done"] == 5


@pytest.mark.parametrize("column", ["state", "id"])
def test_an_update_sets_off_the_triggers_of_its_columns(database, settings, purging, table, column):
    table.execute(f"create trigger t before update of {column} on t for each row execute function f()")
    on = ({"column": "state", "any_of": ("on",)},)
    rules = {"t": rule("shop.t", action="update", clock="at", older_than="1 day", where=on, set={"state": "off"})}

    ended = purging(database, with_rules(settings, rules)).only()

    assert isinstance(ended, RefusalError) == (column == "state")


def test_triggers_on_the_leaves_and_on_tables_that_follow_are_found(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create function f() returns trigger language plpgsql as 'begin return old; end'")
        conn.execute("create table log (id int, at timestamptz, primary key (id, at)) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute(
            "create table note (id int, at timestamptz, foreign key (id, at) references log on delete cascade)"
        )
        conn.execute("insert into log values (1, '2010-02-02')")
        conn.execute("create trigger whole before delete on log for each row execute function f()")
        conn.execute("create trigger part before delete on log_2010 for each row execute function f()")
        conn.execute("create trigger follower before delete on note for each row execute function f()")
    rules = {"log": old("shop.log", allow_cascades=("shop.note",))}

    refusal = purging(database, with_rules(settings, rules)).only()

    assert 'allow_triggers = ["shop.log.whole", "shop.log_2010.part", "shop.note.follower"]' in str(refusal)


def test_a_rule_on_one_partition_sees_the_triggers_that_its_parent_has_handed_down(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create function f() returns trigger language plpgsql as 'begin return old; end'")
        conn.execute("create table log (id int, at timestamptz) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute("create trigger whole after delete on log for each row execute function f()")
        conn.execute("insert into log values (1, '2010-02-02')")

    alone = purging(database, with_rules(settings, {"leaf": old("shop.log_2010")})).only()
    through_the_parent = purging(database, with_rules(settings, {"log": old("shop.log")})).only()

    assert 'allow_triggers = ["shop.log_2010.whole"]' in str(alone)
    assert 'allow_triggers = ["shop.log.whole"]' in str(through_the_parent)


def test_an_update_of_a_referenced_key_counts_what_follows(database, settings, purging, table):
    table.execute("create table parent (code text primary key, at timestamptz)")
    table.execute("create table child (code text references parent on update cascade on delete restrict)")
    table.execute("insert into parent values ('a', now() - interval '9 days')")
    table.execute("insert into child values ('a'), ('a')")
    a = ({"column": "code", "any_of": ("a",)},)
    rules = {"p": rule("shop.parent", action="update", clock="at", older_than="1 day", where=a, set={"code": "z"})}

    assert "2 rows of shop.child would follow" in str(purging(database, with_rules(settings, rules)).only())


def test_a_trigger_that_comes_after_the_plan_is_refused(database, settings, purging, table):
    run = purging(database, with_rules(settings, {"t": old("shop.t")}))
    table.execute(TRIGGERS["row"])

    assert isinstance(run.only(), RefusalError)
    assert database.execute("select count(*) as count from shop.t") == [{"count": 5}]


def test_nothing_due_nothing_to_refuse(database, settings, purging, table):
    table.execute(TRIGGERS["row"])
    table.execute("update t set at = now()")

    assert purging(database, with_rules(settings, {"t": old("shop.t")})).due() == {}
