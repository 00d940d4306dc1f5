"""The private server: started, kept, shared, crashed, and built again where a build died."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from steward import TargetError
from steward.database import queries
from steward.server import binaries, embedded, postmaster, throwaway
from steward.server.embedded import SETTINGS
from steward.server.postmaster import PrivateServer
from tests.fixtures import database

ROOT = Path(__file__).resolve().parents[3]


def place():
    """A folder that the server's user can enter, with what shells and PostgreSQL must quote in its name."""
    found = Path(tempfile.mkdtemp(prefix="it's a %p ", dir="/var/tmp"))
    found.chmod(0o755)
    yield found
    for data in found.rglob("data"):
        PrivateServer(data.parent, binaries.find({}, found), SETTINGS).stop(signal.SIGQUIT)
    shutil.rmtree(found)


@pytest.fixture
def bare():
    """Where nothing was built yet."""
    yield from place()


@pytest.fixture(scope="module")
def built(found):
    """A server that was built and stopped."""
    for folder in place():
        with embedded.running(folder, found, mark):
            pass
        yield folder


@pytest.fixture
def home(built):
    """A copy of the built server for one test."""
    for folder in place():
        subprocess.run(["/bin/cp", "-a", f"{built}/.", str(folder)], check=True)
        yield folder


@pytest.fixture(scope="module")
def found():
    for folder in place():
        yield binaries.find({"STEWARD_BINDIR": os.environ.get("STEWARD_TEST_BINDIR", "")}, folder)


def mark(server):
    """Stand in for the demo data: one table, which only a finished build has."""
    with psycopg.connect(server.conninfo("postgres", "postgres")) as conn:
        conn.execute("create table built as select clock_timestamp() as at")


def ask(server, question):
    with psycopg.connect(server.conninfo("postgres", "postgres"), autocommit=True) as conn:
        return conn.execute(question).fetchone()[0]


def test_the_server_is_built_once_and_kept(bare, found):
    with embedded.running(bare, found, mark) as server:
        first = ask(server, "select at::text from built")
        pid = server.pid
    with embedded.running(bare, found, mark) as server:
        second = ask(server, "select at::text from built")

    assert second == first
    assert server.pid is None
    assert not Path(f"/proc/{pid}").exists()


def test_the_server_is_as_production_is(home, found):
    expected = {
        "data_checksums": "on",
        "listen_addresses": "",
        "shared_preload_libraries": "pg_stat_statements",
        "wal_level": "replica",
        "archive_mode": "on",
        "autovacuum": "on",
        "fsync": "on",
        "timezone": "UTC",
    }
    with embedded.running(home, found, mark) as server:
        shown = {name: ask(server, f"show {name}") for name in expected}

    assert shown == expected


def test_only_its_user_reaches_the_socket(home, found):
    with embedded.running(home, found, mark) as server:
        folder = server.sockets
        status = folder.stat()

        assert status.st_mode & 0o777 == 0o700
        assert status.st_uid == binaries.server_user().uid
    assert not folder.exists()


def test_the_archive_is_written_and_bounded(home, found, monkeypatch):
    monkeypatch.setitem(embedded.SETTINGS, "archive_command", SETTINGS["archive_command"].replace("+65", "+4"))
    with embedded.running(home, found, mark) as server:
        segments = []
        for _ in range(6):
            segments.append(ask(server, "select pg_walfile_name(pg_current_wal_lsn())"))
            ask(server, "select txid_current()")
            ask(server, "select pg_switch_wal()")
        until = time.monotonic() + 20
        while ask(server, "select last_archived_wal from pg_stat_archiver") != segments[-1]:
            assert time.monotonic() < until
            time.sleep(0.05)
        failed = ask(server, "select failed_count from pg_stat_archiver")

    # The switch of the last moment may come on top.
    assert failed == 0
    assert segments[-3:] == sorted(path.name for path in (home / "archive").iterdir())[:3]


def test_the_last_user_stops_the_server(home, found):
    with embedded.running(home, found, mark) as outer:
        with embedded.running(home, found, mark) as inner:
            assert inner.pid == outer.pid
        assert ask(outer, "select 1") == 1
        pid = outer.pid

    assert not Path(f"/proc/{pid}").exists()


def test_two_starts_at_once_build_one_server(bare, found):
    builds, pids, together = [], [], threading.Barrier(3)

    def build(server):
        builds.append(server)
        mark(server)

    def use():
        with embedded.running(bare, found, build) as server:
            together.wait(60)
            pids.append(server.pid)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(builds) == 1
    assert len(pids) == 3
    assert len(set(pids)) == 1


def test_a_crashed_server_recovers(home, found):
    with embedded.running(home, found, mark) as server:
        folder = server.sockets
        with psycopg.connect(server.conninfo("postgres", "postgres"), autocommit=True) as conn:
            conn.execute("insert into built select clock_timestamp() from generate_series(1, 10)")
            server.kill()
    with embedded.running(home, found, mark) as again:
        rows = ask(again, "select count(*) from built")

    assert rows == 11
    assert not folder.exists()


def test_a_pid_file_whose_number_is_another_process_is_seen_through(home, found):
    with embedded.running(home, found, mark) as server:
        server.kill()
        pidfile = server.data / "postmaster.pid"
        lines = pidfile.read_text().splitlines()
        with subprocess.Popen(["/bin/sleep", "60"]) as other:
            pidfile.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
            server.start()
            answer = ask(server, "select 1")
            spared = other.poll() is None
            other.kill()

    assert answer == 1
    assert spared


CHILD = """
import sys, time
from pathlib import Path
from steward.server import binaries, embedded
def build(server):
    if {slow}:
        print("building", flush=True)
        time.sleep(60)
with embedded.running(Path(sys.argv[1]), binaries.find({{}}, Path(sys.argv[1])), build) as server:
    print("running", server.pid, flush=True)
    time.sleep(60)
"""


