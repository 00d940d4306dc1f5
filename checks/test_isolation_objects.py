"""A policy holds for the table that a query names, and not for what else shows the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation import definers, publications, reach, rules, triggers, views

if TYPE_CHECKING:
    from steward.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=63),
    pytest.mark.controls("LGPD-6-VII", "LGPD-46", "ISO-27001-A.5.15", "ISO-27001-A.8.3", "SOC2-CC6.1", "CIS-4"),
]


@pytest.mark.severity("critical")
def test_leaves(check: Check) -> None:
    """No partition or inheriting table can be used past the policies of its parent."""
    assert not check.run("isolation_objects_leaves", reach.within(check), **reach.expected(check)).offenders


@pytest.mark.severity("critical")
def test_foreign_tables(check: Check) -> None:
    """No foreign table shows the application rows of tenants."""
    assert not check.run("isolation_objects_foreign_tables", reach.within(check), **reach.expected(check)).offenders


@pytest.mark.severity("critical")
def test_default_privileges(check: Check) -> None:
    """The next partition comes without rights of the application."""
    told = reach.expected(check)

    assert not check.run("isolation_objects_default_privileges", reach.within(check), **told, leaves=True).offenders


@pytest.mark.severity("normal")
def test_default_table_privileges(check: Check) -> None:
    """The next table comes without rights of the application, until its policies are there."""
    told = reach.expected(check)

    assert not check.run("isolation_objects_default_privileges", reach.within(check), **told, leaves=False).offenders


@pytest.mark.severity("normal")
def test_publications(check: Check) -> None:
    """No publication sends every tenant's rows to whoever subscribes."""
    told = publications.expected(check)

    assert not check.run("isolation_objects_publications", reach.within(check), **told).offenders


@pytest.mark.severity("critical")
def test_definers(check: Check) -> None:
    """No function that runs as its owner reaches every tenant's rows for the application."""
    assert not check.judge("isolation_objects_definers", definers.leaks(check)).offenders


@pytest.mark.severity("critical")
def test_search_paths(check: Check) -> None:
    """No function that runs as its owner can be made to use objects of somebody else."""
    assert not check.judge("isolation_objects_search_paths", definers.paths(check)).offenders


@pytest.mark.severity("critical")
def test_rules(check: Check) -> None:
    """No rule does to every tenant's rows what the application's statement does not."""
    assert not check.judge("isolation_objects_rules", rules.leaks(check)).offenders


@pytest.mark.severity("critical")
def test_triggers(check: Check) -> None:
    """No trigger does to every tenant's rows, as its function's owner, what the application's statement does not."""
    assert not check.judge("isolation_objects_triggers", triggers.leaks(check)).offenders


@pytest.mark.severity("critical")
def test_views(check: Check) -> None:
    """No view shows the application rows that policies hide from it."""
    assert not check.judge("isolation_objects_views", views.leaks(check)).offenders


@pytest.mark.severity("critical")
def test_view_writes(check: Check) -> None:
    """No view takes rows of other tenants from the application."""
    assert not check.judge("isolation_objects_view_writes", views.writes(check)).offenders


@pytest.mark.severity("normal")
def test_barriers(check: Check) -> None:
    """Every view whose own filter hides rows is a barrier to the functions of a query."""
    assert not check.judge("isolation_objects_barriers", views.barriers(check)).offenders


@pytest.mark.severity("critical")
def test_matviews(check: Check) -> None:
    """No materialized view over rows of tenants can be read by the application itself."""
    assert not check.run("isolation_objects_matviews", reach.within(check), **reach.expected(check)).offenders


@pytest.mark.severity("critical")
def test_rights(check: Check) -> None:
    """The application has no right on a table of tenants that no policy holds back."""
    rights = {"rights": ["references", "trigger", "truncate"]}

    assert not check.run("isolation_objects_rights", reach.within(check), **reach.expected(check), **rights).offenders
