from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg import sql

from checks import test_replication as runbook
from steward import Inconclusive
from tests.fixtures.running import changed, until

ITEMS = ("slots", "lost", "standbys", "synchronous", "archiver")
MB = 1 << 20


@pytest.fixture
def found(own_cluster, checking, settings):
    """What an item finds on the test's own server: ``found("slots", slot_wal=...)``."""
    database = own_cluster.create(own_cluster.template("empty"))

    def ask(item, **limits):
        check = checking(database, changed(settings, replication=limits))
        try:
            getattr(runbook, f"test_{item}")(check)
        except AssertionError:
            assert check.offenders
        finally:
            check.conn.close()
        return check.offenders

    return ask


def write(cluster, megabytes=1):
    """Write so much WAL."""
    with cluster.connect() as conn:
        for _ in range(megabytes):
            conn.execute("select pg_catalog.pg_logical_emit_message(false, 'test', repeat('x', 1048576))")


def restart(cluster, **settings):
    cluster.stop()
    cluster.server.start(**settings)


@pytest.mark.parametrize("item", ITEMS)
def test_a_server_without_replication_is_green(database, settings, checking, item):
    getattr(runbook, f"test_{item}")(checking(database, settings))


# --- slots ---------------------------------------------------------------------------------------


def test_a_slot_that_nobody_reads_is_found_when_it_holds_too_much(own_cluster, found):
    with own_cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_create_physical_replication_slot('forgotten', true)")
        conn.execute("select pg_catalog.pg_create_physical_replication_slot('reserves_nothing')")
    write(own_cluster, 3)
    (finding,) = found("slots", unread_wal=2 * MB)
    young = found("slots")
    with own_cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_drop_replication_slot('forgotten')")

    assert ("replication slot", "forgotten") == (finding.object_type, finding.object_name)
    assert finding.observed.startswith("not read")
    assert finding.observed.endswith(" of WAL")
    assert "at most 2048 kB while nobody reads it" == finding.expected
    assert "WAL status reserved; nothing limits what it may hold" == finding.detail
    assert finding.remediation.endswith("select pg_catalog.pg_drop_replication_slot('forgotten')")
    assert [] == young
    assert [] == found("slots", unread_wal=2 * MB)


def test_a_slot_that_nobody_has_read_for_long_is_found_where_the_server_knows(own_cluster, found):
    with own_cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_create_physical_replication_slot('forgotten', true)")
    names = [finding.object_name for finding in found("slots", unread_for=timedelta(0))]

    assert names == (["forgotten"] if own_cluster.version >= 17 else [])
    assert [] == found("slots", unread_for=timedelta(days=1))


def test_a_slot_whose_wal_is_gone_is_found_before_and_after(own_cluster, found):
    restart(own_cluster, max_slot_wal_keep_size="1MB", min_wal_size="32MB", max_wal_size="32MB")
    with own_cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_create_physical_replication_slot('forgotten', true)")
        healthy = found("lost")
        for _ in range(4):
            write(own_cluster)
            conn.execute("select pg_catalog.pg_switch_wal()")
        (before,) = until(lambda: found("lost"))
        conn.execute("checkpoint")
        (after,) = until(lambda: [finding for finding in found("lost") if "lost" in finding.observed])
        holding = found("slots", unread_wal=0)
        conn.execute("select pg_catalog.pg_drop_replication_slot('forgotten')")

    assert [] == healthy
    assert before.observed.startswith(("WAL status unreserved", "WAL status lost"))
    assert "forgotten" == after.object_name
    assert after.observed.startswith("WAL status lost")
    assert ("wal_removed" in after.observed) == (own_cluster.version >= 17)
    assert "pg_drop_replication_slot('forgotten'), and build its standby" in after.remediation
    assert [] == holding
    assert [] == found("lost")


# --- standbys ------------------------------------------------------------------------------------


def test_a_standby_that_falls_behind_is_found_until_it_has_caught_up(own_cluster, standby, found):
    near = until(lambda: found("standbys", standby_behind=2 * MB) == [])
    with standby.connect() as replica:
        replica.execute("select pg_catalog.pg_wal_replay_pause()")
        write(own_cluster, 3)
        (finding,) = until(lambda: found("standbys", standby_behind=2 * MB))
        (late,) = until(lambda: found("standbys", standby_lag=timedelta(milliseconds=100)))
        replica.execute("select pg_catalog.pg_wal_replay_resume()")

        assert near
        assert ("standby", "walreceiver") == (finding.object_type, finding.object_name.partition(",")[0])
        assert finding.observed.endswith(" behind")
        assert "state streaming, async" == finding.detail
        assert late.observed.startswith("00:00:0")
        assert until(lambda: found("standbys", standby_behind=2 * MB) == [])


def synchronous(cluster, names, commit="on"):
    with cluster.connect() as conn:
        conn.execute(sql.SQL("alter system set synchronous_standby_names = {}").format(names))
        conn.execute(sql.SQL("alter system set synchronous_commit = {}").format(commit))
        conn.execute("select pg_catalog.pg_reload_conf()")


def test_commits_that_wait_for_nobody_are_found(own_cluster, standby, found):
    synchronous(own_cluster, "gone")
    (finding,) = until(lambda: found("synchronous"))
    synchronous(own_cluster, "first 1 (walreceiver)")
    one = until(lambda: found("synchronous") == [])
    synchronous(own_cluster, "any 2 (walreceiver, gone)")
    (two,) = until(lambda: [finding for finding in found("synchronous") if finding.observed.startswith("1 ")])
    synchronous(own_cluster, "gone", "local")

    assert ("0 synchronous standbys are connected", "at least 1") == (finding.observed, finding.expected)
    assert "commits wait for them: gone" == finding.detail
    assert one
    assert ("1 synchronous standbys are connected", "at least 2") == (two.observed, two.expected)
    assert until(lambda: found("synchronous") == [])


@pytest.mark.parametrize("item", ["standbys", "synchronous"])
def test_a_role_that_sees_no_standbys_decides_nothing(database, blind, item):
    with pytest.raises(Inconclusive, match="grant pg_monitor to"):
        getattr(runbook, f"test_{item}")(blind(database))


# --- archive -------------------------------------------------------------------------------------


def switch(cluster):
    """Hand a segment to the archiver."""
    with cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_logical_emit_message(false, 'test', 'x')")
        conn.execute("select pg_catalog.pg_switch_wal()")


def test_an_archive_command_that_fails_is_found_until_it_succeeds(own_cluster, found):
    restart(own_cluster, archive_mode="on", archive_command="false")
    switch(own_cluster)
    (finding,) = until(lambda: found("archiver"))
    restart(own_cluster, archive_mode="on", archive_command="true")
    switch(own_cluster)

    assert ("archiver", "archive_mode on") == (finding.object_type, finding.object_name)
    assert finding.observed.startswith("failed last at ")
    assert finding.detail.startswith("never archived, ")
    assert until(lambda: found("archiver") == [])


def test_an_archive_without_a_command_is_found(own_cluster, found):
    restart(own_cluster, archive_mode="on", archive_command="")

    assert ["no archive_command"] == [finding.observed for finding in found("archiver")]
