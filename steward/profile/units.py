"""The units that a profile is written in: durations, calendar intervals, sizes, names, as PostgreSQL writes them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, PlainSerializer, PlainValidator

__all__ = [
    "Duration",
    "Interval",
    "Name",
    "NameOrAll",
    "Naming",
    "OptionalDuration",
    "OptionalSize",
    "Pattern",
    "Share",
    "Size",
    "Text",
    "TimeZone",
    "duration_text",
    "parse_duration",
    "parse_interval",
    "parse_size",
    "size_text",
]

# PostgreSQL's own units of time settings (postgresql.conf), so that a value can be handed to SET as it stands.
_MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
# Binary, as PostgreSQL counts them.
_BYTES = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "PB": 1 << 50}
_INTERVAL = re.compile(
    r"(?:\d+ (?:second|minute|hour|day|week|month|year)s?)(?: \d+ (?:second|minute|hour|day|week|month|year)s?)*"
)
_PART = r'(?:[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")'
_NAME = re.compile(rf"{_PART}\.{_PART}")
# timedelta's own bound; anything near it is a mistake in a profile anyway.
_LONGEST = 10_000 * _MICROSECONDS["d"]


def _parse(value: object, units: dict[str, int], expected: str) -> int:
    """Return the number of smallest units in ``value``; zero may stand without a unit."""
    match = re.fullmatch(r"(\d{1,18}) ?([A-Za-z]*)", value) if isinstance(value, str) else None
    if match and match[2] in units:
        return int(match[1]) * units[match[2]]
    if match and not match[2] and int(match[1]) == 0:
        return 0
    raise ValueError(expected)


def _text(amount: int, units: dict[str, int]) -> str:
    """Write ``amount`` in the largest unit that holds it exactly."""
    fitting = [unit for unit, factor in units.items() if amount % factor == 0]
    return f"{amount // units[fitting[-1]]}{fitting[-1]}" if amount else f"0{next(iter(units))}"


def parse_duration(value: object) -> timedelta:
    """Read ``"250ms"``, ``"30min"`` or ``"2h"``: a fixed length of time, in PostgreSQL's units of time settings."""
    expected = 'a duration such as "250ms", "30min" or "2h" (us, ms, s, min, h, d)'
    microseconds = _parse(value, _MICROSECONDS, expected)
    if microseconds > _LONGEST:
        raise ValueError(f"{expected} of at most 10000d")
    return timedelta(microseconds=microseconds)


def duration_text(duration: timedelta) -> str:
    """Write a duration so that PostgreSQL's time settings and :func:`parse_duration` take it."""
    return _text(duration // timedelta(microseconds=1), _MICROSECONDS)


def parse_size(value: object) -> int:
    """Read ``"100MB"``: bytes, in PostgreSQL's binary units."""
    return _parse(value, _BYTES, 'a size such as "100MB" (B, kB, MB, GB, TB, PB; binary)')


def size_text(size: int) -> str:
    """Write bytes so that PostgreSQL's memory settings and :func:`parse_size` take them."""
    return _text(size, _BYTES)


def parse_interval(value: object) -> str:
    """Check ``"90 days"`` or ``"1 year 6 months"``: a calendar interval, computed by the server and never here."""
    if isinstance(value, str) and _INTERVAL.fullmatch(value):
        return value
    raise ValueError('a PostgreSQL interval such as "90 days" or "6 months"')


def _parse_name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError('schema and name such as "public.suggestions", quoted where PostgreSQL quotes them')


def _parse_name_or_all(value: object) -> str:
    return "*" if value == "*" else _parse_name(value)


def _parse_naming(value: object) -> str:
    # Which signs a name needs depends on the family's period; without a year they repeat.
    if isinstance(value, str) and any(sign in value for sign in ("%Y", "%G", "%y")):
        return value
    raise ValueError('a strftime name such as "correction_logs_%Y_%m"')


def _parse_time_zone(value: object) -> str:
    if isinstance(value, str) and value:
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(value).key
    raise ValueError('a time zone such as "Europe/Berlin" that this machine knows')


def _parse_pattern(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError('a pattern over schema and name such as "public.log_*" or "*"')


def _parse_text(value: str) -> str:
    if not value.strip():
        raise ValueError("a text that is not empty")
    return value


def _parse_share(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise ValueError("a share between 0 and 1")


def _optional_duration(value: object) -> timedelta | None:
    return None if value == "" else parse_duration(value)


def _optional_size(value: object) -> int | None:
    return None if value == "" else parse_size(value)


Duration = Annotated[timedelta, PlainValidator(parse_duration), PlainSerializer(duration_text, when_used="json")]
Size = Annotated[int, PlainValidator(parse_size), PlainSerializer(size_text, when_used="json")]
Interval = Annotated[str, PlainValidator(parse_interval)]
Name = Annotated[str, PlainValidator(_parse_name)]
NameOrAll = Annotated[str, PlainValidator(_parse_name_or_all)]
Naming = Annotated[str, PlainValidator(_parse_naming)]
Pattern = Annotated[str, PlainValidator(_parse_pattern)]
Share = Annotated[float, PlainValidator(_parse_share)]
Text = Annotated[str, AfterValidator(_parse_text)]
TimeZone = Annotated[str, PlainValidator(_parse_time_zone)]
# TOML has no null: the empty string says "as the server has it" or "not known".
OptionalDuration = Annotated[
    timedelta | None,
    PlainValidator(_optional_duration),
    PlainSerializer(lambda value: "" if value is None else duration_text(value), when_used="json"),
]
OptionalSize = Annotated[
    int | None,
    PlainValidator(_optional_size),
    PlainSerializer(lambda value: "" if value is None else size_text(value), when_used="json"),
]
