"""The attempts of the probe and how each ended, and their matrix as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from steward.isolation.probe.text_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["COMMANDS", "Attempt", "AttemptMatrix", "Verdict"]

Verdict = Literal["isolated", "leak", "inconclusive"]

# In the order of the columns; "all" is an attempt that a missing grant refuses, whatever the command.
COMMANDS = (
    "connect",
    "all",
    "select",
    "copy",
    "call",
    "insert",
    "update",
    "update all",
    "move",
    "delete",
    "delete all",
    "truncate",
    "upsert",
    "merge",
    "key",
    "refer",
    "rollback",
)

_MANY = 10


@dataclass(frozen=True)
class Attempt:
    """One attempt in a ``state`` of the setting, by a custom or generic ``plan``; "all": it makes no difference."""

    relation: str
    command: str
    state: str
    plan: str
    role: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class AttemptMatrix:
    """All attempts of one run of the probe; ``notes`` say what was not tried, and what it does not cover."""

    cells: tuple[Attempt, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def leaks(self) -> tuple[Attempt, ...]:
        """The attempts that reached a row of another tenant."""
        return self._with("leak")

    @property
    def isolated(self) -> tuple[Attempt, ...]:
        """The attempts that were proved not to reach one."""
        return self._with("isolated")

    @property
    def inconclusive(self) -> tuple[Attempt, ...]:
        """The attempts that prove nothing; they never count as isolated."""
        return self._with("inconclusive")

    def _with(self, verdict: Verdict) -> tuple[Attempt, ...]:
        return tuple(cell for cell in self.cells if cell.verdict == verdict)

    def render(self) -> str:
        """Return the matrix as text: a table of relations and roles by command, then leaks and what proves nothing."""
        counts = f"{len(self.isolated)} isolated, {len(self.leaks)} leaks, {len(self.inconclusive)} inconclusive"
        lines = [
            f"{len(self.cells)} tries in {self.seconds:.1f} s: {counts}.",
            "A number: tries (states of the setting by kinds of plan), all isolated. -: no grant. ?: inconclusive.",
            "",
            *self._table(),
        ]
        for title, cells in (("Leaks", self.leaks), ("Inconclusive", self.inconclusive)):
            if cells:
                lines += ["", f"{title}:", *_told(cells)]
        if self.notes:
            lines += ["", "Notes:", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines)

    def _table(self) -> Iterable[str]:
        tried = {cell.command for cell in self.cells}
        commands = [command for command in COMMANDS if command in tried and command != "all"]
        by_place: dict[tuple[str, str], dict[str, list[Attempt]]] = {}
        for cell in self.cells:
            by_place.setdefault((cell.relation, cell.role), {}).setdefault(cell.command, []).append(cell)
        closed = {
            place
            for place, by_command in by_place.items()
            if set(by_command) == {"all"} and all(cell.verdict == "isolated" for cell in by_command["all"])
        }
        rows = []
        for place, by_command in sorted(by_place.items()):
            if place not in closed:
                every = by_command.get("all", [])
                rows.append((*place, *(_mark(by_command.get(command, every)) for command in commands)))
        yield from table(("relation", "role", *commands), rows)
        if closed:
            yield f"Without any grant: {len({relation for relation, _ in closed})} relations, for one role or more."


def _mark(cells: list[Attempt]) -> str:
    """Return in a word or two how the attempts of one command ended."""
    if not cells:
        return ""
    counts = Counter(cell.verdict for cell in cells)
    if counts["leak"]:
        return f"LEAK {counts['leak']}"
    if counts["inconclusive"]:
        return f"? {counts['inconclusive']}"
    return "-" if all(cell.state == "all" for cell in cells) else str(counts["isolated"])


def _told(cells: tuple[Attempt, ...]) -> Iterable[str]:
    """Yield one line for all attempts that ended for the same reason."""
    by_reason: dict[tuple[str, str, str, str], list[str]] = {}
    for cell in cells:
        place = f"{cell.state}/{cell.plan}"
        by_reason.setdefault((cell.relation, cell.role, cell.command, cell.reason), []).append(place)
    for (relation, role, command, reason), places in by_reason.items():
        more = f" and {len(places) - _MANY} more" if len(places) > _MANY else ""
        yield f"- {relation} as {role}, {command} ({', '.join(places[:_MANY])}{more}): {reason}"
