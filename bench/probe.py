"""Another client beside a measurement: it repeats one statement, and remembers how long each took."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

from bench.harness import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from bench.harness import Connection, Database

__all__ = ["Probe"]


class Probe:
    """Repeats ``do`` on a connection of its own while the block lasts; ``seconds`` are those of each time.

    Raises:
        RuntimeError: at the end of the block, where a statement failed: what was measured was then no client's life.

    """

    def __init__(
        self,
        database: Database,
        do: Callable[[Connection], Any],
        *,
        pause: float = 0.005,
        user: str = "postgres",
    ) -> None:
        self.seconds: list[float] = []
        self._database = database
        self._do = do
        self._pause = pause
        self._user = user
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    @property
    def longest(self) -> float:
        """The longest stall, in milliseconds."""
        return 1000 * max(self.seconds)

    def percentile(self, share: float) -> float:
        """Return the milliseconds that this share of the statements kept below: 0.99 for the 99th percentile."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __enter__(self) -> Self:
        """Begin, and return after the first statement."""
        self._thread.start()
        while not self.seconds and self._thread.is_alive():
            time.sleep(0.001)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End after the statement that is under way."""
        self._ended.set()
        self._thread.join()
        if self._failure and error is None:
            raise RuntimeError(f"the client beside the measurement failed: {self._failure}") from self._failure
        if self._failure:
            say(f"the client beside the measurement failed, too: {self._failure}")

    def _repeat(self) -> None:
        try:
            with self._database.connect(self._user, application_name="application") as conn:
                self._do(conn)  # its first time also fills the session's caches
                while not self._ended.is_set():
                    started = time.monotonic()
                    self._do(conn)
                    self.seconds.append(time.monotonic() - started)
                    self._ended.wait(self._pause)
        except Exception as failure:  # noqa: BLE001 - told by the block's end, in the thread that reads it
            self._failure = failure
