"""A login role without superuser does the whole run after an administrator applied what bootstrap prints."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from steward import demo
from tests.fixtures.database import own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import TestDatabase
    from tests.fixtures.suite import Suite

_DEBIAN = Path("/usr/lib/postgresql")


@pytest.fixture(params=["15", "18"])
def application(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestDatabase]:
    """The application's database as it exists before the suite ever saw it, on a server of that major."""
    bindir = _DEBIAN / request.param / "bin"
    if request.param != "18":
        if not (bindir / "initdb").exists() and "REQUIRE_POSTGRESQL_15" not in os.environ:
            pytest.skip(f"PostgreSQL {request.param} is not installed below {_DEBIAN}")
        monkeypatch.setenv("STEWARD_TEST_BINDIR", str(bindir))
    for cluster in own_server():
        database = cluster.create()
        demo.fill(database.target("postgres"), 0.005)
        yield database


def test_a_login_role_does_the_whole_run_after_bootstrap(suite: Suite, application: TestDatabase) -> None:
    refused = suite.run("daily", "--no-report", database=application)
    printed = suite.run("bootstrap", "--print-sql", database=application)
    psql = application.cluster.server.binaries.program("psql")
    applied = subprocess.run(
        [psql, "-X", "-v", "ON_ERROR_STOP=1", "-d", application.conninfo()],
        input=printed.out,
        capture_output=True,
        text=True,
        check=False,
    )
    demo.wear(application.target("postgres"))

    run = suite.run("daily", "--no-report", database=application)
    again = suite.run("daily", "--no-report", database=application)

    assert (2, 0) == (refused.code, printed.code)
    assert 0 == applied.returncode, applied.stderr
    assert 0 == run.code, [item["reason"] for item in run.record["items"] if item["outcome"] != "passed"]
    assert "validahub_system" == run.record["target"]["role"]
    assert all(run.outcomes(name) for name in ("purge", "partitions", "vacuum"))
    assert (0, []) == (again.code, [item["id"] for item in again.record["items"] if item["kind"] == "action"])
    superuser = application.execute("select rolsuper from pg_roles where rolname = 'validahub_maintenance'")
    assert [{"rolsuper": False}] == superuser
