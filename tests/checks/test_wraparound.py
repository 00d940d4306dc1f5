from __future__ import annotations

import os
import subprocess
from datetime import timedelta

import pytest
from psycopg import sql

from checks import test_wraparound as runbook
from maintenance.test_vacuum import test_vacuum as vacuum
from steward.server.binaries import server_user
from tests.fixtures.engine import stuck
from tests.fixtures.running import changed, open_transaction, until
from tests.maintenance.test_vacuum import table

LEVELS = ("warn", "fail", "emergency")
YOUNG: dict[str, dict] = {"warn": {}, "fail": {}, "emergency": {}}
# A file of the commit log holds 32 pages of 32,768 transactions, one of multixact offsets 32 pages of 2,048.
COMMIT_LOG, OFFSETS = 32 * 32768, 32 * 2048


@pytest.fixture
def found(checking, settings):
    """What each level finds: ``found(database)["fail"]``, findings by object."""

    def ask(database, **limits):
        return {level: _asked(checking(database, changed(settings, wraparound=limits)), level) for level in LEVELS}

    return ask


def _asked(check, level):
    try:
        getattr(runbook, f"test_{level}")(check)
    except AssertionError:
        assert check.offenders
    finally:
        check.conn.close()
    return {finding.object_name: finding for finding in check.offenders}


def burn(database, count):
    """Use up so many transaction ids."""
    database.execute(
        sql.SQL(
            "do $$ begin for n in 1..{} loop perform pg_catalog.pg_current_xact_id(); commit; end loop; end $$"
        ).format(count)
    )


def jump(cluster, xid=None, mxid=None):
    """Let the server go on as if it had given out so many ids; what it gave out before is as old as that."""
    cluster.stop()
    data = cluster.server.data
    words = []
    if xid:
        _zeros(data / "pg_xact" / f"{xid // COMMIT_LOG:04X}")
        words += ["-x", str(xid)]
    if mxid:
        _zeros(data / "pg_multixact" / "offsets" / f"{mxid // OFFSETS:04X}")
        words += ["-m", f"{mxid},1"]
    switch = (
        {"user": server_user().uid, "group": server_user().gid, "extra_groups": []} if server_user().foreign else {}
    )
    subprocess.run(
        [cluster.server.binaries.program("pg_resetwal"), *words, "-D", data],
        check=True,
        env=cluster.server.binaries.environment,
        cwd=data.parent,
        stdout=subprocess.DEVNULL,
        **switch,
    )
    cluster.start()


def _zeros(path):
    path.write_bytes(bytes(32 * 8192))
    os.chown(path, server_user().uid, server_user().gid)
    path.chmod(0o600)


def freeze(cluster):
    """Freeze every database of the server, as autovacuum would in time."""
    with cluster.connect() as conn:
        conn.execute("alter database template0 allow_connections true")
        names = [row["datname"] for row in conn.execute("select datname from pg_catalog.pg_database").fetchall()]
    for name in names:
        with cluster.connect(name) as conn:
            conn.execute("vacuum (freeze)")
    with cluster.connect() as conn:
        conn.execute("alter database template0 allow_connections false")


def test_a_young_server_is_green_at_every_level(database, found):
    assert YOUNG == found(database)


def test_ages_rise_through_the_levels_and_vacuum_brings_them_down_whatever_the_load(
    own_cluster, settings, found, running
):
    database = own_cluster.create(own_cluster.template("empty"))
    table(database)
    seen = []
    for xid in (450_000_000, 600_000_000, 1_100_000_000, 1_700_000_000):
        jump(own_cluster, xid=xid)
        seen.append(found(database))
    names = [{level: sorted(levels[level]) for level in LEVELS if levels[level]} for levels in seen]

    # The server gives every table and database its age at once: all are told, at one level each.
    assert {} == names[0]
    assert [["warn"], ["fail"], ["emergency"]] == [list(levels) for levels in names[1:]]
    assert names[1]["warn"] == names[2]["fail"] == names[3]["emergency"]
    assert {"public.t", "public.correction_logs", database.name, "template0"} <= set(names[1]["warn"])
    _said(seen, database)
    _healed(own_cluster, database, settings, found, running)


def _said(seen, database):
    one = seen[3]["emergency"]["public.t"]
    assert one.observed.startswith("1,69")
    assert one.observed.endswith(" transactions old")
    assert "at most 1,600,000,000" == one.expected
    assert "the oldest of its 1 old tables is public.t; nobody is seen to hold it back" == one.detail
    assert "vacuum (freeze) public.t" == one.remediation
    assert "at most 500,000,000" == seen[1]["warn"]["public.t"].expected
    assert seen[1]["warn"][database.name].detail.startswith("its oldest relation is ")
    assert "another database of the server" == seen[1]["warn"]["template0"].detail
    leaves = seen[1]["warn"]["public.correction_logs"].detail
    assert leaves.startswith("the oldest of its 6 old tables is public.correction_logs_")


