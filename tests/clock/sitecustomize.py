"""`time.sleep` under libfaketime, whose `clock_nanosleep` returns at once while the monotonic clock is real."""

from __future__ import annotations

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
