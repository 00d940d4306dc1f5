"""`time.sleep` under libfaketime, whose `clock_nanosleep` returns at once while the monotonic clock is real."""

from __future__ import annotations

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
