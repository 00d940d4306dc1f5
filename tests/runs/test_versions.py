"""A login role without superuser does the whole run after an administrator applied what bootstrap prints."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from steward.setup import demo
from tests.fixtures.indexes import bloated

if TYPE_CHECKING:
    from tests.fixtures.database import Cluster, TestDatabase
    from tests.fixtures.suite import Suite


DONE = ("snapshots", "partitions", "purge", "vacuum", "analyze", "leftovers", "matviews")


@pytest.fixture
def application(own_cluster: Cluster) -> TestDatabase:
    """The application's database as it exists before the suite ever saw it."""
    database = own_cluster.create()
    demo.fill(database.target("postgres"), 0.005)
    return database


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
    assert all(run.outcomes(name) for name in DONE)
    assert (0, []) == (again.code, [item["id"] for item in again.record["items"] if item["kind"] == "action"])
    superuser = application.execute("select rolsuper from pg_roles where rolname = 'validahub_maintenance'")
    assert [{"rolsuper": False}] == superuser


MAINTAINED = ("vacuum", "analyze", "reindex", "matviews")


def test_maintain_is_enough_for_all_that_needs_no_owner(database, settings, running):
    """A daily run needs the owners' rights all the same: new leaves inherit no grant, and only owners attach."""
    if database.cluster.version < 17:
        pytest.skip("MAINTAIN came with 17")
    bloated(database)
    database.execute("create materialized view public.mv as select id from public.b")
    database.execute("create unique index on public.mv (id)")
    database.execute("alter materialized view public.mv owner to validahub_owner")
    database.execute("delete from public.b where id %% 2 = 0", {})
    database.execute("grant maintain, select on public.b, public.mv to validahub_system")
    database.execute("revoke validahub_owner from validahub_system")
    done = {}
    try:
        for name in MAINTAINED:
            run = running(database, settings, name)
            done |= {label: run.act(label) for label in run.due if label.startswith(("public.b", "public.mv"))}
    finally:
        # Roles are the server's, which other tests share.
        database.execute("grant validahub_owner to validahub_system")

    assert {"public.b", "public.b_pkey", "public.mv"} == set(done)
