"""A policy holds for the table that a query names, and not for other objects that show the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import snapshot

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=63),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_leaves(check: Check) -> None:
    """No partition or inheriting table can be used without the policies of its parent."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_objects_leaves", roles.parts, **roles.parameters()).offenders


@pytest.mark.severity("critical")
def test_foreign_tables(check: Check) -> None:
    """No foreign table shows the application rows of tenants."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_objects_foreign_tables", roles.parts, **roles.parameters()).offenders


@pytest.mark.severity("critical")
def test_default_privileges(check: Check) -> None:
    """A new partition gives the application no rights."""
    roles = snapshot.roles(check)

    assert not check.run(
        "isolation_objects_default_privileges", roles.parts, **roles.parameters(), leaves=True
    ).offenders


@pytest.mark.severity("normal")
def test_default_table_privileges(check: Check) -> None:
    """A new table gives the application no rights before it has policies."""
    roles = snapshot.roles(check)

    assert not check.run(
        "isolation_objects_default_privileges", roles.parts, **roles.parameters(), leaves=False
    ).offenders


@pytest.mark.severity("normal")
def test_publications(check: Check) -> None:
    """No publication sends every tenant's rows to its subscribers."""
    parameters = snapshot.publication_parameters(check)

    assert not check.run("isolation_objects_publications", snapshot.roles(check).parts, **parameters).offenders


@pytest.mark.severity("critical")
def test_matviews(check: Check) -> None:
    """No materialized view over rows of tenants can be read by the application itself."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_objects_matviews", roles.parts, **roles.parameters()).offenders


@pytest.mark.severity("critical")
def test_rights(check: Check) -> None:
    """The application has no right on a table of tenants that policies do not limit."""
    roles = snapshot.roles(check)
    rights = {"rights": ["references", "trigger", "truncate"]}

    assert not check.run("isolation_objects_rights", roles.parts, **roles.parameters(), **rights).offenders
