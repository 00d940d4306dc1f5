"""Rules about ``sql/``: one statement a file or section, written as all others are, and asked for by somebody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_QUOTED = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$", re.DOTALL
)
_KEYWORDS = (
    "SELECT|FROM|WHERE|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TABLE|INDEX|VIEW|FUNCTION|JOIN|ORDER BY|GROUP BY|UNION"
    "|WITH|CASE|WHEN|THEN|ELSE|END|EXISTS|VALUES|GRANT|REVOKE|RETURNING|NULL|LIMIT|VACUUM|ANALYZE|REINDEX|AND|OR|NOT"
)
_SHOUTED = re.compile(rf"(?<![\w\"])(?:{_KEYWORDS})(?![\w\"])")
# A catalog relation after FROM or JOIN, or a function of the catalog that is called.
_UNQUALIFIED = re.compile(r"\b(?:from|join)\s+(pg_(?!catalog\b)\w+)|(?<![\w.\"])(pg_\w+)\s*\(")

_MARK = re.compile(r"^-- (?:name|fragment): \w+\n", re.MULTILINE)
# A line that a reader would take for a mark, and the loader does not.
_ALMOST_A_MARK = re.compile(r"^(?!-- (?:name|fragment): \w+$)[ \t]*--[ \t]*(?:name|fragment)[ \t]*:.*$", re.MULTILINE)


def code(text: str) -> str:
    """Return the statement with comments and everything quoted blanked out."""
    return _QUOTED.sub(" ", text)


def misshapen(files: Mapping[Path, str]) -> list[str]:
    """Return what is not as every statement is: header, one statement, lower case, no tabs, names qualified."""
    found = []
    for path, text in files.items():
        if not text.startswith("-- ") or text.startswith(("-- name:", "-- fragment:")):
            found.append(f"{path} has no header that says what it is for")
        if "\t" in text:
            found.append(f"{path} is indented with tabs")
        names = [section.name for section in queries.sections(text)]
        found += [f"{path} has two sections called {name}" for name in sorted({n for n in names if names.count(n) > 1})]
        found += [f"{path} marks no section by {line!r}" for line in _ALMOST_A_MARK.findall(text)]
        for place, section, statement in _statements(path, text):
            found += _misshapen_statement(place, section, statement)
    return found


def _misshapen_statement(place: str, section: queries.Section, statement: str) -> Iterator[str]:
    bare = code(statement)
    if not re.search(r"minimum version: \d+", section.header, re.IGNORECASE):
        yield f"{place} names no minimum version"
    if not bare.strip().removesuffix(";").strip():
        yield f"{place} is empty"
    if ";" in bare.strip().removesuffix(";"):
        yield f"{place} holds more than one statement"
    if section.name and bare.strip().endswith(";") == section.fragment:
        yield f"{place} is a fragment with a semicolon, or a statement without one"
    yield from (f"{place} shouts {word}" for word in sorted(set(_SHOUTED.findall(bare))))
    names = {first or second for first, second in _UNQUALIFIED.findall(bare)}
    yield from (f"{place} does not qualify {name}" for name in sorted(names))


def _statements(path: Path, text: str) -> Iterator[tuple[str, queries.Section, str]]:
    """Yield for each statement of a file where it stands, the section, and its text with the closing semicolon."""
    written = _MARK.split(text)[1:] or [text]
    for section, statement in zip(queries.sections(text), written, strict=True):
        yield f"{path} {section.name}".strip(), section, statement


def unordered(files: Mapping[Path, str]) -> list[str]:
    """Return the statements that say in no place in which order their rows come."""
    placed = (place for path, text in files.items() for place in _statements(path, text))
    return [f"{place} has no order" for place, _, statement in placed if "order by" not in code(statement)]


def unknown(asked: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the names that look like a statement's and are none; ``asked`` are string literals of the code."""
    names = set(known)
    folders = {name.split("/")[0] for name in names}
    shape = re.compile(rf"(?:{'|'.join(sorted(folders))})(?:/[a-z0-9_]+)+")
    prefixes = {name.rsplit("/", depth)[0] for name in names for depth in (1, 2, 3)}
    return sorted(text for text in asked if shape.fullmatch(text) and text not in names | prefixes)


def unused(asked: Iterable[str], known: Iterable[str], by_folder: Iterable[str]) -> list[str]:
    """Return the statements that no literal names; folders in ``by_folder`` are gone through as a whole."""
    whole = tuple(f"{folder}/" for folder in by_folder)
    return sorted(set(known) - set(asked) - {name for name in known if name.startswith(whole)})
