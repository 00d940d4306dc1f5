"""The names of coming partitions: a template learnt from the names and bounds of the family's existing ones.

A template is written as for strftime, with ``%q`` for the quarter and GNU's ``%-m`` and ``%-d`` for numbers without a
leading zero.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from steward.actions.partitioning.bounds import Granularity, PeriodBounds, Span

__all__ = ["LONGEST", "NameTemplate", "conventional", "learn", "pattern", "render", "style"]

# NAMEDATALEN - 1, in bytes: PostgreSQL cuts what is longer without an error.
LONGEST = 63

_SIGN = re.compile(r"%(-[md]|.)", re.DOTALL)
_DIGITS = re.compile(r"([0-9]+)")
# Names before the latest dozen may follow another template.
_WITNESSES = 12
_MOMENT = timedelta(microseconds=1)
# Digits that a name begins with are rarely its period's; more runs than these would only cost time.
_RUNS = 4

# What a period's name must be made of, for each length of period.
_COMPLETE: dict[Granularity, tuple[frozenset[str], ...]] = {
    "day": tuple(
        frozenset({year, *rest})
        for year in ("%Y", "%y")
        for rest in (("%m", "%d"), ("%-m", "%-d"), ("%m", "%-d"), ("%-m", "%d"), ("%j",))
    ),
    "week": tuple(
        frozenset(signs) for signs in (("%G", "%V"), ("%Y", "%V"), ("%y", "%V"), ("%Y", "%m", "%d"), ("%y", "%m", "%d"))
    ),
    "month": tuple(frozenset({year, month}) for year in ("%Y", "%y") for month in ("%m", "%-m")),
    "quarter": tuple(frozenset({year, part}) for year in ("%Y", "%y") for part in ("%q", "%m", "%-m")),
    "year": (frozenset({"%Y"}), frozenset({"%y"})),
}
# Where several readings fit all names, the usual one is meant.
_ODDITY = {"%Y": 0, "%m": 0, "%d": 0, "%q": 0, "%G": 0, "%V": 0, "%j": 2, "%y": 3, "%-m": 1, "%-d": 1}
_ORDER = ("%Y", "%G", "%y", "%q", "%V", "%m", "%-m", "%j", "%d", "%-d")

_CONVENTION: dict[Granularity, str] = {
    "day": "%Y_%m_%d",
    "week": "%G_w%V",
    "month": "%Y_%m",
    "quarter": "%Y_q%q",
    "year": "%Y",
}


Basis = Literal["period", "lower", "upper"]


@dataclass(frozen=True)
class NameTemplate:
    """A template, and the day that a name is made of: the period's by the calendar, or its lower or upper bound's.

    ``learnt`` is false where the names follow no template, and the convention is used.
    """

    template: str
    basis: Basis = "period"
    learnt: bool = True

    def name(self, period_bounds: PeriodBounds, span: Span) -> str:
        """Return the name of the period that a span ends in."""
        return render(self.template, _day(self.basis, period_bounds, period_bounds.period(span.upper - _MOMENT)))


def style(samples: Sequence[tuple[str, Span]], period_bounds: PeriodBounds) -> NameTemplate | None:
    """Return how the latest names are made of their periods, None where they say nothing.

    Weeks that begin on a Sunday are called by that Sunday, and some families by the day before which their rows lie.
    """
    bases: tuple[Basis, ...] = ("period", "lower", "upper")
    for basis in bases:
        template = learn(
            [(name, _day(basis, period_bounds, span)) for name, span in samples], period_bounds.granularity
        )
        if template:
            return NameTemplate(template, basis)
    return None


def _day(basis: Basis, period_bounds: PeriodBounds, period: Span) -> datetime:
    match basis:
        case "period":
            return period_bounds.nominal(period.lower)
        case "lower":
            return period.lower
        case "upper":
            return period_bounds.nominal(period.upper)


def render(template: str, begin: datetime) -> str:
    """Return the name of the period that begins then."""
    return _SIGN.sub(lambda match: _value(f"%{match[1]}", begin), template)


def conventional(table: str, granularity: Granularity) -> str:
    """Return the template for a family whose names say nothing about their periods."""
    return f"{table.replace('%', '%%')}_{_CONVENTION[granularity]}"


def pattern(template: str) -> str:
    """Return a regular expression of PostgreSQL's for the names that the template gives."""
    pieces = _SIGN.split(template)
    return "^" + "".join(_matching(piece) if place % 2 else _escaped(piece) for place, piece in enumerate(pieces)) + "$"


def learn(samples: Sequence[tuple[str, datetime]], granularity: Granularity) -> str | None:
    """Return the template that most of the latest names follow, None where fewer than half follow any.

    Args:
        samples: names with the begin of their periods, the latest last.
        granularity: how long a period is, which says what a name must at least be made of.

    """
    latest = samples[-_WITNESSES:]
    votes = Counter(template for name, begin in latest for template in set(_readings(name, begin, granularity)))
    if not votes:
        return None
    template, count = max(votes.items(), key=lambda vote: (vote[1], -_oddity(vote[0]), vote[0]))
    return template if 2 * count >= len(latest) else None


def _matching(sign: str) -> str:
    if sign == "%":
        return "%"
    return "[0-9]+" if f"%{sign}" in _ODDITY else ".+"


def _escaped(text: str) -> str:
    return re.sub(r"([^\w ])", r"\\\1", text)


def _value(sign: str, begin: datetime) -> str:
    match sign:
        case "%%":
            return "%"
        case "%q":
            return str((begin.month + 2) // 3)
        case "%-m":
            return str(begin.month)
        case "%-d":
            return str(begin.day)
        case "%Y":
            return f"{begin.year:04d}"
        case _:
            return begin.strftime(sign)


def _signs(template: str) -> list[str]:
    return [f"%{sign}" for sign in _SIGN.findall(template) if sign != "%"]


def _readings(name: str, begin: datetime, granularity: Granularity) -> Iterator[str]:
    """Yield every template that gives this name to the period, and tells it from all others."""
    parts = _DIGITS.split(name)
    values = {sign: _value(sign, begin) for sign in _ORDER}
    first = max(1, len(parts) - 2 * _RUNS)
    choices = [
        sorted(_within(part, values)) if place % 2 and place >= first else [part.replace("%", "%%")]
        for place, part in enumerate(parts)
    ]
    for chosen in product(*choices):
        template = "".join(chosen)
        found = _signs(template)
        if len(found) == len(set(found)) and frozenset(found) in _COMPLETE[granularity]:
            yield template


def _within(digits: str, values: dict[str, str]) -> set[str]:
    """Return the readings of a run of digits: as it stands, or with signs that follow each other somewhere in it."""
    found = {digits}
    for begin in range(len(digits)):
        found.update(digits[:begin] + rest for rest in _replaced(digits[begin:], values, 3))
    return found


def _replaced(digits: str, values: dict[str, str], most: int) -> Iterator[str]:
    """Yield the readings in which one to ``most`` signs stand at the beginning."""
    for sign, value in values.items():
        if digits.startswith(value):
            rest = digits.removeprefix(value)
            yield sign + rest
            if most > 1:
                yield from (sign + more for more in _replaced(rest, values, most - 1))


def _oddity(template: str) -> int:
    signs = _signs(template)
    places = [_ORDER.index(sign) for sign in signs]
    return sum(_ODDITY[sign] for sign in signs) + 2 * (places != sorted(places)) + ("%Y" in signs and "%V" in signs)
