"""The representation of time in a partition key: dates, timestamps, a time zone's calendar, or numbers since 1970.

Everything between reading a bound and writing one is in the family's calendar: a datetime that is labelled UTC and
means local wall-clock time. Periods are regular there, whatever summer time does to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import tzinfo

    from steward.database.inventory import Family
    from steward.profile import Epoch, PartitionFamily

__all__ = ["BEGIN", "COUNTER_TYPES", "END", "EPOCHS", "Clock", "of"]

_TIMES = ("date", "timestamp without time zone", "timestamp with time zone")
# What may count time, with the largest number that it holds.
COUNTER_TYPES = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
BEGIN = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)

# Microseconds of one count.
EPOCHS: dict[Epoch, int] = {"days": 86_400_000_000, "seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
_FIRST_YEAR, _LAST_YEAR = 10, 9_990
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Clock:
    """The type of a key, what it counts where it is a number, and the time zone of its calendar."""

    key_type: str
    epoch: Epoch | None = None
    zone: tzinfo = UTC

    def parse(self, text: str | None, default: datetime) -> datetime:
        """Return a bound as the inventory has it (ISO 8601 in UTC, or digits); ``default`` stands for an open end.

        Python knows no year beyond 9999 and none before 1, and calendars need room to count on: what lies near these
        counts as the end of time on its side, as 9999-12-31 is mostly meant.
        """
        if text is None:
            return default
        try:
            found = self._counted(int(text)) if self.epoch else _read(text)
            if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
                return END if found.year > _LAST_YEAR else BEGIN
            return self.now(found) if self._zoned else found
        except (OverflowError, ValueError):
            return BEGIN if text.startswith("-") or text.endswith(" BC") else END

    def now(self, instant: datetime) -> datetime:
        """Return the local time of an instant in the family's calendar."""
        return instant.astimezone(self.zone).replace(tzinfo=UTC, fold=0)

    def instant(self, at: datetime) -> datetime:
        """Return the instant of a local time in the family's calendar."""
        return at.replace(tzinfo=self.zone).astimezone(UTC) if self._zoned and at not in (BEGIN, END) else at

    def literal(self, at: datetime) -> str:
        """Return a bound as the key's type takes it, the same whatever the session's time zone is."""
        if self.epoch:
            return str((self.instant(at) - _EPOCH) // _MICROSECOND // EPOCHS[self.epoch])
        if self.key_type == "date":
            return at.date().isoformat()
        if self.key_type == "timestamp with time zone":
            return self.instant(at).isoformat(sep=" ")
        return at.replace(tzinfo=None).isoformat(sep=" ")

    def fits(self, at: datetime) -> bool:
        """Return whether the key's type can hold a bound."""
        return not self.epoch or int(self.literal(at)) <= COUNTER_TYPES[self.key_type]

    @property
    def _zoned(self) -> bool:
        # Dates and timestamps without a zone show their calendar themselves.
        return self.zone is not UTC and (bool(self.epoch) or self.key_type == "timestamp with time zone")

    def _counted(self, number: int) -> datetime:
        return _EPOCH + number * EPOCHS[self.epoch or "microseconds"] * _MICROSECOND


def of(family: Family, rule: PartitionFamily) -> Clock | None:
    """Return the clock of a family over one column of time; None where its key is something else.

    A number is time only where the profile says what it counts.
    """
    if len(family.key_types) != 1 or family.strategy != "r":
        return None
    [key_type] = family.key_types
    zone = ZoneInfo(rule.timezone) if rule.timezone else UTC
    epoch = rule.epoch
    if key_type in _TIMES:
        return None if epoch else Clock(key_type, None, zone)
    return Clock(key_type, epoch, zone) if epoch and key_type in COUNTER_TYPES else None


def _read(text: str) -> datetime:
    if text == "-infinity" or text.endswith(" BC"):
        return BEGIN
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
