"""The output of a run: a live view in a terminal, lines of logfmt everywhere else."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.live import Live

from steward.record.plan import PlannedItem
from steward.terminal import plain_text, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from steward.record.plan import Plan

__all__ = ["Terminal"]

# More findings of one item than this are only in the report.
_FINDINGS = 20
# A phase with more actions than this shows only those that did not pass; of checks, only those are ever shown.
_FEW = 20


class Terminal(ABC):
    """Shows a run as it goes. The supervisor calls it from one thread and closes it before it exits."""

    @staticmethod
    def for_stream(stream: TextIO, environ: Mapping[str, str], *, quiet: bool) -> Terminal:
        """Return a live view for a terminal that can show it, lines of logfmt otherwise."""
        if isinstance(stream, TextIOWrapper):
            # In a locale without these characters a name is spelled out; it never ends a run.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
        if quiet or not stream.isatty() or environ.get("TERM", "dumb") in {"dumb", "unknown", ""}:
            return _Lines(stream, quiet=quiet)
        return _Screen(stream, environ)

    def __init__(self) -> None:
        self._items: dict[str, PlannedItem] = {}

    @abstractmethod
    def header(self, facts: Mapping[str, Any]) -> None:
        """Show which run this is; ``facts`` is the beginning of ``run.json``."""

    def plan(self, plan: Plan) -> None:
        """Show what a phase will do and why, and how many objects were examined for it."""
        self._items |= {item.id: item for item in plan.items}
        self._plan(plan)

    @abstractmethod
    def _plan(self, plan: Plan) -> None: ...

    def _item(self, event: Mapping[str, Any]) -> PlannedItem:
        """Return the item of an event; one that no plan has is shown by its id."""
        name = event["item"]
        return self._items.get(name) or PlannedItem(id=name, kind=None, name=name, lane=name, phase="")

    @abstractmethod
    def event(self, event: Mapping[str, Any]) -> None:
        """Show one event of the journal."""

    @abstractmethod
    def progress(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show the rows of the server's progress views (``steward.database.progress.rows``)."""

    @abstractmethod
    def summary(self, run: Mapping[str, Any], paths: Mapping[str, str]) -> None:
        """Show what was done, what was found and what to do next; ``run`` is ``run.json``."""

    def statements(self, run: Mapping[str, Any]) -> None:
        """Show what is due as SQL that can be pasted, or piped to psql."""
        for line in plain_text.statements(run):
            self._write(line)

    @abstractmethod
    def message(self, text: str) -> None:
        """Show a message between the events."""

    @abstractmethod
    def error(self, text: str) -> None:
        """Show in one line why the run cannot go on."""

    @abstractmethod
    def _write(self, line: str) -> None:
        """Write a line as it stands."""

    @abstractmethod
    def close(self) -> None:
        """Restore the terminal; may be called twice."""


