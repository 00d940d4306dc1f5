"""Tables in Markdown that are also readable as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["table"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, its columns aligned; no cell can break a line, and the last one is not filled."""
    shown = [list(head), *([_word(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    widths[-1] = len(head[-1])
    shown.insert(1, ["-" * width for width in widths])
    return [f"| {' | '.join(map(str.ljust, cells, widths))} |" for cells in shown]


def _word(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
