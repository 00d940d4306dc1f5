"""A policy protects nothing from a role that it does not apply to, or from one that can become such a role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import snapshot

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=62),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_bypass(check: Check) -> None:
    """No role of the application bypasses row-level security, nor any role that it can become."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_roles_bypass", roles.parts, **roles.parameters()).offenders


@pytest.mark.severity("critical")
def test_owners(check: Check) -> None:
    """No role of the application can disable row-level security, or change other objects that isolation relies on."""
    roles = snapshot.roles(check)
    named = check.settings.profile.roles
    names = {"owner": named.owner, "maintenance": named.maintenance}
    findings = check.run("isolation_roles_owners", roles.parts, **roles.parameters(), **names)

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_force(check: Check) -> None:
    """Row-level security is forced wherever the application has the rights of a table's owner."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_roles_force", roles.parts, **roles.parameters()).offenders


@pytest.mark.severity("normal")
def test_unforced(check: Check) -> None:
    """Row-level security is forced wherever another login has the rights of a table's owner."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_roles_force", roles.parts, **roles.parameters("other")).offenders


@pytest.mark.severity("critical")
def test_event_triggers(check: Check) -> None:
    """No event trigger runs code of the application with the rights of whoever changes the schema."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_roles_event_triggers", roles.parts, **roles.parameters()).offenders


@pytest.mark.severity("minor")
def test_disabled_triggers(check: Check) -> None:
    """Every event trigger is enabled: one that is not enforces nothing on new tables."""
    snapshot.roles(check)

    assert not check.run("isolation_roles_disabled_triggers").offenders


@pytest.mark.severity("normal")
@pytest.mark.controls("patches")
def test_floor(check: Check) -> None:
    """The server has the fixes without which row-level security can be bypassed."""
    snapshot.roles(check)
    floor = json.dumps(dict(check.settings.profile.isolation.minimum_minor))

    assert not check.run("isolation_roles_floor", floor=floor).offenders
