"""A detector that was never tried on a defect proves nothing when it finds none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward import Inconclusive, NotNeeded
from steward.isolation import mutations
from steward.isolation.catalog import scope
from steward.isolation.clone import clone

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=68),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_mutations(check: Check) -> None:
    """The probe finds every defect that is planted in a copy of the database."""
    profile = check.settings.profile
    scope.parameters(check)
    if profile.isolation.writes == "never":
        raise NotNeeded("the profile lets nothing be written, not even in a copy (isolation.writes)")
    if check.at is None:
        raise Inconclusive("the check cannot connect, and so select nothing, as the application does")
    with clone.opened(check.at, profile, own_server=True) as made:
        outcomes = mutations.run(made, profile)
    check.show(mutations.render(outcomes, made.description))
    findings = check.judge("isolation_controls_mutations", mutations.findings(outcomes))

    assert not findings.offenders
