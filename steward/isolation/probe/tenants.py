"""The tenants as which isolation is tried: the largest that exist, and invented ones with similar names."""

from __future__ import annotations

import re
import secrets
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING

import psycopg
from hypothesis import Phase, find
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from psycopg import sql

from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from steward.database.session import Session
    from steward.isolation.probe.surface import TenantRelation

__all__ = ["ProbeTenant", "frequent", "ignoring_unreadable", "invented", "largest", "malformed", "sampled", "unknown"]

# Long enough to be unique, short enough for most columns and formats.
_LENGTHS = (16, 8, 1)
_RANDOM = 8
_LETTERS = (ascii_lowercase + digits, ascii_lowercase, ascii_uppercase, digits)


@dataclass(frozen=True)
class ProbeTenant:
    """A tenant with its letter, or with how its name resembles that of A; the value never leaves the probe."""

    label: str
    value: str


def invented(category: str, shape: str, *, large: bool = False) -> tuple[ProbeTenant, ...]:
    """Return tenants that do not exist: A, B, and names that a careless comparison takes for A.

    ``category`` is the tenant column's type category, ``shape`` the profile's regular expression for names. Numbers are
    small enough for smallint, the ``large`` ones for integer, and as text one begins with another.
    """
    if category == "N":
        least = 100_000_000 if large else 1000
        number = least + secrets.randbelow(least)
        return (
            ProbeTenant("A", str(number)),
            ProbeTenant("B", str(number + 1007)),
            ProbeTenant("prefix", str(number * 10)),
        )
    if category != "S":
        return (ProbeTenant("A", str(uuid.uuid4())), ProbeTenant("B", str(uuid.uuid4())))
    first, second = _name(shape), _name(shape)
    close = {
        "prefix": f"{first}0",
        "case": first.swapcase(),
        "pattern _": f"{first[:-1]}_",
        "pattern %": f"{first[:-1]}%",
    }
    # A name without letters is the same in either case.
    others = (ProbeTenant(label, value) for label, value in close.items() if value != first)
    return (ProbeTenant("A", first), ProbeTenant("B", second), *others)


def unknown(category: str, shape: str) -> str:
    """Return a well-formed tenant that has no rows."""
    if category == "N":
        return str(2_147_483_000 + secrets.randbelow(600))
    return _name(shape) if category == "S" else str(uuid.uuid4())


def malformed(category: str) -> str:
    """Return a value that is no tenant: a pattern that every name matches, or text that the type refuses."""
    return "%" if category == "S" else "no tenant"


def _name(shape: str) -> str:
    """Return a random name of that shape: letters at the end of a matching name are replaced where others fit."""
    name = _base(shape)
    for place in range(max(0, len(name) - _RANDOM), len(name)):
        for letters in _LETTERS:
            other = name[:place] + secrets.choice(letters) + name[place + 1 :]
            if _fits(shape, other):
                name = other
                break
    return name


@cache
def _base(shape: str) -> str:
    plain = "steward_probe_" + "0" * _RANDOM
    if not shape or _fits(shape, plain):
        return plain
    quietly = examples(database=None, deadline=None, max_examples=50, phases=(Phase.generate, Phase.shrink))
    for length in _LENGTHS:
        try:
            return find(st.from_regex(shape), partial(_long, least=length), settings=quietly)
        except (HypothesisException, re.error):
            continue
    return plain


def _long(name: str, least: int) -> bool:
    return len(name.strip()) >= least


def _fits(shape: str, name: str) -> bool:
    try:
        return not shape or re.search(shape, name) is not None
    except re.error:
        return True


def frequent(conn: Session, params: dict[str, object], **tables: sql.Composable) -> dict[str, float]:
    """Return the tenants in the statistics, with an estimate of their rows in all tables together."""
    rows: dict[str, float] = {}
    for row in queries.fetch(conn, "isolation/probe/tenants/frequent", params, **tables):
        rows[row["tenant"]] = rows.get(row["tenant"], 0.0) + row["rows"]
    return rows


def sampled(conn: Session, relations: Iterable[TenantRelation], column: str) -> dict[int, dict[str, float]]:
    """Return the tenants of the first rows of each table, with their number of these rows.

    For a table that cannot be read, mostly a foreign one, there are none.
    """
    found: dict[int, dict[str, float]] = {}
    for relation in relations:
        parts = {"relation": relation.identifier, "column": sql.Identifier(column)}
        found[relation.oid] = {}
        with ignoring_unreadable(conn):
            rows = queries.fetch(conn, "isolation/probe/tenants/sample", None, **parts)
            found[relation.oid] = {row["tenant"]: row["rows"] for row in rows}
    return found


@contextmanager
def ignoring_unreadable(conn: Session) -> Iterator[None]:
    """Ignore errors and timeouts of a read; a missing right and a lost session are raised."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege:
        raise
    except psycopg.Error:
        if conn.closed or conn.broken:
            raise


def largest(found: dict[str, float], count: int) -> Sequence[ProbeTenant]:
    """Return the tenants with the most rows, with letters: A has the most."""
    ordered = sorted(found, key=lambda tenant: (-found[tenant], tenant))[:count]
    return [ProbeTenant(chr(ord("A") + number), value) for number, value in enumerate(ordered)]
