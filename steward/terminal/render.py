"""The live view as rich renderables: header, plan, running items, summary. Pure functions of their arguments."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from steward.terminal.plain_text import DEMO, findings, noteworthy, plain, totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console, RenderableType

    from steward.record.plan import Plan, PlannedItem

__all__ = ["RunningItem", "evidence", "header", "now", "outcome", "plan", "summary", "text"]

_STYLES = {
    "passed": "green",
    "failed": "bold red",
    "error": "bold red",
    "inconclusive": "magenta",
    "busy": "yellow",
    "deferred": "yellow",
    "warned": "yellow",
    "planned": "cyan",
}
_STATUS = {"passed": "green", "warned": "yellow", "deferred": "yellow"}
_MARKS = {"passed": "✓", "failed": "✗", "error": "✗", "not needed": "·", "planned": "·"}
_ASCII_MARKS = {"passed": "+", "failed": "x", "error": "x", "not needed": ".", "planned": "."}

# What fits a screen; the report has everything.
_PLAN_ROWS = 12
_FINDING_ROWS = 12
_STEPS = 6
_WHY = 90
# Below this many columns a table keeps only what an operator decides by.
_NARROW = 90
_BAR = 16


@dataclass
class RunningItem:
    """An item that runs now: what it is, since when (monotonic seconds), and the figures that it last reported."""

    item: PlannedItem
    since: float
    figures: Mapping[str, Any] = field(default_factory=dict)


def text(value: object, style: str = "") -> Text:
    """Return a value as one line of text, in which nothing is taken for markup."""
    return Text(plain(value), style=style, overflow="fold")


def header(facts: Mapping[str, Any]) -> RenderableType:
    """Draw which run this is; a run of the embedded demo is clearly marked."""
    target, profile = facts.get("target", {}), facts.get("profile", {})
    mode = "plan: nothing will be changed" if facts.get("mode") == "plan" else None
    lines = [
        Text("ValidaHub steward", style="bold").append(f"  {plain(facts.get('schedule'))}", style="bold cyan"),
        *_labelled(
            {
                "run": facts.get("run_id"),
                "target": target.get("label"),
                "server": target.get("server_version"),
                "role": target.get("role"),
                "profile": profile.get("name"),
                "mode": mode,
            }
        ),
    ]
    return Group(Panel(Group(*lines), box=box.ROUNDED, expand=False, padding=(0, 2)), *_demo(facts))


def _labelled(values: Mapping[str, object]) -> list[Text]:
    return [
        Text(f"{label:<8}", style="dim").append(plain(value), style="none") for label, value in values.items() if value
    ]


def _demo(facts: Mapping[str, Any]) -> list[RenderableType]:
    return [Text(f" {DEMO} ", style="bold black on yellow")] if facts.get("demo") else []


def plan(plan: Plan, width: int) -> RenderableType:
    """Draw what a phase will do and why, the costliest first; an operation that nothing needs is one line."""
    title = Text(f"\n{plain(plan.phase)}", style="bold")
    idle = [
        text(f"  {summary.operation}: {summary.examined:,} examined, none due", "dim")
        for summary in plan.examined
        if not summary.needed
    ]
    actions = sorted((item for item in plan.items if item.kind == "action"), key=lambda item: item.cost, reverse=True)
    checks = len(plan.items) - len(actions)
    if checks:
        idle.append(text(f"  {checks:,} checks", "dim"))
    if not actions:
        return Group(title, *idle)
    return Group(title, Padding(_plan_table(actions, width), (0, 0, 0, 2)), *idle)


def _plan_table(actions: Sequence[PlannedItem], width: int) -> Table:
    wide = width >= _NARROW
    table = _table("what", "object", "why")
    if wide:
        table.add_column("estimate", justify="right")
        table.add_column("lane", overflow="fold")
    for item in actions[:_PLAN_ROWS]:
        row = [text(item.name), text(item.subject), text(shorten(plain(item.why), _WHY, placeholder=" ..."))]
        lane = "its own" if item.subject.startswith(item.lane) else item.lane
        table.add_row(*row, *([text(item.estimate), text(lane, "dim")] if wide else []))
    if len(actions) > _PLAN_ROWS:
        table.add_row(text("and"), text(f"{len(actions) - _PLAN_ROWS:,} more", "dim"))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def now(
    running: Sequence[RunningItem], server: Mapping[str, Mapping[str, Any]], done: int, planned: int, console: Console
) -> RenderableType:
    """Draw what runs in each lane, with the server's own progress where it counts, and how far the phase is."""
    grid = Table.grid(padding=(0, 1))
    grid.expand = True
    grid.add_column(width=1, style="cyan")
    grid.add_column(no_wrap=True, overflow="crop", style="bold")
    grid.add_column(no_wrap=True, overflow="crop", ratio=1)
    for style in ("green", "dim", "dim"):
        grid.add_column(no_wrap=True, overflow="crop", style=style)
    own = set()
    for task in running:
        relation = _worked_on(task.item, server)
        own.add(relation)
        figures = {**task.figures, **server.get(relation, {})}
        cells = _row(task.item.name, task.item.subject, figures, console.width)
        grid.add_row(_spinner(console), *cells, f"{time.monotonic() - task.since:.0f} s")
    for relation, row in server.items():
        if relation not in own:
            grid.add_row(_spinner(console), *_row(row["command"].lower(), relation, row, console.width))
    return Group(grid, Text(f"{done:,} of {planned:,} done, {len(running)} running", style="dim"))


