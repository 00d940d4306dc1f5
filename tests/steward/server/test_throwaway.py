"""Servers that the suite starts: the demo in the embedded one and in a container, and what is refused."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from steward import TargetError
from steward.database import session, target
from steward.server import throwaway
from steward.setup import demo, provision
from tests.fixtures.docker import IMAGE, untidy

# What docker's client needs of the caller's environment, and a database that is quickly built.
ENVIRON = {name: value for name, value in os.environ.items() if name.startswith(("DOCKER", "TESTCONTAINERS", "HOME"))}
SMALL = {**ENVIRON, "STEWARD_DEMO_SCALE": "0.002"}


@pytest.fixture
def state():
    """A state folder that the server's user can enter."""
    found = Path(tempfile.mkdtemp(prefix="steward state ", dir="/var/tmp"))
    found.chmod(0o755)
    yield {**SMALL, "STEWARD_STATE": str(found), "STEWARD_BINDIR": os.environ.get("STEWARD_TEST_BINDIR", "")}
    shutil.rmtree(found)


def counts(at):
    with session.login(at) as conn:
        conn.execute("set role validahub_system")
        return conn.execute(
            "select (select count(*) from public.correction_logs) as corrections, current_database() as name, "
            "session_user as login, (select count(*) from public.maintenance_log) as runs"
        ).fetchone()


def test_the_embedded_server_holds_the_demo_for_its_maintenance_login(state):
    request = target.resolve(state, None)
    with provision.provision(request, state) as at:
        first = counts(at)
        shown = at.label
    with provision.provision(request, state) as at:
        second = counts(at)

    assert first["corrections"] > 2000
    assert (first["name"], first["login"], first["runs"]) == ("validahub", "validahub_maintenance", 0)
    assert second == first
    assert shown.startswith("EMBEDDED DEMO (PostgreSQL ")
    assert at.demo


def test_the_demo_can_be_rebuilt_at_another_scale(state):
    request = target.resolve(state, None)
    with provision.provision(request, state) as at:
        before = counts(at)["corrections"]
    code = demo.main(request, 0.001, state)
    with provision.provision(request, state) as at:
        after = counts(at)["corrections"]

    assert code == 0
    assert before * 0.4 < after < before * 0.6


@pytest.mark.parametrize(
    "environ", [{"DATABASE_URL": "postgresql://db/x"}, {"STEWARD_TARGET": f"testcontainers:{IMAGE}"}]
)
def test_only_the_embedded_database_is_ever_rebuilt(environ):
    with pytest.raises(TargetError, match="only the embedded database"):
        demo.main(target.resolve(environ, "development"), 1.0, environ)


@pytest.mark.parametrize("scale", ["0", "-1", "much", "nan", "inf", "1001"])
def test_a_scale_that_is_none_is_refused(state, scale):
    request = target.resolve({}, None)
    with (
        pytest.raises(TargetError, match="STEWARD_DEMO_SCALE"),
        provision.provision(request, {**state, "STEWARD_DEMO_SCALE": scale}),
    ):
        pass


def test_a_container_holds_the_demo_for_its_maintenance_login(engine):
    request = target.resolve({"STEWARD_TARGET": f"testcontainers:{IMAGE}"}, None)
    before = engine.containers.list(all=True)
    with provision.provision(request, SMALL) as at:
        found = counts(at)
        label, shown = at.label, repr(at)
        password = (
            throwaway.ServerAccess(at.kind, at.conninfo, label).at("x", "y").conninfo.split("password=")[1].split()[0]
        )

    assert found["corrections"] > 2000
    assert (found["name"], found["login"]) == ("validahub", "validahub_maintenance")
    assert label == f"testcontainers:{IMAGE}"
    assert password not in label + shown
    assert engine.containers.list(all=True) == before


def test_an_image_that_is_not_there_is_told_in_one_line(engine):
    request = target.resolve({"STEWARD_TARGET": "testcontainers:no-such-image:0"}, None)
    with pytest.raises(TargetError, match="does not start") as caught, provision.provision(request, SMALL):
        pass

    assert "\n" not in str(caught.value)


def test_a_missing_engine_is_told_in_one_line(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    request = target.resolve({"STEWARD_TARGET": f"testcontainers:{IMAGE}"}, None)
    with untidy():
        with pytest.raises(TargetError, match="does not start") as caught, provision.provision(request, SMALL):
            pass
        shown = str(caught.value)
        del caught

    assert "\n" not in shown
    assert "see that a container engine runs" in shown
