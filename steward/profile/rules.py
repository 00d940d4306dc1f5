"""The rules of a profile: retention, partitions, materialized views, exemptions.

Optional keys of their entries default to "not set" here, since a parent profile has no entry to inherit them from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from steward.profile.sections import Model, read_later
from steward.profile.units import Duration, Interval, Name, Naming, Pattern, Text, TimeZone

__all__ = [
    "Condition",
    "Epoch",
    "Exemption",
    "Matview",
    "OrphanOf",
    "PartitionFamily",
    "Partitions",
    "Retention",
    "RetentionRule",
    "Unreferenced",
]


# What an integer column counts since 1970-01-01 00:00 UTC.
Epoch = Literal["days", "seconds", "milliseconds", "microseconds"]


class Condition(Model):
    """One column's condition: one of ``any_of``, ``below``, ``at_least`` or ``is_null``."""

    column: Text
    any_of: tuple[str, ...] = ()
    below: float | None = None
    at_least: float | None = None
    is_null: bool | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [bool(self.any_of), self.below is not None, self.at_least is not None, self.is_null is not None]
        if given.count(True) != 1:
            raise ValueError(f"the condition on {self.column} needs exactly one of any_of, below, at_least, is_null")
        return self


class Unreferenced(Model):
    """Only rows whose ``references`` is not in ``column`` of ``table`` within the given time of its ``clock``."""

    table: Name
    column: Text
    references: Text
    clock: Text
    clock_epoch: Epoch | None = None
    within: Interval


class OrphanOf(Model):
    """Only rows without a parent in ``table``; ``on`` maps own columns to the parent's."""

    table: Name
    on: Mapping[Text, Text] = Field(min_length=1)


class RetentionRule(Model):
    """Which rows go, when, and on what ground (LGPD articles 15 and 16)."""

    schedule: Literal["daily", "weekly", "monthly"]
    table: Name
    action: Literal["delete", "update", "archive", "report"]
    clock: str = ""
    clock_epoch: Epoch | None = None
    older_than: Interval | None = None
    clock_required: bool = False
    where: tuple[Condition, ...] = ()
    unreferenced: Unreferenced | None = None
    orphan_of: OrphanOf | None = None
    set: Mapping[Text, str] = Field(default_factory=dict)
    set_now: tuple[Text, ...] = ()
    allow_cascades: tuple[Name, ...] = ()
    allow_triggers: tuple[Text, ...] = ()
    purpose: Text = read_later("auditor")
    legal_basis: str = Field(default="", json_schema_extra={"read_by": "auditor"})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if bool(self.clock) != (self.older_than is not None):
            raise ValueError("clock and older_than belong together")
        if self.clock_required and not self.clock:
            raise ValueError("clock_required needs a clock")
        if self.clock_epoch and not self.clock:
            raise ValueError("clock_epoch needs a clock")
        if not self.clock and self.orphan_of is None:
            raise ValueError("a rule without a clock would reach every row; only orphan_of goes without one")
        if (self.action == "update") != bool(self.set or self.set_now):
            raise ValueError('action "update" and set or set_now belong together')
        if self.action == "archive" and (self.where or self.unreferenced or self.orphan_of):
            raise ValueError('action "archive" takes whole partitions and knows no conditions on rows')
        return self


class Retention(Model):
    """The rules by name, and how their batches adapt."""

    batch_target_low: Duration
    batch_target_high: Duration
    batch_rows_start: Annotated[int, Field(ge=1)]
    batch_rows_minimum: Annotated[int, Field(ge=1)]
    batch_rows_maximum: Annotated[int, Field(ge=1)]
    rules: Mapping[str, RetentionRule]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.batch_target_low > self.batch_target_high:
            raise ValueError("retention.batch_target_low is above retention.batch_target_high")
        if not self.batch_rows_minimum <= self.batch_rows_start <= self.batch_rows_maximum:
            raise ValueError("retention.batch_rows_minimum, _start and _maximum must rise")
        return self


class PartitionFamily(Model):
    """What one family does otherwise than the rest; ``epoch`` is what an integer key counts since 1970."""

    ahead: Annotated[int, Field(ge=0)] | None = None
    naming: Naming | None = None
    epoch: Epoch | None = None
    timezone: TimeZone | None = None
    default_rows: Literal["move", "refuse"] | None = None


class Partitions(Model):
    """Which families get their coming partitions; names follow the family's existing ones unless ``naming`` is set."""

    include: tuple[Pattern, ...]
    exclude: tuple[Pattern, ...]
    default_rows: Literal["move", "refuse"]
    families: Mapping[Name, PartitionFamily]


class Matview(Model):
    """How old the content of a materialized view may be, whether that is critical, and whether it may become empty."""

    staleness: Interval
    critical: bool = False
    may_empty: bool = False


class Exemption(Model):
    """A finding that is excused until a day: by whom, and why. ``object`` is a pattern; an expired one is a finding."""

    check: Text
    object: Pattern
    reason: Text
    owner: Text
    expires: date
