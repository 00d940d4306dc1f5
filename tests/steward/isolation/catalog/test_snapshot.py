"""The snapshot of a phase: each part is read once, and recorded for every check that uses it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from steward import Inconclusive, NotNeeded
from steward.engine.check import Check
from steward.isolation.catalog import snapshot
from tests.fixtures.market import items

if TYPE_CHECKING:
    from steward.engine.check import PhaseCache

# Several items use these, and they have no parameters: the record shows them as they were sent.
ONCE = ("roles", "memberships", "called_functions")
VIEW = "create view market.shown as select * from market.orders; grant select on market.shown to market_app"


class Recorder(psycopg.Cursor):
    executed: tuple[str, ...] = ()

    def execute(self, query, *args, **more):
        type(self).executed += (query if isinstance(query, str) else query.as_string(None),)
        return super().execute(query, *args, **more)


def recorded(check, cache=None):
    """Run every item that reads the catalog; return the statements of each as the record shows them."""
    found = {}
    for name, item in items():
        one = Check(check.settings, lambda: check.conn, check.scan, check.at, cache)
        with contextlib.suppress(AssertionError, NotNeeded):
            item(one)
        found[name] = [(statement["text"], statement["rows"]) for statement in one.statements], one.found
    return found


def test_every_item_records_and_finds_what_it_would_alone(market):
    market.run(*VIEW.split(";"))
    shared: PhaseCache = {}
    with market.check() as check:
        alone = recorded(check)

        assert alone == recorded(check, shared)
        assert alone == recorded(check, shared)
        assert alone["isolation_views.reads"][1]


def test_each_part_is_read_once(market):
    recorder = type("Here", (Recorder,), {})
    with market.check() as check:
        check.conn.cursor_factory = recorder
        check.conn.row_factory = dict_row
        found = recorded(check, {})
    texts = [text for statements, _ in found.values() for text, _ in statements]
    for name in ONCE:
        [text] = {text.partition("\n")[2] for text in texts if text.startswith(f"-- sql/isolation/{name}.sql")}

        assert recorder.executed.count(text) == 1


def test_what_cannot_be_read_is_tried_again(market):
    shared: PhaseCache = {}
    with market.check() as check, market.database.connect() as other:
        with other.transaction():
            other.execute("lock market.orders in access exclusive mode")
            locked = Check(check.settings, lambda: check.conn, check.scan, check.at, shared)
            with pytest.raises(Inconclusive, match="locked"):
                snapshot.policies(locked)
        later = Check(check.settings, lambda: check.conn, check.scan, check.at, shared)

        assert snapshot.policies(later).policies
        assert snapshot.policies(later) is snapshot.policies(later)
        assert [statement["text"] for statement in later.statements] == [
            "-- sql/isolation/policies.sql",
            "-- sql/isolation/functions.sql",
        ]