@contextmanager
def child(home, *, slow):
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(slow=slow), str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield process, process.stdout.readline().split()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_build_killed_halfway_is_done_again(bare, found):
    with child(bare, slow=True) as (process, words):
        process.kill()
    half_built = (bare / "building" / "data").exists()
    with embedded.running(bare, found, mark) as server:
        rows = ask(server, "select count(*) from built")

    assert words == ["building"]
    assert half_built
    assert rows == 1
    assert not (bare / "building" / "data").exists()


def test_a_server_whose_user_was_killed_is_taken_over_and_stopped(home, found):
    with child(home, slow=False) as (process, words):
        process.kill()
    with embedded.running(home, found, mark) as server:
        pid = server.pid

    assert words == ["running", str(pid)]
    assert server.pid is None


def test_the_server_outlives_a_signal_to_the_group(home, found):
    with child(home, slow=False) as (process, words):
        group = os.getpgid(int(words[1]))

        assert group != os.getpgid(process.pid)


def test_a_build_that_fails_leaves_nothing_running(bare, found):
    servers = []

    def fail(server):
        servers.append(server)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), embedded.running(bare, found, fail):
        pass

    assert servers[0].pid is None
    assert not (bare / "data").exists()


def test_a_rebuild_replaces_the_server(home, found):
    with embedded.running(home, found, mark) as server:
        first = ask(server, "select at::text from built")
    embedded.rebuild(home, found, mark)
    with embedded.running(home, found, mark) as server:
        second = ask(server, "select at::text from built")

    assert second > first


def test_a_rebuild_is_refused_while_somebody_uses_the_server(home, found):
    with embedded.running(home, found, mark), pytest.raises(TargetError, match="another run uses it"):
        embedded.rebuild(home, found, mark)


def test_a_server_that_cannot_start_says_why_in_one_line(home, found):
    with embedded.running(home, found, mark) as server:
        pass
    broken = PrivateServer(home, found, {**SETTINGS, "shared_buffers": "nonsense"})

    with pytest.raises(TargetError, match="shared_buffers") as caught:
        broken.start()
    assert "\n" not in str(caught.value)
    assert not broken._made.exists()
    assert server.pid is None


@pytest.mark.parametrize(
    ("asked", "cause"),
    [("/nowhere", "no initdb and no postgres there"), ("/bin", "no initdb and no postgres there")],
)
def test_a_folder_without_a_server_is_refused(bare, asked, cause):
    with pytest.raises(TargetError, match=cause):
        binaries.find({"STEWARD_BINDIR": asked}, bare)


def test_programs_that_do_not_run_are_refused(bare):
    for name in ("initdb", "postgres"):
        (bare / name).write_text("#!/bin/sh\necho wrong platform >&2\nexit 1\n")
        (bare / name).chmod(0o755)

    with pytest.raises(TargetError, match=r"does not run on this machine \(wrong platform\)"):
        binaries.find({"STEWARD_BINDIR": str(bare)}, bare / "binaries")


@pytest.mark.skipif(not Path("/usr/lib/postgresql").exists(), reason="this machine has no PostgreSQL of its own")
def test_the_systems_newest_server_is_found(bare):
    newest = max(int(path.name) for path in Path("/usr/lib/postgresql").iterdir() if path.name.isdigit())

    assert binaries.find({"STEWARD_BINDIR": "system"}, bare).version == newest


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_roots_own_programs_are_copied_for_the_server_once(bare, found):
    private = bare / "private"
    private.mkdir(mode=0o700)
    package = found.bindir.parent.parent
    for part in (package, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    asked = {"STEWARD_BINDIR": str(private / package.name / found.bindir.relative_to(package))}
    first = binaries.find(asked, bare / "copies")
    second = binaries.find(asked, bare / "copies")
    with embedded.running(bare / "server", first, mark) as server:
        answer = ask(server, "select 1")

    assert first.bindir.is_relative_to(bare / "copies")
    assert second == first
    assert len(list((bare / "copies").iterdir())) == 1
    assert answer == 1


KILLED = """
import os, signal
from tests.fixtures import database
for cluster in database.own_server():
    print(cluster.pid, cluster.server.place.parent, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_of_killed_tests_are_ended_by_the_next():
    process = subprocess.run([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    pid, home = process.stdout.split()
    alive = postmaster._command(int(pid))
    database.sweep()

    assert process.returncode == -signal.SIGKILL
    assert home in alive
    assert postmaster._command(int(pid)) == ""
    assert not Path(home).exists()


@pytest.fixture
def strict_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_strict_umask_does_not_lock_the_server_out(bare, found, strict_umask):
    with embedded.running(bare / "deep" / "place", found, mark) as server:
        answer = ask(server, "select 1")

    assert answer == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_a_place_that_the_server_cannot_enter_is_told_in_one_line(bare, found):
    (bare / "closed").mkdir(mode=0o700)

    with (
        pytest.raises(TargetError, match=r"nobody, who cannot enter .*/closed; set STEWARD_STATE"),
        embedded.running(bare / "closed" / "place", found, mark),
    ):
        pass


def test_each_checkout_user_and_major_has_a_server_of_its_own(monkeypatch, bare):
    environ = {"STEWARD_STATE": str(bare)}
    here = throwaway.server_folder(environ, 18)
    monkeypatch.setattr(queries, "SQL", Path("/elsewhere/sql"))
    elsewhere = throwaway.server_folder(environ, 18)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)

    assert here.is_relative_to(bare)
    assert len({here, elsewhere, throwaway.server_folder(environ, 18), throwaway.server_folder(environ, 17)}) == 4
