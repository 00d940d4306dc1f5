"""Mutations that must turn the probe red: each is caught on two schemas, and one that nobody sees fails the item."""

from __future__ import annotations

import pytest

from checks import test_isolation_controls as runbook
from steward import Inconclusive, NotNeeded
from steward.database import queries
from steward.isolation import mutations
from steward.isolation.clone import clone
from steward.isolation.mutations import MUTATIONS, Mutation
from tests.fixtures.running import changed


def told(check):
    """The table of mutations in the record."""
    return "\n".join(check.evidence)


def test_every_mutation_has_its_statements_and_none_stands_alone():
    named = [name.split("/")[2] for name in queries.names("isolation/mutations")]
    mended = [name.split("/")[2] for name in queries.names("isolation/mended")]

    assert {mutation.name for mutation in MUTATIONS} == set(named)
    assert set(mended) <= set(named)


def test_the_shipped_schema_lets_every_mutation_be_caught(database, settings, checking):
    check = checking(database, settings)
    runbook.test_mutations(check)

    assert f"{len(MUTATIONS)} of {len(MUTATIONS)} mutations caught" in told(check)


def test_a_database_of_another_kind_lets_every_mutation_be_caught(market):
    with market.check() as check:
        runbook.test_mutations(check)

        assert "not tried" not in told(check)
        assert "SURVIVED" not in told(check)


def test_roles_are_after_all_mutations_as_they_were(market):
    before = roles(market)
    with market.check() as check, clone.opened(check.at, market.settings.profile, own_server=True) as made:
        outcomes = mutations.run(made, market.settings.profile)
        healthy = mutations.run(made, market.settings.profile)

    assert [each.caught for each in outcomes] == [each.caught for each in healthy]
    assert before == roles(market)


def roles(market):
    return market.database.execute(
        "select rolname, rolsuper, rolbypassrls, array(select roleid::regrole::text from pg_auth_members"
        " where member = r.oid order by 1) as of from pg_roles as r order by 1"
    )


def test_a_mutation_that_nobody_sees_fails_the_item(market, monkeypatch):
    harmless = Mutation("role_reaches_bypass", "nothing is done")
    monkeypatch.setattr(mutations, "MUTATIONS", (harmless,))
    monkeypatch.setattr(mutations, "_execute", lambda *_: None)
    with market.check() as check:
        with pytest.raises(AssertionError):
            runbook.test_mutations(check)

        assert ["role_reaches_bypass"] == [each.object_name for each in check.offenders]
        assert "0 of 1 mutations caught" in told(check)


def test_a_database_that_leaks_already_proves_nothing(market):
    market.run("create policy wide on market.events using (true)")
    with market.check() as check, pytest.raises(Inconclusive, match="leaks as it is"):
        runbook.test_mutations(check)


def test_nothing_is_copied_where_nothing_may_be_written(database, settings, checking):
    check = checking(database, changed(settings, isolation={"writes": "never"}))
    with pytest.raises(NotNeeded, match=r"isolation\.writes"):
        runbook.test_mutations(check)
