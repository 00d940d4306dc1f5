"""One session can stop all others: by a long transaction, a lock, or by taking the last connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.database import session

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=40),
    pytest.mark.controls("session activity"),
]


@pytest.mark.severity("normal")
def test_transactions(check: Check) -> None:
    """No session but the suite's own is in a transaction, or idle in one, for longer than the profile allows."""
    limits = check.settings.profile.activity.model_dump()
    findings = check.run(
        "activity_transactions",
        check.parts(hidden_sessions="activity/hidden_sessions"),
        own=session.APPLICATION,
        **limits,
    )

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_prepared(check: Check) -> None:
    """No prepared transaction has been forgotten."""
    findings = check.run("activity_prepared", **check.settings.profile.activity.model_dump())

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_locks(check: Check) -> None:
    """No session waits for a lock longer than the profile allows."""
    parts = check.parts(waits="activity/lock_waits", hidden_sessions="activity/hidden_sessions")
    findings = check.run("activity_locks", parts, **check.settings.profile.activity.model_dump())

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_connections(check: Check) -> None:
    """Enough connections are left, of the server, of every database and of every role with a limit."""
    limits = check.settings.profile.activity.model_dump()
    findings = check.run("activity_connections", check.parts(hidden_sessions="activity/hidden_sessions"), **limits)

    assert not findings.offenders
