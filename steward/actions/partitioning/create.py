"""The coming partitions of every family over time, made beside the parent and attached within the lock budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from psycopg.errors import QueryCanceled
from psycopg.types.json import Jsonb

from steward import ReconciliationError, StewardError
from steward.actions.partitioning import families, naming, statements, subpartitions
from steward.actions.partitioning.statements import MissingPeriod, PartitionTemplate, TableRef
from steward.database import queries
from steward.engine.executor import ended_by_window
from steward.engine.operation import DueSubject, Examination, ExecutionResult, MaintenanceOperation
from steward.profile import duration_text
from steward.retention import legal_holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from steward.actions.partitioning.bounds import Span
    from steward.actions.partitioning.families import MissingPartition
    from steward.database.inventory import Family
    from steward.engine.executor import Executor, RunSettings, Statement
    from steward.engine.operation import GatherContext, PlanContext

__all__ = ["CreatePartitions", "PartitionState"]


@dataclass(frozen=True)
class PartitionState:
    """The partition that has the period's bounds, None where there is none.

    Grantees are those beside the owner; branches are the partitions below it.
    """

    partition: str | None
    owner: str = ""
    row_security: bool = False
    force_row_security: bool = False
    grantees: str = ""
    indexes: int = 0
    branches: int = 0


class CreatePartitions(MaintenanceOperation[MissingPeriod, PartitionState]):
    """One missing period of one family: its partition is created, in one transaction or not at all."""

    name: ClassVar = "partitions"
    argument: ClassVar = "period"
    phase: ClassVar = "prepare"
    # Rows of a month without a partition are refused: that cannot wait for a quiet hour.
    heavy: ClassVar = False

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return how the next partition of each family that lacks one is to be made."""
        asked = subpartitions.fact_pairs(context.scan, families.missing_partitions(context.scan, context.settings))
        parents, siblings = [parent for parent, _ in asked], [sibling for _, sibling in asked]
        if not asked:
            return []
        return queries.fetch(context.conn, "maintenance/partitions_facts", {"parents": parents, "siblings": siblings})

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[MissingPeriod]:
        """Return the missing periods, from the present one to as many ahead as the profile wants."""
        facts = {row["sibling"]: row for row in context.scan.gathered.get(cls.name, ())}
        levels = subpartitions.levels(context.scan)
        due = tuple(
            due
            for missing in families.missing_partitions(context.scan, context.settings)
            for due in _due(missing, facts, levels, context.settings)
        )
        return Examination(len(families.included(context.scan, context.settings)), due)

    def measure(self) -> PartitionState:
        """Return the partition with these bounds, if there is one.

        Raises:
            StewardError: how to make it cannot be derived, or its name is taken.

        """
        if self.subject.refused:
            remedy = "make the coming partitions by hand, or exclude the family under [partitions] of the profile"
            raise StewardError(
                self.subject.parent.ident, f"{self.subject.table.ident} cannot be made: {self.subject.refused}", remedy
            )
        found = queries.fetch(
            self.executor.conn,
            "maintenance/partitions_measure",
            {"parent": self.subject.oid, "lower": self.subject.lower, "upper": self.subject.upper},
            key_type=statements.type_name(self.subject.key_type),
        )
        if found:
            return PartitionState(**found[0])
        for table in self.subject.tables:
            _require_name(self.executor, self.subject, table)
        return PartitionState(None)

    def still_due(self) -> bool:
        """Return whether nobody has made it meanwhile."""
        return self.before.partition is None

    def threshold(self) -> PartitionState:
        """Return what must be found afterwards."""
        demanded = self.subject.blueprint
        return PartitionState(
            self.subject.table.ident,
            demanded.owner,
            demanded.row_security,
            demanded.force_row_security,
            "",
            demanded.indexes,
            len(self.subject.branches),
        )

    def statements(self) -> tuple[Statement, ...]:
        """Return the transaction's statements; those that depend on what is found on the way are left out."""
        made = statements.build(self.subject, self.subject.blueprint.grantees)
        room = statements.lock_default(self.subject)
        return (*made, *room, statements.attach(self.subject))

    def execute(self) -> ExecutionResult[PartitionState]:
        """Create and attach in one transaction; a lock not had undoes all of it and tries again.

        Raises:
            Busy: a lock was not had within the budget.
            StewardError: rows in the default partition are in the way and may not be moved, or the search for them took
                too long.

        """
        if self.subject.default:
            # From here on readers of the default partition wait: no statement may search it for longer than this.
            self.executor.limit(statement_timeout=self.executor.settings.profile.locks.other)
            # A CHECK that leaves the period out then spares the search, as it spares the server's own on attaching.
            queries.execute(
                self.executor.conn, "session/settings/set", {"settings": Jsonb({"constraint_exclusion": "on"})}
            )
        try:
            return ExecutionResult(self.executor.attempt(lambda: _create(self.executor, self.subject), budget="brief"))
        except QueryCanceled as error:
            if self.subject.default is None or ended_by_window(self.executor.settings, error):
                raise
            raise _too_large(self.executor, self.subject, self.subject.default) from error

    @classmethod
    def relations(cls, subject: MissingPeriod) -> Sequence[int]:
        """Return all whose locks it needs: the parent, the default partition, the other ends of foreign keys."""
        default = () if subject.default is None else (subject.default.oid,)
        return (subject.oid, *default, *subject.blueprint.related)


