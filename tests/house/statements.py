"""Rules about ``sql/``: one statement a file, written as all others are, and asked for by somebody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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


def code(text: str) -> str:
    """Return the statement with comments and everything quoted blanked out."""
    return _QUOTED.sub(" ", text)


def misshapen(files: Mapping[Path, str]) -> list[str]:
    """Return what is not as every statement file is: header, one statement, lower case, no tabs, names qualified."""
    found = []
    for path, text in files.items():
        header = "\n".join(line for line in text.splitlines() if line.startswith("--"))
        bare = code(text)
        if not text.startswith("-- "):
            found.append(f"{path} has no header that says what it is for")
        if not re.search(r"minimum version: \d+", header, re.IGNORECASE):
            found.append(f"{path} names no minimum version")
        if ";" in bare.strip().removesuffix(";"):
            found.append(f"{path} holds more than one statement")
        if "\t" in text:
            found.append(f"{path} is indented with tabs")
        found += [f"{path} shouts {word}" for word in sorted(set(_SHOUTED.findall(bare)))]
        names = {first or second for first, second in _UNQUALIFIED.findall(bare)}
        found += [f"{path} does not qualify {name}" for name in sorted(names)]
    return found


def unordered(files: Mapping[Path, str]) -> list[str]:
    """Return the statements that say in no place in which order their rows come."""
    return [f"{path} has no order" for path, text in files.items() if "order by" not in code(text)]


def unknown(asked: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the names that look like a statement's and are none; ``asked`` are string literals of the code."""
    names = set(known)
    folders = {name.split("/")[0] for name in names}
    shape = re.compile(rf"(?:{'|'.join(sorted(folders))})(?:/[a-z0-9_]+)+")
    prefixes = {name.rsplit("/", depth)[0] for name in names for depth in (1, 2)}
    return sorted(text for text in asked if shape.fullmatch(text) and text not in names | prefixes)


def unused(asked: Iterable[str], known: Iterable[str], by_folder: Iterable[str]) -> list[str]:
    """Return the statements that no literal names; folders in ``by_folder`` are gone through as a whole."""
    whole = tuple(f"{folder}/" for folder in by_folder)
    return sorted(set(known) - set(asked) - {name for name in known if name.startswith(whole)})
