"""The only reader of ``sql/``: statements by name, the variant that fits the server, identifiers composed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection, Cursor, Error

__all__ = ["SQL", "RedactedSQL", "compose", "execute", "fetch", "names", "redacted", "server_message", "text"]

SQL = Path(__file__).resolve().parents[2] / "sql"

_VALUES = re.compile(r'".*"', re.DOTALL)
_VARIANT = re.compile(r"^(?P<stem>.+?)(?:\.pg(?P<major>\d+))?\.sql$")


@cache
def _variants(name: str) -> dict[int, Path]:
    """Map the lowest server major that a file is for to the file; the plain file is for all of them."""
    folder, stem = (SQL / name).parent, (SQL / name).name
    found: dict[int, Path] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _VARIANT.match(path.name)
        if match and match["stem"] == stem:
            found[int(match["major"] or 0)] = path
    return found


@cache
def _read(path: Path) -> str:
    """Return the statement without its comment header and its closing semicolon."""
    lines = path.read_text(encoding="utf-8").splitlines()
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        lines.pop(0)
    return "\n".join(lines).rstrip().removesuffix(";")


def text(name: str, server_version: int = 0) -> str:
    """Return the statement called ``name`` for a server (``server_version`` as libpq counts it, 180003; 0: any)."""
    variants = _variants(name)
    fitting = [major for major in variants if major <= server_version // 10000]
    if not fitting:
        known = ", ".join(path.name for path in variants.values()) or "no file"
        raise QueryError(f"sql/{name}.sql", f"no variant for server {server_version // 10000} ({known})", "reinstall")
    return _read(variants[max(fitting)])


def compose(name: str, server_version: int = 0, **parts: sql.Composable) -> sql.Composed:
    """Return the statement with its ``{placeholders}`` filled in; values stay bound parameters."""
    filled = {placeholder: _doubled(part) for placeholder, part in parts.items()}
    return sql.SQL(text(name, server_version)).format(**filled)


def _doubled(part: sql.Composable) -> sql.Composable:
    """Double each ``%`` of names and literals, which psycopg would otherwise read as the start of a parameter."""
    if isinstance(part, sql.Composed):
        return sql.Composed([_doubled(each) for each in part])
    if isinstance(part, sql.Identifier | sql.Literal):
        return sql.SQL(part.as_string(None).replace("%", "%%"))
    return part


class RedactedSQL(sql.SQL):
    """SQL that runs as it is, and of which records show only the stand-in."""

    def __init__(self, text: str, stand_in: str) -> None:
        super().__init__(text)
        self.stand_in = stand_in


def redacted(statement: sql.Composed) -> sql.Composed:
    """Return the statement as records show it."""
    return sql.Composed([_shown(part) for part in statement])


def _shown(part: sql.Composable) -> sql.Composable:
    if isinstance(part, sql.Composed):
        return redacted(part)
    return sql.SQL(part.stand_in) if isinstance(part, RedactedSQL) else part


def execute(
    conn: Connection[dict[str, Any]],
    name: str,
    params: Mapping[str, object] | None = None,
    **parts: sql.Composable,
) -> Cursor[dict[str, Any]]:
    """Run the statement called ``name`` with bound ``params``; psycopg's errors surface with their SQLSTATE."""
    return conn.execute(compose(name, conn.info.server_version, **parts), params or {})


def fetch(
    conn: Connection[dict[str, Any]],
    name: str,
    params: Mapping[str, object] | None = None,
    **parts: sql.Composable,
) -> list[dict[str, Any]]:
    """Return all rows of the statement called ``name``, each a mapping of column to value."""
    return execute(conn, name, params, **parts).fetchall()


def server_message(error: Error) -> str:
    """Tell in one line what the server said; a data exception (class 22) quotes the value, which may be a row's."""
    words = " ".join((error.diag.message_primary or str(error)).split())
    return _VALUES.sub('"…"', words) if (error.sqlstate or "").startswith("22") else words


def names(folder: str = "") -> tuple[str, ...]:
    """Return the names of all statements below ``folder``, variants counted once, in order."""
    found = set()
    for path in (SQL / folder).rglob("*.sql"):
        match = _VARIANT.match(path.name)
        if match:
            found.add(path.relative_to(SQL).with_name(match["stem"]).as_posix())
    return tuple(sorted(found))
