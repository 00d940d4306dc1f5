"""Walks through shared sessions: healthy schemas stay green, what an order of steps shows is found, and found again."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from checks import test_isolation_machine as runbook
from steward import Inconclusive, NotNeeded
from steward.isolation.walks import state_machine
from tests.fixtures.running import changed

# Of the catalogue, what must be seen by sessions that follow one another.
ORDERS = {
    "a generic plan that keeps the first tenant": (
        "create function market.kept() returns {type} language sql immutable as $f$ select {tenant} $f$",
        "drop policy tenant on market.orders",
        "create policy tenant on market.orders using (tenant_id = market.kept())",
    ),
    "a setting that was reset": (
        "create policy beside on market.orders using (current_setting('market.tenant', true) = '')",
    ),
    "a session that never was in a tenant": (
        "create policy beside on market.orders using (current_setting('market.tenant', true) is null)",
    ),
    "rows that are inserted for others": ("create policy beside on market.orders for insert with check (true)",),
    "rows that are deleted without a condition": ("create policy beside on market.orders for delete using (true)",),
    "rows that are updated without a condition": (
        "create policy beside on market.orders for update using (true) with check (true)",
    ),
    "rows that move": (
        "grant update (tenant_id) on market.customers to market_app",
        "alter table market.orders drop constraint orders_customer_fkey",
        "alter policy tenant on market.customers with check (true)",
    ),
}


def evidence(check):
    """What the record says of the walks."""
    return "\n".join(check.evidence)


def test_the_shipped_schema_is_green_and_the_record_names_the_seed(checks_run):
    [item] = [item for item in checks_run.run.record["items"] if "test_interleaving" in item["id"]]
    evidence = "\n".join(item["evidence"])

    assert "passed" == item["outcome"]
    assert re.search(r"25 walks of up to 40 steps; STEWARD_SEED=\d+ repeats them", evidence)
    assert "reads of the tenant's own rows" in evidence
    assert "writes of the tenant's own rows" in evidence


@pytest.mark.parametrize("kind", ["uuid", "text", "integer"])
def test_tenants_of_any_type_are_green(market_of, kind):
    with market_of(kind).check(isolation={"examples": 8}) as check:
        runbook.test_interleaving(check)

        assert not check.offenders


@pytest.fixture
def hasty(monkeypatch):
    """How short a walk can be made is the matter of one test alone; the others need it to be found."""
    monkeypatch.setattr(state_machine, "_SHORTEN", 0.5)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("order", ORDERS)
def test_what_an_order_of_steps_shows_is_found_with_the_steps(market, monkeypatch, order):
    monkeypatch.setenv(state_machine.SEED, "20261122")
    market.run(*ORDERS[order])
    with market.check() as check:
        with pytest.raises(AssertionError):
            runbook.test_interleaving(check)
        [found] = check.offenders

        assert found.object_name in {"market.orders", "market.customers"}
        assert "1. session " in found.detail
        assert "STEWARD_SEED=20261122" in found.detail


def test_a_plan_that_keeps_its_tenant_is_found_whatever_the_seed(market, monkeypatch):
    # What is drawn then is a single step.
    monkeypatch.setattr(state_machine, "_STEPS", 1)
    market.run(*ORDERS["a generic plan that keeps the first tenant"])
    with market.check(isolation={"examples": 1}) as check:
        with pytest.raises(AssertionError):
            runbook.test_interleaving(check)
        [found] = check.offenders

        assert "by a plan that it had kept" in found.observed


def test_a_seed_goes_the_same_walk_again(market, monkeypatch):
    market.run(*ORDERS["rows that are inserted for others"])
    details = []
    monkeypatch.setenv(state_machine.SEED, "7")
    # As the first walk that leaks was gone; how far it can be shortened in a while is the machine's.
    monkeypatch.setattr(state_machine, "_SHORTEN", 0.0)
    for _ in range(2):
        with market.check() as check:
            with pytest.raises(AssertionError):
                runbook.test_interleaving(check)
            details += [finding.detail for finding in check.offenders]

    assert 2 == len(details)
    assert 1 == len(set(details))


def test_the_shortest_walk_is_reported(market, monkeypatch):
    monkeypatch.setenv(state_machine.SEED, "7")
    market.run(*ORDERS["rows that are inserted for others"])
    with market.check() as check:
        with pytest.raises(AssertionError):
            runbook.test_interleaving(check)
        [found] = check.offenders

        assert re.match(r"1\. session \d \(market_app\) inserts a row of \w+ into market\.orders \(", found.detail)


def test_a_seed_that_is_no_number_is_reported(market, monkeypatch):
    monkeypatch.setenv(state_machine.SEED, "lucky")
    with market.check() as check, pytest.raises(Inconclusive, match="STEWARD_SEED is no number"):
        runbook.test_interleaving(check)


def test_walks_that_see_nothing_of_their_own_prove_nothing(market):
    market.run(
        "drop policy tenant on market.orders",
        "drop policy tenant on market.customers",
        "drop policy tenant on market.events",
    )
    with market.check() as check, pytest.raises(Inconclusive, match="no walk saw a row of its own tenant"):
        runbook.test_interleaving(check)


def test_nothing_is_copied_where_nothing_may_be_written(database, settings, checking):
    check = checking(database, changed(settings, isolation={"writes": "never"}))
    with pytest.raises(NotNeeded, match=r"isolation\.writes"):
        runbook.test_interleaving(check)


def test_no_database_of_examples_is_left_on_the_disk(market, tmp_path):
    set_hypothesis_home_dir(tmp_path)
    try:
        with market.check(isolation={"examples": 1}) as check, suppress(Inconclusive):
            runbook.test_interleaving(check)
    finally:
        set_hypothesis_home_dir(None)

    assert not (tmp_path / "examples").exists()