def _worked_on(item: PlannedItem, server: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the relation by which the server knows the item's work: its subject, or the table of an index (its lane).

    In a lane one item runs at a time, so that what goes on there is the item's, but for an autovacuum.
    """
    of_lane = server.get(item.lane, {}).get("command", "AUTOVACUUM")
    return item.lane if item.subject not in server and of_lane != "AUTOVACUUM" else item.subject


def _spinner(console: Console) -> Spinner:
    return _spinners("line" if console.options.ascii_only else "dots")


@cache
def _spinners(name: str) -> Spinner:
    """Return the one spinner of a name; a new one would start again at its first frame whenever it is drawn."""
    return Spinner(name)


def _row(what: object, subject: object, figures: Mapping[str, Any], width: int) -> tuple[RenderableType, ...]:
    done, total = figures.get("done"), figures.get("total")
    bar: RenderableType = ""
    counted = ""
    if done is not None and total:
        if width >= _NARROW:
            bar = ProgressBar(total=float(total), completed=float(done), width=_BAR)
        counted = f"{100 * float(done) / float(total):.0f} % "
    return text(what), text(subject), bar, text(f"{counted}{figures.get('phase') or ''}")


def outcome(item: PlannedItem, event: Mapping[str, Any], console: Console) -> RenderableType:
    """Draw how an item ended, in a line."""
    ended = str(event["outcome"])
    line = _marked(ended, console).append(f" {plain(item.name)} {plain(item.subject)}".rstrip())
    if event.get("duration_seconds"):
        line.append(f"  {event['duration_seconds']:.1f} s", style="dim")
    if ended != "passed" and event.get("reason"):
        line.append(f"  {plain(event['reason'])}", style="dim")
    return Padding(line, (0, 0, 0, 2))


def _marked(ended: str, console: Console) -> Text:
    marks = _ASCII_MARKS if console.options.ascii_only else _MARKS
    return Text(f"{marks.get(ended, '!')} {ended}", style=_STYLES.get(ended, "dim"), overflow="fold")


def summary(run: Mapping[str, Any], console: Console) -> Iterator[RenderableType]:
    """Draw what was done, what was found, what to do next, and what it cost the application."""
    style = _STATUS.get(run["status"], "red")
    yield Text("")
    title = f"{run['schedule']} {run['status']}, exit {run['exit_code']}, {run['duration_seconds'] or 0:.1f} s"
    yield Rule(text(title, f"bold {style}"), style=style)
    yield text(", ".join(f"{count:,} {ended}" for ended, count in totals(run).items()) or "nothing to do")
    yield from _section("Done", _done(run))
    yield from _section("Found", _found(run, console))
    yield from _section("Next", _next(run))
    yield from _section("Canary", _canary(run.get("canary")))
    yield from _demo(run)


def _section(title: str, parts: list[RenderableType]) -> Iterator[RenderableType]:
    if parts:
        yield Text(f"\n{title}", style="bold")
        yield from (Padding(part, (0, 0, 0, 2)) for part in parts)


def _done(run: Mapping[str, Any]) -> list[RenderableType]:
    acted = [item for item in run["items"] if item["kind"] == "action" and item["outcome"] == "passed"]
    counts = Counter(item["name"] for item in acted)
    seconds = {name: sum(item["duration_seconds"] or 0 for item in acted if item["name"] == name) for name in counts}
    return [text(f"{name:<12} {count:>6,} in {seconds[name]:.1f} s") for name, count in counts.items()]


def _found(run: Mapping[str, Any], console: Console) -> list[RenderableType]:
    rows = [(item, finding) for item in noteworthy(run) for finding in findings(item) or [{"observed": item["reason"]}]]
    if not rows:
        return []
    table = _table("outcome", "what", "object", "observed", "expected")
    for item, finding in rows[:_FINDING_ROWS]:
        named = finding.get("object_name") or item["subject"]
        cells = (item["name"], named, finding["observed"], finding.get("expected"))
        table.add_row(_marked(item["outcome"], console), *(text(cell) for cell in cells))
    more = len(rows) - _FINDING_ROWS
    return [table, *([text(f"and {more:,} more in the report", "dim")] if more > 0 else [])]


def _next(run: Mapping[str, Any]) -> list[RenderableType]:
    remedies = Counter(
        finding["remediation"] for item in noteworthy(run) for finding in findings(item) if finding["remediation"]
    )
    steps = [f"{remedy} ({count:,} times)" if count > 1 else remedy for remedy, count in remedies.items()]
    grid = Table.grid(padding=(0, 1))
    for number, step in enumerate(steps[:_STEPS], 1):
        grid.add_row(text(f"{number}."), text(step))
    return [grid] if steps else []


def _canary(figures: Mapping[str, Any] | None) -> list[RenderableType]:
    if not figures or figures.get("p99_ms") is None:
        return []
    return [
        text(
            f"{figures['reads']:,} reads of the application's tables: p99 {figures['p99_ms']:.1f} ms, "
            f"slowest {figures['max_ms']:.1f} ms, {figures['errors']:,} errors"
        )
    ]


def evidence(paths: Mapping[str, str]) -> Iterator[Text]:
    """Draw the paths of the results; print them without wrapping, so that a path can be copied."""
    yield Text("")
    for label, path in paths.items():
        yield Text(f"{label:<8} ", style="dim").append(plain(path), style="cyan")