class _Lines(Terminal):
    """Logfmt: a line for each item that needs attention, and a last one. In a plan all are SQL comments."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        super().__init__()
        self._stream = stream
        self._quiet = quiet
        self._prefix = ""

    def header(self, facts: Mapping[str, Any]) -> None:
        self._prefix = "-- " if facts.get("mode") == "plan" else ""
        self._note(
            "start",
            run=facts.get("run_id"),
            schedule=facts.get("schedule"),
            target=facts.get("target", {}).get("label"),
            profile=facts.get("profile", {}).get("name"),
            demo=plain_text.DEMO if facts.get("demo") else None,
        )

    def _plan(self, plan: Plan) -> None:
        examined = sum(summary.examined for summary in plan.examined)
        self._note("plan", phase=plan.phase, items=len(plan.items), examined=examined)

    def event(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "phase_finished":
            self._note("phase", name=event.get("phase"))
        elif event["event"] == "phase_deferred":
            self._line("deferred", phase=event["phase"], reason=event["reason"])

    def progress(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show nothing: what changes every second does not belong in a log."""

    def summary(self, run: Mapping[str, Any], paths: Mapping[str, str]) -> None:
        for item in plain_text.noteworthy(run):
            self._outcome(item)
        counts = {outcome.replace(" ", "_"): count for outcome, count in plain_text.totals(run).items()}
        self._line(
            "steward",
            run=run["run_id"],
            schedule=run["schedule"],
            status=run["status"],
            exit=run["exit_code"],
            seconds=run["duration_seconds"],
            **counts,
            demo=plain_text.DEMO if run["demo"] else None,
            **paths,
        )

    def _outcome(self, item: Mapping[str, Any]) -> None:
        facts = {"severity": item["severity"], "item": item["name"], "subject": item["subject"] or None}
        found = plain_text.findings(item)
        for finding in found[:_FINDINGS]:
            self._line(
                item["outcome"],
                **facts,
                object=finding["object_name"],
                observed=finding["observed"],
                expected=finding["expected"],
                remedy=finding["remediation"],
            )
        if not found:
            self._line(item["outcome"], **facts, reason=item["reason"])
        elif len(found) > _FINDINGS:
            self._line(item["outcome"], **facts, more=len(found) - _FINDINGS)

    def message(self, text: str) -> None:
        self._note("message", text=text)

    def error(self, text: str) -> None:
        self._write(f"{self._prefix}error: {plain_text.plain(text)}")

    def close(self) -> None:
        """Do nothing: no state of the stream was changed."""

    def _note(self, *line: str, **fields: object) -> None:
        if not self._quiet:
            self._line(*line, **fields)

    def _line(self, *line: str, **fields: object) -> None:
        self._write(self._prefix + plain_text.logfmt(*line, **fields))

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")


class _Screen(Terminal):
    """A live view: the plan of each phase, what runs now with the server's own progress, and a summary."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._console = Console(
            file=stream,
            force_terminal=True,
            no_color=bool(environ.get("NO_COLOR")) or None,
            markup=False,
            highlight=False,
            emoji=False,
            _environ=environ,
        )
        self._running: dict[str, render.RunningItem] = {}
        self._server: dict[str, Mapping[str, Any]] = {}
        self._done = self._planned = 0
        self._live: Live | None = None

    def header(self, facts: Mapping[str, Any]) -> None:
        self._print(render.header(facts))

    def _plan(self, plan: Plan) -> None:
        self._done, self._planned = 0, len(plan.items)
        self._print(render.plan(plan, self._console.width))

    def event(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case "phase_started":
                self._begin()
            case "item_started":
                self._running[event["item"]] = render.RunningItem(self._item(event), time.monotonic())
            case "progress" if event.get("item") in self._running:
                self._running[event["item"]].figures = event
            case "outcome" | "escalated":
                self._outcome(event)
            case "phase_finished":
                self.close()
            case "phase_deferred":
                self._print(render.text(f"\nphase {event['phase']}: deferred: {event['reason']}", "yellow"))
            case "message":
                self.message(event["text"])

    def _begin(self) -> None:
        self._live = Live(get_renderable=self._now, console=self._console, transient=True, vertical_overflow="crop")
        self._live.start()

    def _now(self) -> RenderableType:
        running = list(self._running.values())
        return render.now(running, self._server, self._done, self._planned, self._console)

    def _outcome(self, event: Mapping[str, Any]) -> None:
        item = self._item(event)
        self._running.pop(event["item"], None)
        self._done += 1
        shown = item.kind == "action" and self._planned <= _FEW
        if shown or event["outcome"] in plain_text.NOTEWORTHY:
            self._print(render.outcome(item, event, self._console))

    def progress(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._server = {row["relation"]: row for row in rows}

    def summary(self, run: Mapping[str, Any], paths: Mapping[str, str]) -> None:
        self.close()
        for part in render.summary(run, self._console):
            self._print(part)
        for line in render.evidence(paths):
            self._console.print(line, soft_wrap=True)

    def message(self, text: str) -> None:
        self._print(render.text(text))

    def error(self, text: str) -> None:
        self.close()
        self._print(render.text(f"error: {text}", "bold red"))

    def close(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        self._running.clear()

    def _print(self, renderable: RenderableType) -> None:
        self._console.print(renderable)

    def _write(self, line: str) -> None:
        self._console.out(plain_text.plain(line))