def _due(
    missing: MissingPartition, facts: Mapping[int, Any], levels: Mapping[int, Family], settings: RunSettings
) -> Iterator[DueSubject[MissingPeriod]]:
    family, scheme = missing.family, missing.scheme
    names = Counter[str]()
    for span in missing.spans:
        name = scheme.style.name(scheme.period_bounds, span)
        names[name] += 1
        # Two gaps in one period: the later one cannot have the name, too.
        period = _period(missing, span, name if names[name] == 1 else f"{name}_{names[name]}", facts, settings)
        try:
            period = replace(period, branches=subpartitions.branches(missing, period.table, span, facts, levels))
        except subpartitions.UnknownSubpartitioningError as unlike:
            period = replace(period, refused=str(unlike))
        period = replace(period, refused=period.refused or _impossible(missing, span, period))
        why = f"{family.ident} has no partition from {period.lower} to {period.upper}"
        yield DueSubject(period, why, 1.0 + len(period.branches), family.root, period.table.ident)


def _period(
    missing: MissingPartition, span: Span, name: str, facts: Mapping[int, Any], settings: RunSettings
) -> MissingPeriod:
    family, clock, known = missing.family, missing.scheme.clock, facts[missing.sibling.oid]
    return MissingPeriod(
        oid=family.oid,
        parent=TableRef(family.oid, family.schema, family.name, family.ident),
        table=TableRef(0, known["schema"], name, statements.ident(known["schema"], name)),
        key_column=family.key_columns[0],
        key_type=family.key_types[0],
        lower=clock.literal(span.lower),
        upper=clock.literal(span.upper),
        default=None
        if missing.default is None
        else TableRef(missing.default.oid, missing.default.schema, missing.default.name, missing.default.ident),
        move=(missing.rule.default_rows or settings.profile.partitions.default_rows) == "move",
        blueprint=PartitionTemplate.of(known),
    )


def _impossible(missing: MissingPartition, span: Span, period: MissingPeriod) -> str:
    """Return why the period cannot be made as its siblings are; nothing where it can."""
    if not missing.scheme.clock.fits(span.upper):
        return f"the column {period.key_column} ({period.key_type}) cannot hold {period.upper}"
    if period.blueprint.foreign:
        return f"the present one, {missing.sibling.ident}, is a foreign table"
    twice = [ident for ident, count in Counter(table.ident for table in period.tables).items() if count > 1]
    return f"two of its partitions would be called {twice[0]}" if twice else ""


