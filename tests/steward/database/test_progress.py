"""What the server says of its own progress is read alike for every command, on every version."""

from __future__ import annotations

import threading
import time

import pytest

from steward.database import progress

COLUMNS = ["pid", "command", "relation", "phase", "done", "total", "percent"]
TABLE = 'public."Odd name"'


@pytest.fixture
def table(blank):
    """A table of some pages, with dead rows, and an index that takes long to build."""
    with blank.connect() as conn:
        conn.execute('create table public."Odd name" (id integer, filler text) with (autovacuum_enabled = off)')
        conn.execute("insert into public.\"Odd name\" select i, repeat('x', 500) from generate_series(1, 400) as i")
        conn.execute('delete from public."Odd name" where id % 4 = 0')
        conn.execute(
            "create function public.slowly(integer) returns integer language plpgsql immutable "
            "as $$ begin perform pg_sleep(0.005); return $1; end $$"
        )
    return blank


def _seen(database, statement, *settings, until=lambda row: True, then=lambda: None):
    """Run a statement aside, return the first row of progress that fits, and then let it go on."""

    def run():
        with database.connect() as conn:
            for setting in settings:
                conn.execute(setting)
            conn.execute(statement)

    thread = threading.Thread(target=run)
    thread.start()
    fitting = None
    give_up = time.monotonic() + 30
    with database.connect() as conn:
        while thread.is_alive() and fitting is None and time.monotonic() < give_up:
            fitting = next((row for row in progress.rows(conn) if until(row)), None)
            time.sleep(0.01)
    then()
    thread.join()
    assert fitting, f"{statement} was never seen"
    return fitting


SLOW = ("set vacuum_cost_delay = '5ms'", "set vacuum_cost_limit = 1")


def test_nothing_runs_nothing_is_shown(blank):
    with blank.connect() as conn:
        assert progress.rows(conn) == []


def test_a_vacuum_is_shown_with_its_pages(table):
    row = _seen(
        table, 'vacuum public."Odd name"', *SLOW, until=lambda row: row["phase"] == "scanning heap" and row["done"]
    )

    assert list(row) == COLUMNS
    assert (row["command"], row["relation"]) == ("VACUUM", TABLE)
    assert 0 < row["done"] <= row["total"]
    assert row["percent"] == round(100 * row["done"] / row["total"], 1)


def test_an_analyze_is_shown_with_its_sample(table):
    row = _seen(table, 'analyze public."Odd name"', *SLOW, until=lambda row: row["total"])

    assert list(row) == COLUMNS
    assert (row["command"], row["relation"]) == ("ANALYZE", TABLE)


def test_an_index_build_is_shown_with_its_table(table):
    row = _seen(
        table, 'create index concurrently on public."Odd name" (public.slowly(id))', until=lambda row: row["total"]
    )

    assert list(row) == COLUMNS
    assert (row["command"], row["relation"]) == ("CREATE INDEX CONCURRENTLY", TABLE)
    assert 0 <= row["percent"] <= 100


def test_an_index_build_that_waits_says_for_how_many(table):
    build = 'create index concurrently on public."Odd name" (id)'
    with table.connect() as conn:
        conn.execute("begin")
        conn.execute('lock table public."Odd name" in row exclusive mode')
        row = _seen(table, build, until=lambda row: row["total"], then=lambda: conn.execute("rollback"))

    assert row["phase"] == "waiting for writers before build"
    assert (row["done"], row["total"]) == (0, 1)


def test_a_rewrite_is_shown(table):
    table.execute('create index on public."Odd name" (public.slowly(id))')
    row = _seen(table, 'vacuum full public."Odd name"', until=lambda row: row["command"] == "VACUUM FULL")

    assert list(row) == COLUMNS
    assert row["relation"] == TABLE


def test_other_databases_are_not_looked_at(cluster, table):
    other = cluster.create()
    thread = threading.Thread(target=lambda: table.execute('create index on public."Odd name" (public.slowly(id))'))
    thread.start()
    with other.connect() as conn:
        rows = progress.rows(conn)
    thread.join()
    cluster.drop(other)

    assert rows == []
