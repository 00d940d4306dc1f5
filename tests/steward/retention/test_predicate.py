"""The rows that a rule reaches on the server are those that an independent reading of the rule reaches."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from psycopg import sql

from steward import profile
from steward.database import queries, session
from steward.retention import predicate, resolved_rule
from steward.retention.predicate import Bindings
from tests.fixtures.retention import rule, shop

NOW = datetime(2024, 3, 31, 2, 30, tzinfo=UTC)
QUICK = drawn(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CLOCKS = {"timestamptz": "instant", "timestamp": "local", "date": "day"}


def before(now: datetime, interval: str) -> datetime:
    """The calendar as PostgreSQL has it: months first (a day that the month lacks becomes its last), days, time."""
    words = interval.split()
    figures = {unit.rstrip("s"): int(count) for count, unit in zip(words[::2], words[1::2], strict=True)}
    months = figures.get("month", 0) + 12 * figures.get("year", 0)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    days = figures.get("day", 0) + 7 * figures.get("week", 0)
    rest = timedelta(
        days=days, hours=figures.get("hour", 0), minutes=figures.get("minute", 0), seconds=figures.get("second", 0)
    )
    return now.replace(year=year, month=month + 1, day=day) - rest


counts = st.integers(1, 40)
units = st.sampled_from(
    ["day", "days", "week", "weeks", "month", "months", "year", "years", "hours", "minutes", "seconds"]
)
intervals = st.lists(st.tuples(counts, units), min_size=1, max_size=3, unique_by=lambda unit: unit[1].rstrip("s")).map(
    lambda parts: " ".join(f"{count} {unit}" for count, unit in parts)
)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@QUICK
@given(now=instants, interval=intervals)
def test_cutoffs_are_calendar_arithmetic_in_utc(database, now, interval):
    with session.login(database.target("postgres")) as conn:
        rows = queries.fetch(conn, "retention/cutoffs", {"now": now.isoformat(), "intervals": [interval, None]})

    assert [row["cutoff"] and datetime.fromisoformat(row["cutoff"]) for row in rows] == [before(now, interval), None]


@pytest.fixture
def things(database):
    with shop(database) as conn:
        conn.execute("create type mood as enum ('fine', 'odd', 'done')")
        conn.execute(
            "create table thing (id int, instant timestamptz, local timestamp, day date, mood mood, word varchar(20),"
            " score numeric(6, 4), ratio float8, flag bool)"
        )
        yield conn


conditions = st.lists(
    st.one_of(
        st.builds(
            dict,
            column=st.just("mood"),
            any_of=st.lists(st.sampled_from(["fine", "odd", "done"]), min_size=1, max_size=3).map(tuple),
        ),
        st.builds(
            dict, column=st.just("word"), any_of=st.lists(st.sampled_from(["", "it's", "100%"]), min_size=1).map(tuple)
        ),
        st.builds(dict, column=st.just("flag"), any_of=st.sampled_from([("true",), ("false",), ("true", "false")])),
        st.builds(dict, column=st.sampled_from(["score", "ratio"]), below=st.sampled_from([0.3, 0.0, 0.1 + 0.2, 1.5])),
        st.builds(dict, column=st.sampled_from(["score", "ratio"]), at_least=st.sampled_from([0.3, 0.0, 1e-4])),
        st.builds(dict, column=st.sampled_from(["word", "score", "flag"]), is_null=st.booleans()),
    ),
    max_size=3,
)
ages = st.one_of(
    st.none(), st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(hours=3), timedelta(days=1)])
)
rows = st.lists(
    st.tuples(
        st.none() | st.tuples(st.sampled_from([-1, 1]), ages.filter(lambda age: age is not None)),
        st.none() | st.sampled_from(["fine", "odd", "done"]),
        st.none() | st.sampled_from(["", "it's", "100%", "other"]),
        st.none() | st.sampled_from(["0.3000", "0.2999", "0.3001", "0.0000", "1.5000"]),
        st.none() | st.sampled_from([0.3, 0.1 + 0.2, 0.0, 1.5]),
        st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def holds_for(condition, row):
    value = row[condition["column"]]
    if "is_null" in condition:
        return (value is None) == condition["is_null"]
    if value is None:
        return False
    if "any_of" in condition:
        return (str(value).lower() if isinstance(value, bool) else value) in condition["any_of"]
    exact = Decimal if isinstance(value, Decimal) else float
    if "below" in condition:
        return value < exact(repr(condition["below"]))
    return value >= exact(repr(condition["at_least"]))


def old_enough(value, cutoff):
    if value is None:
        return False
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) < cutoff
    # A day is over when the next begins.
    return datetime(value.year, value.month, value.day, tzinfo=UTC) + timedelta(days=1) <= cutoff


@QUICK
@given(rows=rows, where=conditions, interval=intervals, clock=st.sampled_from(sorted(CLOCKS.values())))
def test_a_rule_reaches_what_it_says_and_nothing_else(things, rows, where, interval, clock):
    cutoff = before(NOW, interval)
    stored = []
    for number, (offset, mood, word, score, ratio, flag) in enumerate(rows):
        at = None if offset is None else cutoff + offset[0] * offset[1]
        stored.append(
            {
                "id": number,
                "instant": at,
                "local": at and at.replace(tzinfo=None),
                "day": at and at.date(),
                "mood": mood,
                "word": word,
                "score": score and Decimal(score),
                "ratio": ratio,
                "flag": flag,
            }
        )
    things.execute("truncate thing")
    with things.cursor() as cursor:
        columns = sql.SQL(", ").join(sql.Placeholder(name) for name in stored[0])
        cursor.executemany(sql.SQL("insert into thing values ({})").format(columns), stored)
    rule_of = rule("shop.thing", clock=clock, older_than=interval, where=tuple(where))

    values = Bindings()
    clauses = predicate.past_cutoff(rule_of, "thing", values.bind(cutoff.isoformat()))
    clauses += predicate.conditions(rule_of, "thing", values)
    text = sql.SQL("select id from shop.thing where {} order by id").format(predicate.all_of(clauses))
    reached = [row["id"] for row in things.execute(text, values).fetchall()]

    expected = [
        row["id"]
        for row in stored
        if old_enough(row[clock], cutoff) and all(holds_for(condition, row) for condition in where)
    ]
    assert reached == expected


@QUICK
@given(
    parents=st.sets(st.tuples(st.sampled_from("ab"), st.integers(1, 3)), max_size=4),
    children=st.lists(
        st.tuples(st.none() | st.sampled_from("ab"), st.none() | st.integers(1, 3)), min_size=1, max_size=6
    ),
)
def test_an_orphan_has_a_reference_and_no_parent(things, parents, children):
    things.execute("create table if not exists parent (tenant text, id int)")
    things.execute("create table if not exists kid (n int, tenant text, parent_id int)")
    things.execute("truncate parent, kid")
    with things.cursor() as cursor:
        cursor.executemany("insert into parent values (%s, %s)", list(parents))
        cursor.executemany("insert into kid values (%s, %s, %s)", [(n, *child) for n, child in enumerate(children)])
    rule_of = rule("shop.kid", orphan_of={"table": "shop.parent", "on": {"tenant": "tenant", "parent_id": "id"}})

    text = sql.SQL("select n from shop.kid where {} order by n").format(
        predicate.all_of(predicate.lifecycle(rule_of, "kid", sql.Literal(None)))
    )

    expected = [n for n, child in enumerate(children) if None not in child and child not in parents]
    assert [row["n"] for row in things.execute(text).fetchall()] == expected


@QUICK
@given(parts=st.tuples(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20)))
def test_a_name_that_the_profile_writes_is_read_back(parts):
    parts = tuple(part.replace("\x00", "x") for part in parts)
    written = ".".join('"' + part.replace('"', '""') + '"' for part in parts)

    assert predicate.split_name(written) == parts


@pytest.mark.parametrize(("name", "parts"), [("public.a_1$", ("public", "a_1$")), ('a."b.c"', ("a", "b.c"))])
def test_plain_names_need_no_quotes(name, parts):
    assert predicate.split_name(name) == parts


def test_facts_survive_the_plan(database):
    found = profile.load("development")
    with session.maintenance(database.target(), found) as conn:
        for span in resolved_rule.find(conn, found, found.retention.rules, "2026-01-31 00:00:00+00"):
            assert resolved_rule.from_json(resolved_rule.to_json(span)) == span
