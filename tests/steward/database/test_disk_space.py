from __future__ import annotations

import os
import shutil
import socket
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from steward import Deferred, Inconclusive
from steward.database import disk_space, session
from steward.database.target import Target
from tests.fixtures.disk import elsewhere
from tests.fixtures.running import changed

MB = 1 << 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at the other end")


@pytest.fixture
def frugal(settings):
    """A profile by which a nearly full disk of the test's machine is no reason."""
    return changed(settings, disk={"headroom": 1.2, "free": 0.0}).profile


def tablespace(database, name):
    return database.execute("select oid::bigint as oid from pg_tablespace where spcname = %s", [name])[0]["oid"]


@contextmanager
def far(database, profile):
    """A maintenance session whose server is not proven to be on this machine."""
    with elsewhere(database.conninfo("validahub_maintenance")) as conninfo:
        conn = session.maintenance(Target("database", conninfo, "far"), profile)
        try:
            yield conn
        finally:
            conn.close()


def test_room_of_a_local_server_is_what_its_data_directory_has(maintaining, cluster, frugal):
    found = disk_space.free_space(maintaining, frugal)

    assert (str(cluster.server.data), shutil.disk_usage(cluster.server.data).total) == (found.place, found.total)
    disk_space.require(maintaining, frugal, MB)


def test_maintenance_role_is_no_superuser_and_still_finds_the_place(maintaining, frugal):
    [row] = maintaining.execute("select rolsuper from pg_roles where rolname = current_user").fetchall()

    assert not row["rolsuper"]
    assert disk_space.free_space(maintaining, frugal).place.startswith("/")


def test_more_than_there_is_defers_and_says_how_much(maintaining, frugal):
    need = 2 * disk_space.free_space(maintaining, frugal).total

    with pytest.raises(Deferred, match=r"MB are to be written, and [\d,]+ of [\d,]+ MB are free in /") as caught:
        disk_space.require(maintaining, frugal, need)

    assert caught.value.figures["disk"]["need"] == need


def test_share_that_must_stay_free_is_kept(maintaining, settings):
    with pytest.raises(Deferred, match="MB must stay free"):
        disk_space.require(maintaining, changed(settings, disk={"free": 1.0, "enough": 1 << 60}).profile, MB)


def test_of_a_large_disk_enough_must_stay_free_and_no_share(maintaining, settings):
    disk_space.require(maintaining, changed(settings, disk={"free": 1.0, "enough": MB}).profile, MB)


def test_server_on_loopback_is_on_this_machine(own_cluster, settings, frugal):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own_cluster.server.stop()
    own_cluster.server.start(listen_addresses="127.0.0.1", port=str(port))
    words = make_conninfo("", host="127.0.0.1", port=port, user="postgres", dbname="postgres")
    with psycopg.connect(words, row_factory=dict_row, autocommit=True) as conn:
        assert disk_space.free_space(conn, frugal).place == str(own_cluster.server.data)


def test_server_behind_a_forwarder_is_not_on_this_machine(database, frugal):
    with far(database, frugal) as conn, pytest.raises(Inconclusive, match=r"state target\.capacity in the profile"):
        disk_space.require(conn, frugal, MB)


def test_declared_capacity_less_what_is_used_is_the_room_elsewhere(database, frugal, settings):
    declared = changed(settings, target={"capacity": 1 << 40}, disk={"headroom": 1.2, "free": 0.0}).profile
    with far(database, declared) as conn:
        found = disk_space.free_space(conn, declared)
        [row] = database.execute("select sum(pg_database_size(oid))::bigint as size from pg_database")

        assert "target.capacity of the profile" == found.place
        assert 0 < row["size"] <= found.total - found.available < row["size"] + (1 << 30)
        disk_space.require(conn, declared, MB)


def test_declared_capacity_that_is_used_up_defers(database, settings):
    declared = changed(settings, target={"capacity": 8 * MB}).profile
    with far(database, declared) as conn, pytest.raises(Deferred, match=r"0 of 8 MB are free in target\.capacity"):
        disk_space.require(conn, declared, MB)


def test_used_space_that_may_not_be_seen_is_inconclusive(database, settings):
    declared = changed(settings, target={"capacity": 1 << 40}).profile
    database.execute("create role blind login")
    try:
        with (
            elsewhere(database.conninfo("blind")) as conninfo,
            session.login(Target("database", conninfo, "far")) as conn,
            pytest.raises(Inconclusive, match="grant pg_monitor to validahub_system"),
        ):
            disk_space.require(conn, declared, MB)
    finally:
        database.execute("drop role blind")


def test_room_of_a_tablespace_is_its_own_disks(database, maintaining, frugal, small_tablespace):
    oid = tablespace(database, small_tablespace(16))
    found = disk_space.free_space(maintaining, frugal, tablespace=oid)

    assert 16 * MB == found.total
    disk_space.require(maintaining, frugal, 8 * MB, tablespace=oid)
    with pytest.raises(Deferred, match=r"14 MB are to be written, and 16 of 16 MB are free in /"):
        disk_space.require(maintaining, frugal, 14 * MB, tablespace=oid)


def test_full_tablespace_defers_what_would_fit_an_empty_one(database, maintaining, frugal, small_tablespace):
    oid = tablespace(database, small_tablespace(16))
    place = Path(disk_space.free_space(maintaining, frugal, tablespace=oid).place)
    with (place / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, 12 * MB)

    with pytest.raises(Deferred, match="and 4 of 16 MB are free"):
        disk_space.require(maintaining, frugal, 8 * MB, tablespace=oid)


def test_tablespace_elsewhere_needs_a_capacity_of_its_own(database, settings, small_tablespace):
    name = small_tablespace(16)
    oid = tablespace(database, name)
    silent = changed(settings, target={"capacity": 1 << 40}).profile
    saying = changed(settings, target={"tablespaces": {name: 1 << 30}}, disk={"free": 0.0}).profile
    with far(database, silent) as conn:
        with pytest.raises(Inconclusive, match=rf'state target\.tablespaces\."{name}" in the profile'):
            disk_space.require(conn, silent, MB, tablespace=oid)

        assert 1 << 30 == disk_space.free_space(conn, saying, tablespace=oid).total
        disk_space.require(conn, saying, MB, tablespace=oid)
        with pytest.raises(Deferred):
            disk_space.require(conn, saying, 1 << 30, tablespace=oid)


def test_tablespace_that_is_gone_is_inconclusive(maintaining, frugal):
    with pytest.raises(Inconclusive, match="the tablespace is gone"):
        disk_space.require(maintaining, frugal, MB, tablespace=4_000_000_000)
