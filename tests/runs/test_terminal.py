"""What a person sees of a real run in a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.fixtures.suite import ROOT

if TYPE_CHECKING:
    from tests.fixtures.database import TestDatabase
    from tests.fixtures.suite import Suite

_LONGEST = 120


def _seen(master: int, wanted: str) -> str:
    """Read what is drawn until it holds the words, or nothing is drawn any more."""
    drawn, until = "", time.monotonic() + _LONGEST
    while wanted not in drawn and time.monotonic() < until:
        if select.select([master], [], [], 1.0)[0]:
            try:
                drawn += os.read(master, 1 << 16).decode(errors="replace")
            except OSError:  # the other side is closed
                break
    return drawn


def test_what_runs_now_is_drawn_while_it_runs(suite: Suite, demo_database: TestDatabase, slow_profile: str) -> None:
    master, slave = pty.openpty()
    environment = suite.environment(demo_database, STEWARD_PROFILE=slow_profile, TERM="xterm-256color", COLUMNS="120")
    process = subprocess.Popen(
        [sys.executable, "-m", "steward", "daily", "-k", "purge", "--workers", "1", "--no-report"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(slave)
    drawn = _seen(master, "1 running")
    rest = _seen(master, "exit 0")
    process.communicate(timeout=_LONGEST)
    os.close(master)

    assert "1 running" in drawn
    assert "expired_suggestions" in drawn
    assert "daily passed, exit 0" in drawn + rest
    assert 0 == process.returncode
