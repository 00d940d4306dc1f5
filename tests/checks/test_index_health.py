from __future__ import annotations

import pytest
from psycopg import sql

from checks import test_index_health as runbook
from steward.actions.partitioning import expectations
from tests.fixtures.indexes import aside, bloated, building, leave
from tests.fixtures.running import changed, open_transaction, until

WRITES = "lock table public.b in row exclusive mode"


@pytest.fixture
def found(checking, settings):
    """What the check finds: ``found(database, left_over=False)``."""

    def ask(database, *, left_over, **tables):
        check = checking(database, changed(settings, **tables))
        within, expected = expectations.query_parts(check), expectations.query_params(check)
        return check.run("index_health_invalid", within, **expected, left_over=left_over).found

    return ask


def mark_invalid(database, name):
    database.execute("update pg_index set indisvalid = false where indexrelid = %s::regclass", [name])


@pytest.mark.parametrize("item", ["invalid", "leftovers"])
def test_a_healthy_database_is_green(database, settings, checking, item):
    bloated(database, "public.b", "(twin)", rows=100)

    getattr(runbook, f"test_{item}")(checking(database, settings))


def test_an_invalid_unique_index_is_found_with_its_danger_and_its_remedy(database, settings, checking, found):
    bloated(database, rows=100)
    database.execute("insert into public.b (id, twin) values (-1, 7), (-2, 7)")
    with pytest.raises(Exception, match="could not create unique index"), database.connect() as conn:
        conn.execute("create unique index concurrently b_once on public.b (twin)")

    [finding] = found(database, left_over=False)

    assert ("public.b_once", "invalid, 0 bytes") == (finding.object_name, finding.observed.replace("8192", "0"))
    assert "the rows may hold duplicates that it should have refused" in finding.detail
    assert finding.remediation.startswith("reindex index concurrently public.b_once")
    assert [] == list(found(database, left_over=True))
    with pytest.raises(AssertionError):
        runbook.test_invalid(checking(database, settings))


def test_what_an_interrupted_rebuild_left_is_found(database, settings, checking, found):
    bloated(database, rows=100)
    leave(database, "public.b_pkey")

    [finding] = found(database, left_over=True)

    assert "public.b_pkey_ccnew" == finding.object_name
    assert finding.observed.startswith("left by a build that did not end")
    assert finding.remediation.endswith("drop index concurrently public.b_pkey_ccnew")
    assert [] == list(found(database, left_over=False))
    with pytest.raises(AssertionError):
        runbook.test_leftovers(checking(database, settings))


def test_what_a_rebuild_of_a_table_left_at_its_toast_is_for_a_superuser(database, found):
    bloated(database, rows=100)
    leave(database, "public.b", what="table")

    remedies = {finding.object_name: finding.remediation for finding in found(database, left_over=True)}
    [toast] = [name for name in remedies if name.startswith("pg_toast.")]

    assert f"let a superuser run: drop index {toast}" == remedies[toast]
    database.execute(sql.SQL("drop index {}").format(sql.SQL(toast)))
    assert toast not in {finding.object_name for finding in found(database, left_over=True)}


def test_an_index_that_is_being_built_is_not_found(database, found):
    bloated(database, rows=100)
    build = "create index concurrently b_new on public.b (note)"
    with open_transaction(database, WRITES) as holder, aside(lambda: database.execute(build)):
        until(lambda: building(database, "waiting for writers before build"))
        during = found(database, left_over=False)
        holder.rollback()

    assert (0, 0) == (len(during), len(found(database, left_over=False)))


def test_an_index_that_is_being_rebuilt_leaves_nothing_to_find(database, found):
    bloated(database, rows=100)
    build = "reindex index concurrently public.b_pkey"
    with open_transaction(database, WRITES) as holder, aside(lambda: database.execute(build)):
        until(lambda: building(database, "waiting for writers before build"))
        during = found(database, left_over=True)
        holder.rollback()

    assert (0, 0) == (len(during), len(found(database, left_over=True)))


def test_a_parents_index_that_a_leaf_lacks_is_found(database, found):
    database.execute("create index correction_logs_new on only public.correction_logs (job_id)")

    [finding] = found(database, left_over=False)

    assert ("public.correction_logs_new", "invalid") == (finding.object_name, finding.observed)
    assert "it lacks the index of some leaf" in finding.detail


def test_what_the_profile_leaves_out_is_not_looked_at(database, found):
    bloated(database, rows=100)
    mark_invalid(database, "public.b_pkey")

    assert 1 == len(found(database, left_over=False))
    assert [] == list(found(database, left_over=False, target={"exclude": ("public.b",)}))


def test_hostile_names_are_quoted_in_the_remedy(database, found):
    bloated(database, rows=100)
    name = 'Odd "x"; %(a)s {b} é'
    database.execute(sql.SQL("alter index public.b_pkey rename to {}").format(sql.Identifier(name)))
    mark_invalid(database, sql.Identifier("public", name).as_string(None))

    [finding] = found(database, left_over=False)

    assert 'public."Odd ""x""; %(a)s {b} é"' == finding.object_name
    assert finding.object_name in finding.remediation
