"""The subpartitions of a coming partition: the same as those of the present one.

Ranges over the family's own time are laid out anew for the coming period; all other bounds (list values, hash
remainders, ranges over something else) are the present partition's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from steward.actions.partitioning import bounds, families, naming, statements
from steward.actions.partitioning.statements import Branch, PartitionTemplate, TableRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from steward.actions.partitioning.bounds import Span
    from steward.actions.partitioning.families import MissingPartition
    from steward.database.inventory import Family, Partition, Scan

__all__ = ["Place", "UnknownSubpartitioningError", "branches", "fact_pairs", "levels"]


class UnknownSubpartitioningError(Exception):
    """The subpartitions cannot be derived from the present partition; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where in the new tree something is made: the new table and its span, and what it is made like."""

    table: TableRef
    span: Span
    like: Partition


def fact_pairs(scan: Scan, all_missing: Iterator[MissingPartition]) -> list[tuple[int, int]]:
    """Return whose facts are needed, parent and partition: each family's present one, and everything below it."""
    families_by_oid = levels(scan)

    def tree(parent: int, partition: Partition) -> Iterator[tuple[int, int]]:
        yield parent, partition.oid
        if partition.oid in families_by_oid:
            for child in families_by_oid[partition.oid].partitions:
                yield from tree(partition.oid, child)

    return [pair for missing in all_missing for pair in tree(missing.family.oid, missing.sibling)]


def levels(scan: Scan) -> dict[int, Family]:
    """Return the levels of all trees, by oid."""
    return {family.oid: family for family in scan.families}


def branches(
    missing: MissingPartition,
    table: TableRef,
    span: Span,
    facts: Mapping[int, Any],
    families_by_oid: Mapping[int, Family],
) -> tuple[Branch, ...]:
    """Return what is to be made below the coming partition, parents first; ``families_by_oid`` are the `levels`.

    Raises:
        UnknownSubpartitioningError: it cannot be derived.

    """
    top = PartitionTemplate.of(facts[missing.sibling.oid])
    return tuple(_branches_under(missing, Place(table, span, missing.sibling), families_by_oid, facts, top))


def _branches_under(
    missing: MissingPartition,
    place: Place,
    families_by_oid: Mapping[int, Family],
    facts: Mapping[int, Any],
    top: PartitionTemplate,
) -> Iterator[Branch]:
    level = families_by_oid.get(place.like.oid)
    if level is None:
        return
    for like, span, bound, name in _laid_out(missing, place, level, facts):
        plan = PartitionTemplate.of(facts[like.oid])
        if plan.foreign or plan.replica_index:
            what = "a foreign table" if plan.foreign else "known to logical replication by an index"
            raise UnknownSubpartitioningError(f"{like.ident}, which a table below it would be made like, is {what}")
        table = TableRef(0, like.schema, name, statements.ident(like.schema, name))
        # Whoever goes around the parent meets the same owner and the same row security at every level.
        plan = replace(plan, owner=top.owner, row_security=top.row_security, force_row_security=top.force_row_security)
        yield Branch(table, place.table, bound, plan)
        yield from _branches_under(missing, Place(table, span, like), families_by_oid, facts, top)


def _laid_out(
    missing: MissingPartition, place: Place, level: Family, facts: Mapping[int, Any]
) -> Iterator[tuple[Partition, Span, Any, str]]:
    """Yield what a level consists of: the counterpart, the span, the bound and the name of each partition."""
    [column] = missing.family.key_columns
    over_time = column in level.key_columns or "(expression)" in level.key_columns
    if level.strategy == "h" or not over_time:
        for like in level.partitions:
            bound = statements.verbatim(facts[like.oid]["bound"])
            yield like, place.span, bound, _renamed(missing, place, like)
    elif level.strategy == "r" and level.key_columns == missing.family.key_columns:
        yield from _by_time(missing, place, level)
    else:
        raise UnknownSubpartitioningError(
            f"the bounds below {level.ident} depend on the time in a way that is not known"
        )


def _by_time(missing: MissingPartition, place: Place, level: Family) -> Iterator[tuple[Partition, Span, Any, str]]:
    clock = missing.scheme.clock
    existing = families.members(level, clock)
    spans = [(like.name, bounds.span(like, clock)) for like in existing]
    period_bounds = bounds.learn([span for _, span in spans], place.span.lower)
    if period_bounds is None:
        raise UnknownSubpartitioningError(
            f"the partitions below {level.ident} are no day, week, month, quarter or year each"
        )
    style = naming.style(spans, period_bounds) or naming.NameTemplate(
        naming.conventional(place.table.name, period_bounds.granularity)
    )
    for span in period_bounds.covering(place.span):
        bound = statements.bound(clock.literal(span.lower), clock.literal(span.upper))
        yield existing[-1], span, bound, style.name(period_bounds, span)
    for like in level.partitions:
        if like.is_default:
            yield like, place.span, statements.verbatim("default"), _renamed(missing, place, like)


def _renamed(missing: MissingPartition, place: Place, like: Partition) -> str:
    """Return the counterpart's name with the coming partition's, or its period's, in place of the present one's."""
    if place.like.name in like.name:
        return like.name.replace(place.like.name, place.table.name)
    scheme = missing.scheme
    spans = [(like.name, bounds.span(missing.sibling, scheme.clock))]
    style = naming.style(spans, scheme.period_bounds)
    if style is None:
        raise UnknownSubpartitioningError(
            f"the name of {like.ident} contains neither the name nor the period of its parent {place.like.ident}"
        )
    return style.name(scheme.period_bounds, place.span)
