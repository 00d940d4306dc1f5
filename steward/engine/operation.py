"""The maintenance operation: one kind of work, what it plans from and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.engine.executor import Executor, RunSettings, Statement

__all__ = [
    "EXPECTED",
    "DueSubject",
    "Examination",
    "ExecutionResult",
    "GatherContext",
    "LeavesDeadRows",
    "MaintenanceOperation",
    "PlanContext",
    "WarnsOfSettings",
]

# What a plan expects earlier phases to leave behind, in the scan of the later ones.
EXPECTED = "expected"

S = TypeVar("S")
M = TypeVar("M")


@dataclass(frozen=True)
class DueSubject(Generic[S]):
    """A subject that needs the work: why, what it costs, its lane, and the name that it has in the plan.

    ``cost`` only orders the subjects of one operation; ``estimate`` is shown to a person, in its own unit.
    """

    subject: S
    why: str
    cost: float
    lane: str
    label: str
    estimate: str = ""


@dataclass(frozen=True)
class Examination(Generic[S]):
    """How many objects were examined, and those that need the work."""

    count: int
    due: tuple[DueSubject[S], ...] = ()


@dataclass(frozen=True)
class PlanContext:
    """What the plan of a phase is made from: the run's settings and the scan of the catalog."""

    settings: RunSettings
    scan: Scan


@dataclass(frozen=True)
class GatherContext(PlanContext):
    """The same with the connection, for what the scan does not hold."""

    conn: Session


@dataclass(frozen=True)
class ExecutionResult(Generic[M]):
    """The figures of the work for the record, and its proof: the measure that the work took as its last step.

    Without a proof the effect is measured afterwards.
    """

    figures: Mapping[str, object]
    proof: M | None = None


class WarnsOfSettings(ABC):
    """An operation that warns the operator of figures of the profile before the work begins."""

    @classmethod
    @abstractmethod
    def warnings_of(cls, settings: RunSettings) -> Sequence[str]:
        """Return the warnings, each a line for the operator."""


class LeavesDeadRows(ABC):
    """An operation that leaves dead rows behind, so that a plan's later phases reckon with them."""

    @classmethod
    @abstractmethod
    def dead_rows(cls, context: PlanContext) -> Mapping[int, int]:
        """Return how many rows the work would leave dead, by the relation's oid."""


class MaintenanceOperation(ABC, Generic[S, M]):
    """One kind of work: its class plans, and an instance acts on one subject over the acting connection.

    ``argument`` is the runbook's argument that takes a subject; ``heavy`` work is deferred for load and lag.
    """

    name: ClassVar[str]
    argument: ClassVar[str]
    phase: ClassVar[str]
    heavy: ClassVar[bool] = True

    def __init__(self, executor: Executor, subject: S) -> None:
        self.executor = executor
        self.subject = subject

    @classmethod
    @abstractmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return what ``examine`` needs beyond the catalog scan; JSON-able, a constant number of queries."""

    @classmethod
    @abstractmethod
    def examine(cls, context: PlanContext) -> Examination[S]:
        """Return which subjects need the work, and why; no query, since it runs in every worker's collection."""

    @classmethod
    def relations(cls, subject: S) -> Sequence[int]:
        """Return the oids whose lock holders are named when a lock is not had."""
        oid = getattr(subject, "oid", None)
        return () if oid is None else (oid,)

    @classmethod
    def may_wait(cls, subject: S) -> bool:
        """Return whether load or lag defers the work on the subject; never that on an ``urgent`` one (wraparound)."""
        return cls.heavy and not getattr(subject, "urgent", False)

    @cached_property
    def before(self) -> M:
        """The first measure: it is taken once, before anything is changed."""
        return self.measure()

    @abstractmethod
    def measure(self) -> M:
        """Return the figures that the work is to change."""

    @abstractmethod
    def still_due(self) -> bool:
        """Return whether the work is needed now, by the measure ``before``."""

    @abstractmethod
    def statements(self) -> tuple[Statement, ...]:
        """Return what would run."""

    @abstractmethod
    def execute(self) -> ExecutionResult[M]:
        """Do the work, and return its figures and its proof."""

    def threshold(self) -> object:
        """Return the limit that the measure must keep afterwards; None where the fact has none."""
        return None
