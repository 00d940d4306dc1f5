"""Whoever keeps dead rows from being removed is named by the vacuum that fails for it, by an operator's run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from tests.fixtures.database import TestDatabase
from tests.fixtures.running import open_transaction, until
from tests.fixtures.standby import caught_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Cluster
    from tests.fixtures.suite import Suite

SNAPSHOT = ("set transaction isolation level repeatable read", "select 1")


@pytest.fixture
def worn(own_cluster: Cluster) -> TestDatabase:
    """A table with live rows, on a server of its own."""
    database = own_cluster.create(own_cluster.template("empty"))
    _fill(database)
    return database


def _fill(database: TestDatabase) -> None:
    database.execute("create table public.t (id int primary key)")
    database.execute("alter table public.t owner to validahub_owner")
    database.execute("insert into public.t select generate_series(1, 2000)")
    database.execute("vacuum (analyze) public.t")


def _reason(suite: Suite, database: TestDatabase) -> str:
    """Why the vacuum of the table failed, after most of its rows have died."""
    database.execute("delete from public.t where id <= 1500")
    run = suite.run("daily", "-k", "vacuum and public.t", "--no-report", database=database)
    [item] = [item for item in run.record["items"] if item["subject"] == "public.t"]
    assert (1, "failed") == (run.code, item["outcome"]), item["reason"]
    assert "\n" not in item["reason"]
    return str(item["reason"])


def test_a_transaction_left_open_is_named(suite: Suite, database: TestDatabase) -> None:
    _fill(database)
    with open_transaction(database, *SNAPSHOT) as holder:
        reason = _reason(suite, database)

        assert f"by pid {holder.info.backend_pid} (someone, idle in transaction)" in reason

    assert 0 == suite.run("daily", "-k", "vacuum and public.t", "--no-report", database=database).code


def test_a_prepared_transaction_is_named(suite: Suite, database: TestDatabase) -> None:
    _fill(database)
    with database.connect(autocommit=False) as conn:
        conn.execute("create table public.unborn ()")
        conn.execute("prepare transaction 'forgotten'")
    try:
        assert "by prepared transaction 'forgotten' of postgres" in _reason(suite, database)
    finally:
        database.execute("rollback prepared 'forgotten'")


def test_a_standby_that_gives_feedback_is_named(
    suite: Suite, worn: TestDatabase, own_cluster: Cluster, standby: Cluster
) -> None:
    _feed_back(standby)
    with _read(own_cluster, standby, worn):
        until(lambda: worn.execute("select 1 from pg_stat_replication where backend_xmin is not null"))

        assert "by standby feedback of pid" in _reason(suite, worn)


def test_a_slot_is_named_while_its_standby_reads_and_when_it_is_gone(
    suite: Suite, worn: TestDatabase, own_cluster: Cluster, standby: Cluster
) -> None:
    worn.execute("select pg_create_physical_replication_slot('left_behind')")
    _feed_back(standby, primary_slot_name="left_behind")
    with _read(own_cluster, standby, worn):
        until(lambda: worn.execute("select 1 from pg_replication_slots where xmin is not null"))
        reading = _reason(suite, worn)
        standby.kill9()
        until(lambda: not worn.execute("select 1 from pg_replication_slots where active"))
        gone = _reason(suite, worn)

    assert "by replication slot left_behind of pid" in reading
    assert "by replication slot left_behind, which nobody reads" in gone


def _feed_back(standby: Cluster, **more: str) -> None:
    """Let the primary know what the standby's sessions read."""
    with standby.connect() as conn:
        for name, value in {"hot_standby_feedback": "on", "wal_receiver_status_interval": "1s", **more}.items():
            statement = sql.SQL("alter system set {} = {}")
            conn.execute(statement.format(sql.Identifier(name), sql.Literal(value)))
        conn.execute("select pg_reload_conf()")


@contextmanager
def _read(primary: Cluster, standby: Cluster, database: TestDatabase) -> Iterator[None]:
    """A report on the standby that goes on for long."""
    until(lambda: caught_up(primary))
    conn = TestDatabase(database.name, standby).connect(autocommit=False)
    try:
        for statement in SNAPSHOT:
            conn.execute(statement)
        yield
    finally:
        conn.close()
