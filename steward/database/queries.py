"""The only reader of ``sql/``: statements by name, the variant that fits the server, identifiers composed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection, Cursor, Error

__all__ = [
    "SQL",
    "RedactedSQL",
    "Section",
    "compose",
    "execute",
    "fetch",
    "names",
    "redacted",
    "run_as_written",
    "sections",
    "server_message",
    "text",
    "variants",
]

SQL = Path(__file__).resolve().parents[2] / "sql"

_VALUES = re.compile(r'".*"', re.DOTALL)
_SECTION = re.compile(r"^-- (?P<kind>name|fragment): (?P<name>\w+)\n", re.MULTILINE)
_VARIANT = re.compile(r"^(?P<stem>.+?)(?:\.pg(?P<major>\d+))?\.sql$")


@dataclass(frozen=True)
class Section:
    """One statement of a file, or a fragment that other statements take as their part."""

    name: str  # empty: the statement is the whole file
    header: str  # its own comment lines, after those of the file
    text: str
    fragment: bool = False


def sections(text: str) -> tuple[Section, ...]:
    """Return the statements of a file: one, or those that lines such as ``-- name: insert`` begin, in their order."""
    marks = list(_SECTION.finditer(text))
    if not marks:
        header, statement = _split(text)
        return (Section("", header, statement),)
    shared = text[: marks[0].start()].strip()
    found = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        header, statement = _split(text[mark.end() : following.start() if following else len(text)])
        found.append(Section(mark["name"], f"{shared}\n{header}".strip(), statement, mark["kind"] == "fragment"))
    return tuple(found)


def _split(text: str) -> tuple[str, str]:
    """Separate the leading comment lines from the statement, which loses its closing semicolon."""
    lines, header = text.splitlines(), []
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        header.append(lines.pop(0))
    return "\n".join(header).strip(), "\n".join(lines).rstrip().removesuffix(";")


def _files(folder: Path) -> dict[str, dict[int, Path]]:
    """Map the files' names without ending to their variants, by the lowest server major that each is for; 0: all."""
    found: dict[str, dict[int, Path]] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _VARIANT.match(path.name)
        if match:
            found.setdefault(match["stem"], {})[int(match["major"] or 0)] = path
    return found


def _read(path: Path) -> dict[str, Section]:
    return {section.name: section for section in sections(path.read_text(encoding="utf-8"))}


@cache
def variants(name: str) -> dict[int, Section]:
    """Map the lowest server major that a statement's variants are for to the variant; the plain file is for all.

    ``folder/topic`` names the only statement of a file, ``folder/topic/section`` a section of ``folder/topic.sql``.
    """
    whole, place = SQL / name, (SQL / name).parent
    files = {"": _files(whole.parent).get(whole.name, {}), whole.name: _files(place.parent).get(place.name, {})}
    return {
        major: _read(path)[section]
        for section, by_major in files.items()
        for major, path in by_major.items()
        if section in _read(path)
    }


def text(name: str, server_version: int = 0) -> str:
    """Return the statement called ``name`` for a server (``server_version`` as libpq counts it, 180003; 0: any)."""
    known = variants(name)
    fitting = [major for major in known if major <= server_version // 10000]
    if not fitting:
        majors = ", ".join(f"for {major} and later" for major in known) or "no such statement"
        raise QueryError(f"sql/{name}", f"no variant for server {server_version // 10000} ({majors})", "reinstall")
    return known[max(fitting)].text


def compose(name: str, server_version: int = 0, **parts: sql.Composable) -> sql.Composed:
    """Return the statement with its ``{placeholders}`` filled in; values stay bound parameters."""
    filled = {placeholder: _doubled(part) for placeholder, part in parts.items()}
    return sql.SQL(text(name, server_version)).format(**filled)


def _doubled(part: sql.Composable) -> sql.Composable:
    """Double each ``%`` of names and literals, which psycopg would otherwise read as the start of a parameter."""
    if isinstance(part, sql.Composed):
        return sql.Composed([_doubled(piece) for piece in part])
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


def run_as_written(conn: Connection[dict[str, Any]], name: str) -> None:
    """Run a statement that psql could run as well: braces and percent signs stand for themselves."""
    conn.execute(sql.SQL(text(name, conn.info.server_version)))


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
    """Return the names of all statements below ``folder``, variants once: files by name, sections as written."""
    found: dict[str, None] = {}
    for place in sorted({path.parent for path in SQL.rglob("*.sql")}):
        for stem, files in _files(place).items():
            file = (place / stem).relative_to(SQL).as_posix()
            if not f"{file}/".startswith(folder and f"{folder}/"):
                continue
            for _, path in sorted(files.items()):
                found |= dict.fromkeys(f"{file}/{section}".rstrip("/") for section in _read(path))
    return tuple(found)