def _healed(cluster, database, settings, found, running):
    hasty = changed(settings, load={"active_sessions": 1, "lock_waiters": 1})
    with (
        open_transaction(database, "lock table public.rule_sets in access exclusive mode"),
        stuck(database, "table public.rule_sets"),
    ):
        run = running(database, changed(hasty, locks={"other": timedelta(milliseconds=200)}), "vacuum")
        outcome = run.act("public.t")
    run = running(database, settings, "vacuum")
    for label, due in run.due.items():
        vacuum(due.subject, run.action(label))
    tables = [finding.object_type for finding in found(database)["emergency"].values()]
    freeze(cluster)

    assert outcome.after.xid_age < 1000 < outcome.before.xid_age
    assert {"database"} == set(tables)
    assert YOUNG == found(database)


def test_multixacts_age_by_themselves(own_cluster, found):
    database = own_cluster.create(own_cluster.template("empty"))
    table(database)
    jump(own_cluster, mxid=700_000_000)
    young = found(database)
    jump(own_cluster, mxid=900_000_000)
    old = found(database)

    # Below twice the age at which the server forces a vacuum for multixacts, 400 million, it may be on its way.
    assert YOUNG == young
    assert "899,999,999 multixacts old" == old["warn"]["public.t"].observed
    assert "at most 800,000,000" == old["warn"]["public.t"].expected
    assert {} == old["fail"] == old["emergency"]
    freeze(own_cluster)
    assert YOUNG == found(database)


@pytest.mark.parametrize("own", [True, False], ids=["a snapshot", "a transaction id"])
def test_the_session_that_holds_ages_back_is_named(database, found, own):
    table(database)
    statement = "select 1" if own else "select pg_catalog.pg_current_xact_id()"
    with open_transaction(database, "set transaction isolation level repeatable read", statement) as holder:
        burn(database, 3000)
        finding = found(database, warn=1, fail=2000, emergency=10**6)["fail"]["public.t"]

        assert (
            f"; pid {holder.info.backend_pid} (someone, idle in transaction) has held it back for 3,0" in finding.detail
        )
        assert finding.remediation == (
            f"select pg_catalog.pg_terminate_backend({holder.info.backend_pid}); then vacuum (freeze) public.t"
        )
    database.execute("vacuum (freeze) public.t")

    assert "public.t" not in found(database, warn=1, fail=2000, emergency=10**6)["fail"]


def test_a_prepared_transaction_that_holds_ages_back_is_named(database, found):
    with database.connect() as conn:
        conn.execute("begin")
        conn.execute("select pg_catalog.pg_current_xact_id()")
        conn.execute("prepare transaction 'forgotten'")
        try:
            burn(database, 3000)
            finding = found(database, warn=1, fail=2000, emergency=10**6)["fail"][database.name]
        finally:
            conn.execute("rollback prepared 'forgotten'")

    assert "; prepared transaction 'forgotten' of postgres has held it back for 3,0" in finding.detail
    assert finding.remediation.startswith("rollback prepared 'forgotten'; then ")


def test_a_slot_that_holds_catalogs_back_is_named_for_the_database_alone(own_cluster, found):
    own_cluster.stop()
    own_cluster.server.start(wal_level="logical")
    database = own_cluster.create(own_cluster.template("empty"))
    with database.connect() as conn:
        conn.execute("select pg_catalog.pg_create_logical_replication_slot('forgotten', 'pgoutput')")
    burn(database, 3000)
    findings = found(database, warn=1, fail=2000, emergency=10**6)["fail"]

    assert "; replication slot forgotten, which nobody reads has held it back for 3,0" in findings[database.name].detail
    assert findings["public.suggestions"].detail.endswith("; nobody is seen to hold it back")


def test_a_standby_whose_feedback_holds_ages_back_is_named(own_cluster, standby, found):
    database = own_cluster.create(own_cluster.template("empty"))
    standby.stop()
    standby.server.start(hot_standby_feedback="on", wal_receiver_status_interval="1s")
    with standby.connect(autocommit=False) as reader:
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select 1")
        burn(database, 3000)
        finding = _eventually(database, found)

    assert finding.detail.split("; ")[-1].startswith("feedback of standby walreceiver (pid ")


def _eventually(database, found):
    def of_standby():
        finding = found(database, warn=1, fail=2000, emergency=10**6)["fail"][database.name]
        return finding if "standby" in finding.detail else None

    return until(of_standby)


def test_a_role_that_sees_no_sessions_knows_the_ages_all_the_same(database, blind):
    burn(database, 3000)
    check = blind(database)
    check.settings = changed(check.settings, wraparound={"warn": 1, "fail": 2000, "emergency": 10**6})
    with pytest.raises(AssertionError):
        runbook.test_fail(check)

    assert all(
        finding.detail.endswith("cannot be seen") for finding in check.offenders if finding.object_type == "table"
    )
