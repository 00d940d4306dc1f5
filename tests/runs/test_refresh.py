"""A whole run over materialized views that read one another, with more workers than one."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from tests.fixtures.database import TestDatabase
    from tests.fixtures.suite import Suite

# Named against their order, and the last one large: neither the alphabet nor the cost may decide.
CHAIN = ("z_source", "m_between", "a_last")
QUERY = "select n, clock_timestamp() as at from generate_series(1, 10) as n"


def ident(name: str) -> str:
    return f"public.{sql.Identifier(name).as_string(None)}"


def plant(database: TestDatabase, prefix: str, query: str = QUERY) -> list[str]:
    """Make three views, each of which reads the one before it through a plain view; return their names in order."""
    names = [f'{prefix} "{name}"' for name in CHAIN]
    for name in names:
        view, plain = sql.Identifier("public", name), sql.Identifier("public", f"{name} plain")
        for statement in (
            "create materialized view {view} as " + query,
            "create unique index on {view} (n)",
            "create view {plain} as select * from {view}",
            "alter materialized view {view} owner to validahub_system",
            "alter view {plain} owner to validahub_system",
        ):
            database.execute(sql.SQL(statement).format(view=view, plain=plain))
        query = (
            sql.SQL("select n, clock_timestamp() as at, s.at as source_at from {} as s").format(plain).as_string(None)
        )
    return names


def newest(database: TestDatabase, name: str, column: str):
    [row] = database.execute(
        sql.SQL("select max({}) as at from {}").format(sql.Identifier(column), sql.Identifier("public", name))
    )
    return row["at"]


def test_sources_are_refreshed_before_what_reads_them_whatever_the_number_of_workers(
    suite: Suite, database: TestDatabase
) -> None:
    chains = [plant(database, prefix) for prefix in ("one", "two")]

    run = suite.run("daily", "--no-report", "--workers", "2", database=database)

    assert 0 == run.code, run.err
    assert {"passed"} == set(run.outcomes("matviews").values())
    assert 4 + 2 * len(CHAIN) == len(run.outcomes("matviews"))
    for chain in chains:
        for source, reader in pairwise(chain):
            assert newest(database, source, "at") == newest(database, reader, "source_at")
    lanes = {item["subject"]: item["lane"] for item in run.record["items"] if item["name"] == "matviews"}
    assert [1, 1] == [len({lanes[ident(name)] for name in chain}) for chain in chains]


def test_a_source_that_fails_defers_what_reads_it_and_nothing_else(suite: Suite, database: TestDatabase) -> None:
    database.execute("create table public.divisor as select 1 as n")
    database.execute("alter table public.divisor owner to validahub_owner")
    divided = "select n, now() as at, n / (select n from public.divisor) as share from generate_series(1, 3) as n"
    broken = plant(database, "broken", divided)
    whole = plant(database, "whole")
    database.execute("update public.divisor set n = 0")

    run = suite.run("daily", "--no-report", "-k", "matviews", "--workers", "2", database=database)
    items = {item["subject"]: item for item in run.record["items"] if item["name"] == "matviews"}
    first, second, third = (items[ident(name)] for name in broken)

    assert 1 == run.code
    assert ["error", "deferred", "deferred"] == [item["outcome"] for item in (first, second, third)]
    assert "SQLSTATE 22012" in first["reason"]
    assert ident(broken[0]) in second["reason"]
    assert ident(broken[1]) in third["reason"]
    assert 4 + len(whole) == [item["outcome"] for item in items.values()].count("passed")
