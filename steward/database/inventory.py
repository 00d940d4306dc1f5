"""The inventory of the database: one query for each kind of object, frozen values, the same order every time.

The number of queries does not depend on how much there is. What is left out (system schemas, members of extensions,
temporary tables, the profile's own exclusions) is decided in ``sql/inventory/included.sql`` and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from psycopg.errors import LockNotAvailable

from steward import InventoryError
from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import sql

    from steward.database.session import Session
    from steward.profile import Profile

__all__ = [
    "Family",
    "Partition",
    "Relation",
    "Scan",
    "ServerFacts",
    "digest",
    "from_json",
    "parts",
    "scan",
    "scope",
    "to_json",
]

_LOCK_RACES = 3
_VARIANTS = {"inventory/relations": "inventory/frozen_pages", "inventory/partitions": "inventory/detaching"}


@dataclass(frozen=True)
class ServerFacts:
    """The server, database and role of a scan; ``settings`` in the units of ``pg_settings``."""

    version: int
    version_text: str
    system_identifier: str
    database: str
    role: str
    in_recovery: bool
    settings: dict[str, str]
    started_at: str
    taken_at: str


@dataclass(frozen=True)
class Relation:
    """A table ('r'), partitioned table ('p') or materialized view ('m'); sizes in bytes, times ISO 8601 in UTC.

    ``row_estimate`` is -1 while nothing has counted the rows. ``size`` is the main fork, ``total_size`` everything with
    TOAST and indexes. ``root`` is the topmost parent's ``ident``, or its own. ``all_frozen_pages`` is None before 18.
    """

    oid: int
    schema: str
    name: str
    ident: str
    kind: str
    owner: str
    root: str
    is_partition: bool
    level: int
    pages: int
    row_estimate: int
    live_rows: int
    dead_rows: int
    modified_since_analyze: int
    inserted_since_vacuum: int
    size: int
    total_size: int
    options: dict[str, str]
    toast_options: dict[str, str]
    xid_age: int
    mxid_age: int
    all_visible_pages: int
    all_frozen_pages: int | None
    last_vacuum: str | None
    last_analyze: str | None
    vacuum_running: bool

    @property
    def lane(self) -> str:
        """The lane, which one session at a time works in: of a leaf or table its own, of all parents of a tree one."""
        return self.root if self.kind == "p" else self.ident


@dataclass(frozen=True)
class Partition:
    """One partition; ``lower`` and ``upper`` are the first key column's bounds, None for MINVALUE and MAXVALUE."""

    oid: int
    schema: str
    name: str
    ident: str
    lower: str | None
    upper: str | None
    is_default: bool
    detach_pending: bool
    is_partitioned: bool


@dataclass(frozen=True)
class Family:
    """A partitioned table with its own partitions; in a deeper tree every partitioned level is a family."""

    oid: int
    schema: str
    name: str
    ident: str
    root: str
    level: int
    strategy: str
    key_columns: tuple[str, ...]
    key_types: tuple[str, ...]
    partitions: tuple[Partition, ...]


@dataclass(frozen=True)
class Scan:
    """The catalog at one moment, and what the operations gathered beside it, by operation."""

    server: ServerFacts
    relations: tuple[Relation, ...]
    families: tuple[Family, ...]
    gathered: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def scan(conn: Session, profile: Profile) -> Scan:
    """Read the catalog.

    Raises:
        InventoryError: there is less than the profile's minimum, so this is not the database that was meant.

    """
    within = scope(profile)
    found = Scan(
        server=ServerFacts(**queries.fetch(conn, "inventory/server")[0]),
        relations=tuple(Relation(**row) for row in _relations(conn, within)),
        families=tuple(_families(_fetch(conn, "inventory/partitions", within))),
    )
    _require_minimum(found, profile)
    return found


def scope(profile: Profile) -> dict[str, list[str]]:
    """Return the parameters of ``sql/inventory/included.sql``: schemas, and exclusions as LIKE patterns."""
    return {
        "schemas": list(profile.target.schemas),
        "exclude": [_like(pattern) for pattern in profile.target.exclude],
    }


def parts(name: str, server_version: int) -> dict[str, sql.Composable]:
    """Return what an inventory statement is composed with: ``ours``, and what only some versions can answer."""
    variant = _VARIANTS[name]
    return {
        "ours": queries.compose("inventory/included", server_version),
        variant.rpartition("/")[2]: queries.compose(variant, server_version),
    }


def to_json(found: Scan) -> str:
    """Return the scan as canonical JSON; ``from_json`` gives back an equal scan."""
    return _canonical(asdict(found))


def from_json(text: str) -> Scan:
    """Return the scan that ``to_json`` wrote."""
    data = json.loads(text)
    return Scan(
        server=ServerFacts(**data["server"]),
        relations=tuple(Relation(**relation) for relation in data["relations"]),
        families=tuple(_family(family) for family in data["families"]),
        gathered=data["gathered"],
    )


def digest(found: Scan) -> str:
    """Return the SHA-256 of what stands in the database; counters, sizes and times do not change it."""
    standing = {
        "database": [found.server.system_identifier, found.server.database],
        "relations": [[r.oid, r.ident, r.kind, r.owner, r.root, r.options, r.toast_options] for r in found.relations],
        "families": [asdict(family) for family in found.families],
    }
    return hashlib.sha256(_canonical(standing).encode()).hexdigest()


def _relations(conn: Session, within: dict[str, list[str]]) -> list[dict[str, Any]]:
    # The query leaves out locked relations, but one can be locked after the query has read the locks.
    for _ in range(_LOCK_RACES - 1):
        with suppress(LockNotAvailable):
            return _fetch(conn, "inventory/relations", within)
    return _fetch(conn, "inventory/relations", within)


def _fetch(conn: Session, name: str, within: dict[str, list[str]]) -> list[dict[str, Any]]:
    return queries.fetch(conn, name, within, **parts(name, conn.info.server_version))


def _families(rows: Iterable[dict[str, Any]]) -> Iterable[Family]:
    for _, group in groupby(rows, key=itemgetter("table_oid")):
        members = list(group)
        first = members[0]
        yield Family(
            **{name: first[f"table_{name}"] for name in ("oid", "schema", "name", "ident")},
            **{name: first[name] for name in ("root", "level", "strategy")},
            key_columns=tuple(first["key_columns"]),
            key_types=tuple(first["key_types"]),
            partitions=tuple(
                Partition(**{name: row[name] for name in Partition.__dataclass_fields__})
                for row in members
                if row["oid"] is not None
            ),
        )


def _family(data: dict[str, Any]) -> Family:
    return Family(
        **{
            **data,
            "key_columns": tuple(data["key_columns"]),
            "key_types": tuple(data["key_types"]),
            "partitions": tuple(Partition(**partition) for partition in data["partitions"]),
        }
    )


def _like(glob: str) -> str:
    """Translate ``*`` and ``?`` to LIKE; everything else stands for itself."""
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def _require_minimum(found: Scan, profile: Profile) -> None:
    counts = {
        "tables": sum(r.kind in "rp" and not r.is_partition for r in found.relations),
        "partitions": sum(r.is_partition and r.kind == "r" for r in found.relations),
        "matviews": sum(r.kind == "m" for r in found.relations),
    }
    for kind, count in counts.items():
        least = getattr(profile.minimum, kind)
        if count < least:
            raise InventoryError(
                found.server.database,
                f"{count} {kind} are in sight of role {found.server.role}, the profile expects at least {least}",
                f"check the target, the role's rights and [minimum] {kind} of the profile",
            )
