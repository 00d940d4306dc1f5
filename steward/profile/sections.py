"""The tables of a profile but for thresholds and rules; all defaults stand in profiles/base.toml, none here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from steward.profile.units import Duration, Name, OptionalSize, Pattern, Share, Size, Text

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = [
    "ApplicationSection",
    "CanarySection",
    "Count",
    "ExtensionsSection",
    "IsolationSection",
    "LocksSection",
    "MinimumSection",
    "Model",
    "ParallelSection",
    "Positive",
    "RolesSection",
    "RunSection",
    "Schedule",
    "ServerSection",
    "Severity",
    "TargetSection",
    "TenancySection",
    "read_later",
]

# What may have a statement timeout of its own: the names of the operations (steward/actions/registry.py).
Action = Literal["analyze", "leftovers", "matviews", "partitions", "purge", "reindex", "snapshots", "vacuum"]
Severity = Literal["blocker", "critical", "normal", "minor", "trivial"]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Major = Annotated[str, Field(pattern=r"^[0-9]{2}$")]


def read_later(by: Literal["weekly", "monthly", "auditor"]) -> Any:
    """Mark a key that no code reads yet, with the schedule that will read it, or the person who reads it now."""
    return Field(json_schema_extra={"read_by": by})


class Model(BaseModel):
    """A table of the profile: frozen, every key known, no value bent to fit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class TargetSection(Model):
    """What the server is, as far as SQL cannot see it, and which part of the database is maintained."""

    cpus: Count
    capacity: OptionalSize
    tablespaces: Mapping[Text, Size]
    schemas: tuple[Text, ...]
    exclude: tuple[Pattern, ...]


class RolesSection(Model):
    """The roles by name; ``""`` for those that a database does not have."""

    login: Text
    maintenance: Text
    owner: str
    application: str
    analytics: str
    admin: str


class TenancySection(Model):
    """How rows belong to tenants; no tables: a database without tenants."""

    column: str
    setting: str
    user_setting: str
    format: str
    tables: tuple[Name, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.tables and not (self.column and self.setting):
            raise ValueError("tenancy.tables need tenancy.column and tenancy.setting")
        return self


class IsolationSection(Model):
    """As which roles, for which tenants and where it is tried whether one tenant reaches another's rows."""

    roles: tuple[Text, ...]
    writes: Literal["clone", "live", "never"]
    tenants: Annotated[int, Field(ge=2)]
    examples: Positive
    minimum_minor: Mapping[Major, Count]


class ApplicationSection(Model):
    """Where the application's schema says its version, and the oldest that is supported."""

    version_table: str
    version_minimum: str


class ExtensionsSection(Model):
    """Extensions that the suite needs, and those that it uses where the server has them."""

    required: tuple[Text, ...]
    wanted: tuple[Text, ...]


class ServerSection(Model):
    """Fixes that a server must have, and when its major version is mended no more; by major version."""

    minimum_minor: Mapping[Major, Count]
    end_of_life: Mapping[Major, date]


class RunSection(Model):
    """How a run behaves."""

    workers: Positive
    fail_on: Severity
    max_deferrals: Positive
    connect_timeout: Duration
    connection_check: Duration
    cancel_grace: Duration
    progress_interval: Duration

    @model_validator(mode="after")
    def _patient(self) -> Self:
        if not self.connect_timeout:
            raise ValueError("run.connect_timeout is zero, which libpq takes for no limit")
        return self


class MinimumSection(Model):
    """The least that the catalog must hold: an empty inventory is a failure, not a pass."""

    tables: Count
    partitions: Count
    matviews: Count


class ParallelSection(Model):
    """PostgreSQL's settings of the same names, for sessions that maintain."""

    max_parallel_maintenance_workers: Count
    max_parallel_workers: Count
    max_parallel_workers_per_gather: Count
    parallel_setup_cost: Annotated[float, Field(ge=0)]
    parallel_tuple_cost: Annotated[float, Field(ge=0)]


class Schedule(Model):
    """The figures of one schedule; memory is for the whole run and divided by its lanes."""

    window: Duration
    duration_limit: Duration
    max_age: Duration
    maintenance_work_mem: OptionalSize
    work_mem: OptionalSize
    statement_timeout: Duration
    statement_timeouts: Mapping[Action, Duration]
    parallel: ParallelSection
    partitions_ahead: Count
    partition_size_limit: Size
    index_bloat: Share
    index_size: Size
    index_scans: Count
    statistics_target: Annotated[int, Field(ge=0, le=10_000)]
    refresh: Literal["stale", "all"]

    def timeout(self, action: str) -> timedelta:
        """Return how long a statement of an action may take: its own limit, else that of all; zero is no limit."""
        own = (limit for name, limit in self.statement_timeouts.items() if name == action)
        return next(own, self.statement_timeout)


class LocksSection(Model):
    """How long a lock may be waited for: by an attempt, by all attempts, by a drain of a CONCURRENTLY command."""

    access_exclusive: Duration
    attempts: Positive
    backoff_base: Duration
    backoff_cap: Duration
    budget: Duration
    drain: Duration
    other: Duration
    terminate_blockers: bool

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.backoff_base > self.backoff_cap:
            raise ValueError("locks.backoff_base is above locks.backoff_cap")
        if self.access_exclusive > self.budget:
            raise ValueError("locks.access_exclusive is above locks.budget")
        if not self.access_exclusive:
            raise ValueError("locks.access_exclusive is zero, which PostgreSQL takes for no limit")
        return self


class CanarySection(Model):
    """The small client that reads during a run; no tables: no canary."""

    interval: Duration
    timeout: Duration
    tables: tuple[Name, ...]
