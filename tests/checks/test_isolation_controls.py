"""Mutations that must turn the probe red: each is caught on two schemas, and one that nobody sees fails the item."""

from __future__ import annotations

import psycopg
import pytest

from checks import test_isolation_controls as runbook
from steward import Inconclusive, NotNeeded
from steward.database import queries
from steward.isolation import mutations
from steward.isolation.clone import clone
from steward.isolation.mutations import MUTATIONS, Mutation
from tests.fixtures.running import changed


def evidence(check):
    """The table of mutations in the record."""
    return "\n".join(check.evidence)


def test_every_mutation_has_its_statements_and_no_file_is_left_over():
    names = [name.split("/") for name in queries.names("isolation/mutations")]
    planting = {stem for _, _, stem, section in names if section.startswith("plant")}
    mending = {stem for _, _, stem, section in names if section.startswith("mend")}

    assert {mutation.name for mutation in MUTATIONS} == planting
    assert mending <= planting
    assert [section for *_, section in names if not section.startswith(("plant", "mend"))] == []


def test_the_shipped_schema_lets_every_mutation_be_caught(checks_run):
    [item] = [item for item in checks_run.run.record["items"] if "isolation_controls" in item["id"]]

    assert "passed" == item["outcome"]
    assert f"{len(MUTATIONS)} of {len(MUTATIONS)} mutations caught" in "\n".join(item["evidence"])


def test_a_database_of_another_kind_lets_every_mutation_be_caught_and_roles_are_as_they_were(market, monkeypatch):
    before = roles(market.database.conninfo())
    with market.check() as check, clone.opened(check.at, market.settings.profile, own_server=True) as made:
        copied = roles(made.admin.conninfo)
        outcomes = mutations.run(made, market.settings.profile)
        mended = roles(made.admin.conninfo)
        # The probe would be red already if a mutation of before had left something behind.
        monkeypatch.setattr(mutations, "MUTATIONS", MUTATIONS[:1])
        again = mutations.run(made, market.settings.profile)

    assert [] == [result.mutation.name for result in (*outcomes, *again) if not result.caught]
    assert copied == mended
    assert before == roles(market.database.conninfo())


def roles(conninfo):
    """The server's roles; the session is gone at once, since a database that somebody uses cannot be copied."""
    with psycopg.connect(conninfo) as conn:
        return conn.execute(
            "select rolname, rolsuper, rolbypassrls, array(select roleid::regrole::text from pg_auth_members"
            " where member = r.oid order by 1) as of from pg_roles as r order by 1"
        ).fetchall()


def test_a_mutation_that_nobody_sees_fails_the_item(market, monkeypatch):
    harmless = Mutation("role_reaches_bypass", "nothing is done")
    monkeypatch.setattr(mutations, "MUTATIONS", (harmless,))
    monkeypatch.setattr(mutations, "_execute", lambda *_: None)
    with market.check() as check:
        with pytest.raises(AssertionError):
            runbook.test_mutations(check)

        assert ["role_reaches_bypass"] == [finding.object_name for finding in check.offenders]
        assert "0 of 1 mutations caught" in evidence(check)


def test_a_database_that_leaks_already_proves_nothing(market):
    market.run("create policy wide on market.events using (true)")
    with market.check() as check, pytest.raises(Inconclusive, match="leaks as it is"):
        runbook.test_mutations(check)


def test_nothing_is_copied_where_nothing_may_be_written(database, settings, checking):
    check = checking(database, changed(settings, isolation={"writes": "never"}))
    with pytest.raises(NotNeeded, match=r"isolation\.writes"):
        runbook.test_mutations(check)
