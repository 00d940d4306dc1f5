from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from steward import Deferred
from steward.database import inventory
from steward.run.scanner import Scanner
from tests.fixtures.running import changed, open_transaction

# Locks what the scan before the vacuums reads, so that the scan waits.
LOCK = "lock table public.maintenance_log in access exclusive mode"


@pytest.fixture
def hasty(settings):
    """A window of a moment, and as little grace."""
    short = changed(settings, run={"cancel_grace": timedelta(milliseconds=300)})
    return replace(short, deadline=datetime.now(UTC) + timedelta(milliseconds=300))


def statement_timeout(conn) -> str:
    return conn.execute("show statement_timeout").fetchone()["statement_timeout"]


def test_a_look_that_outlasts_the_window_defers_the_phase(maintaining, database, hasty):
    with open_transaction(database, LOCK), pytest.raises(Deferred, match="the maintenance window ended at"):
        Scanner(maintaining, hasty).scan("tables")

    assert "30min" == statement_timeout(maintaining)


def test_what_is_deferred_after_the_window_is_still_looked_up(maintaining, settings):
    over = replace(settings, deadline=datetime.now(UTC) - timedelta(hours=1))

    found = Scanner(maintaining, over).scan("tables")

    assert found.gathered["vacuum"] == []
    assert found.relations == inventory.scan(maintaining, settings.profile).relations


def test_checks_are_looked_up_whatever_the_window(maintaining, settings):
    over = changed(settings, run={"cancel_grace": timedelta(0)})

    found = Scanner(maintaining, replace(over, deadline=datetime.now(UTC))).scan("verify")

    assert found.relations


def test_a_look_that_a_signal_ends_is_not_taken_for_the_window(maintaining, database, hasty, tmp_path):
    stop = tmp_path / "stop"
    stop.write_text("interrupted by SIGTERM")

    with open_transaction(database, LOCK), pytest.raises(psycopg.errors.QueryCanceled):
        Scanner(maintaining, replace(hasty, stop=stop)).scan("tables")
