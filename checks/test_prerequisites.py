"""A run needs its server, schema, extensions, roles and rights before anything acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.setup import prerequisites

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("prepare", step=0),
    pytest.mark.controls("configuration"),
]


@pytest.mark.severity("blocker")
def test_server(check: Check) -> None:
    """The server is a primary of PostgreSQL 13 or later."""
    findings = check.run("prerequisites_server", minimum=13)

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_minor(check: Check) -> None:
    """The server has the fixes without which maintenance can lose data."""
    assert not check.run("prerequisites_minor", **prerequisites.server_version_params(check)).offenders


@pytest.mark.severity("normal")
@pytest.mark.controls("patches")
def test_support(check: Check) -> None:
    """The server's major version still gets security fixes."""
    assert not check.run("prerequisites_support", **prerequisites.server_version_params(check)).offenders


@pytest.mark.severity("blocker")
def test_schema(check: Check) -> None:
    """The application's schema has a version that the profile supports."""
    findings = check.run("prerequisites_schema", **prerequisites.schema_version_params(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_extensions(check: Check) -> None:
    """Every extension that the suite needs is in the database."""
    findings = check.run("prerequisites_extensions", required=list(check.settings.profile.extensions.required))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_settings(check: Check) -> None:
    """The server collects the statistics that the suite uses."""
    findings = check.run("prerequisites_settings")

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_locks(check: Check) -> None:
    """The server's lock table has room for a statement on all partitions of a table."""
    findings = check.run("prerequisites_locks", **prerequisites.scope_params(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
@pytest.mark.controls("roles")
def test_roles(check: Check) -> None:
    """The profile's roles exist, and have the rights that they need and no more."""
    findings = check.run("prerequisites_roles", **check.settings.profile.roles.model_dump())

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_rights(check: Check) -> None:
    """The maintenance role has the rights of every included table's owner."""
    findings = check.run("prerequisites_rights", **prerequisites.scope_params(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_metadata(check: Check) -> None:
    """The tables that operators query have the columns that the suite writes."""
    findings = check.run("prerequisites_metadata")

    assert not findings.offenders
