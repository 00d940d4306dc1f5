"""The columns of the suite's own tables that no statement reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TABLE = re.compile(
    r"create table if not exists (?P<table>steward\.\w+) \((?P<columns>.*?)^\);", re.DOTALL | re.MULTILINE
)
_COLUMN = re.compile(r"^    (?!check\b|primary\b|unique\b|foreign\b)(?P<name>[a-z_]+) ", re.MULTILINE)
_MARK = re.compile(r"^-- Read by (?P<reader>\w+): (?P<columns>[\w, ]+)$", re.MULTILINE)
# A column that is only written stands in the list of an INSERT or at the left of a SET.
_WRITTEN = re.compile(r"insert into \S+(?: as \w+)? \([^)]*\)|^\s*(?:set )?\w+ = ", re.MULTILINE)
_COMMENT = re.compile(r"--.*")


def marked(definitions: str) -> dict[str, set[str]]:
    """Return the columns that a comment marks, by who reads them."""
    found: dict[str, set[str]] = {}
    for mark in _MARK.finditer(definitions):
        found.setdefault(mark["reader"], set()).update(mark["columns"].split(", "))
    return found


def unread(definitions: str, statements: Iterable[str]) -> list[str]:
    """Return the columns that no statement reads and no comment marks."""
    texts = [_WRITTEN.sub("", _COMMENT.sub("", text)) for text in statements]
    known = set().union(*marked(definitions).values()) if marked(definitions) else set()
    words = {word for text in texts for word in re.findall(r"[a-z_]+", text)}
    return [f"{table}.{column}" for table, column in _columns(definitions) if column not in words | known]


def _columns(definitions: str) -> Iterator[tuple[str, str]]:
    for table in _TABLE.finditer(_COMMENT.sub("", definitions)):
        for column in _COLUMN.finditer(table["columns"]):
            yield table["table"], column["name"]