def _require_name(executor: Executor, subject: MissingPeriod, table: TableRef) -> None:
    """Refuse a name that PostgreSQL would cut, or that something else has: nothing is dropped or renamed for it."""
    parent = subject.parent.ident
    size = len(table.name.encode())
    if size > naming.LONGEST:
        raise StewardError(
            parent,
            f"its coming partition {table.ident} would have a name of {size} bytes, over PostgreSQL's {naming.LONGEST}",
            f"set a shorter naming under [partitions.families.'{parent}'] in the profile",
        )
    for taken in queries.fetch(
        executor.conn, "maintenance/partition_lookups/name_taken", {"schema": table.schema, "name": table.name}
    ):
        what = "another partition" if taken["is_partition"] else f"a relation of kind {taken['kind']}"
        raise StewardError(
            parent,
            f"its coming partition cannot be called {table.ident}: {what} has that name",
            "attach, rename or archive that one; it is left as it is",
        )


def _too_large(executor: Executor, subject: MissingPeriod, default: TableRef) -> StewardError:
    """Return the error for when searching the default partition took too long; all of it is undone."""
    limit = duration_text(executor.settings.profile.locks.other)
    return StewardError(
        subject.parent.ident,
        f"its default partition {default.ident} cannot be searched for rows from {subject.lower} to {subject.upper} "
        f"within locks.other = {limit}, while nobody can read it",
        f"empty {default.ident}, or add a CHECK to it that leaves those rows out (NOT VALID, then VALIDATE), or raise "
        "locks.other",
    )


def _create(executor: Executor, subject: MissingPeriod) -> dict[str, object]:
    for statement in statements.build(subject, ()):
        executor.execute(statement)
    granted: set[str] = set()
    for new_table in subject.tables:
        named = {"schema": new_table.schema, "name": new_table.name}
        grantees = [
            row["grantee"] for row in queries.fetch(executor.conn, "maintenance/partition_lookups/grantees", named)
        ]
        if grantees:
            executor.execute(statements.revoke(new_table, grantees))
        granted.update(grantees)
    moved = _make_room(executor, subject, subject.default) if subject.default else 0
    executor.execute(statements.attach(subject))
    if subject.blueprint.replica_index:
        table = {"schema": subject.table.schema, "name": subject.table.name}
        known = {**table, "parent_index": subject.blueprint.replica_index}
        for index in queries.fetch(executor.conn, "maintenance/partition_lookups/replica_index", known):
            executor.execute(statements.replica_index(subject, index["name"]))
    return {
        "lower": subject.lower,
        "upper": subject.upper,
        "moved_from_default": moved,
        "revoked_from": sorted(granted),
    }


def _make_room(executor: Executor, subject: MissingPeriod, default: TableRef) -> int:
    """Move the period's rows out of the default partition, and return how many there were."""
    for statement in statements.lock_default(subject):
        executor.execute(statement)
    found = executor.conn.execute(statements.default_rows(subject, default), {}).fetchone()
    if found is None or not found["found"]:
        return 0
    _require_movable(executor, subject, default)
    counts = executor.execute(statements.default_move(subject, default)).fetchone()
    if counts is None or counts["removed"] != counts["kept"]:
        raise ReconciliationError(
            default.ident, f"rows moved to {subject.table.ident}: {counts}", "nothing was changed"
        )
    return int(counts["kept"])


def _require_movable(executor: Executor, subject: MissingPeriod, default: TableRef) -> None:
    rows = f"rows from {subject.lower} to {subject.upper} are in its default partition {default.ident}"
    if not subject.move:
        remedy = 'move them by hand, or say default_rows = "move" in the profile'
        raise StewardError(subject.parent.ident, rows, remedy)
    triggers = queries.fetch(
        executor.conn, "maintenance/partition_lookups/default_triggers", {"default_oid": default.oid}
    )
    if triggers:
        # A delete that cascades through somebody's foreign key would destroy what a move must keep.
        names = ", ".join(row["name"] for row in triggers)
        remedy = "move them by hand with the triggers in mind"
        raise StewardError(subject.parent.ident, f"{rows}, and moving them would fire the triggers {names}", remedy)
    for hold in legal_holds.read(executor.conn, executor.settings.profile.tenancy.column):
        if default.oid in hold.covers and subject.oid not in hold.covers:
            # In the new partition the rows would be out of its reach, and the next purge would take them.
            remedy = f"let it name {subject.parent.ident}, or move them by hand"
            raise StewardError(subject.parent.ident, f"{rows}, which alone is what {hold} covers", remedy)
