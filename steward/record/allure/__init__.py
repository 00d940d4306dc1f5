"""Allure results written from the record of a run: one result an item, whatever its outcome.

They are written from ``run.json`` after the phases, not by a pytest plugin. So an item whose worker died has a result
too, and nothing is shown that the journal has not redacted.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import (
    Attachment,
    GlobalError,
    Globals,
    Label,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)

from steward.record.allure import files, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["write"]

# Allure has five words for our ten. `unknown` is the only one that counts neither as good nor as bad, so it carries
# what does not hold but may wait; the page calls it "warned". What could not be found out is `broken`, never `skipped`.
_STATUS = {
    "passed": Status.PASSED,
    "failed": Status.FAILED,
    "warned": Status.UNKNOWN,
    "exempt": Status.SKIPPED,
    "error": Status.BROKEN,
    "inconclusive": Status.BROKEN,
    "planned": Status.SKIPPED,
    "deferred": Status.SKIPPED,
    "busy": Status.SKIPPED,
    "not needed": Status.SKIPPED,
}
# A person reads no more steps of an item than these; the journal has all batches of a long purge.
_STEPS = 200


def write(run: Mapping[str, Any], folder: Path) -> None:
    """Write the results of ``run`` (the folded record) into ``folder``; earlier results in it are removed."""
    run = texts.visible(dict(run))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    writer = _Writer(folder, run)
    for item in run["items"]:
        writer.item(item)
    writer.faults()
    for name, text in files.documents(run, _STATUS).items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o600)


class _Writer:
    """Writes into one folder; names are made from those of the run and the item, so writing again changes nothing."""

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self._files: Any = AllureFileLogger(folder)  # type: ignore[no-untyped-call]
        self._run = run

    def item(self, item: Mapping[str, Any]) -> None:
        """Write the result of one item with its steps and attachments."""
        start = _milliseconds(item["started_at"] or self._run["started_at"])
        key = str(uuid5(NAMESPACE_URL, item["id"]))
        message = "" if item["outcome"] == "passed" else f"{item['outcome']}: {item['reason'] or item['title'] or ''}"
        result = TestResult(
            uuid=self._name(item["id"]),
            historyId=key,
            testCaseId=key,
            name=texts.name(item),
            fullName=item["id"],
            status=_STATUS[item["outcome"]],
            statusDetails=StatusDetails(message=message, trace=texts.log(item)) if message else None,
            description=texts.description(item),
            start=start,
            stop=start + round(1000 * (item["duration_seconds"] or 0)),
            labels=[Label(name=name, value=value) for name, value in self._labels(item)],
            steps=list(self._steps(item, start)),
            attachments=list(self._attachments(item)),
        )
        self._files.report_result(result)

    def faults(self) -> None:
        """Write what is wrong with the run as a whole: outcomes that do not match the plan."""
        at = _milliseconds(self._run["started_at"])
        errors = [GlobalError(message=text, timestamp=at) for text in texts.faults(self._run)]
        if errors:
            self._files.report_globals(Globals(errors=errors))

    def _labels(self, item: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        yield "outcome", item["outcome"]
        yield "phase", item["phase"]
        yield from (("control", control) for control in item["controls"])
        yield "severity", item["severity"]
        yield from (("thread", lane) for lane in (item["lane"],) if lane and item["kind"] == "action")
        yield "layer", item["kind"]
        yield "host", self._run["runner"]["host"]
        yield "parentSuite", "Actions" if item["kind"] == "action" else "Checks"
        yield "suite", texts.module(item)
        if item["outcome"] != "passed":
            yield "tag", item["outcome"]

    def _steps(self, item: Mapping[str, Any], start: int) -> Iterable[TestStepResult]:
        """Yield one step a statement; one repeated without another between is one step with its count."""
        runs = texts.batches(item["statements"])
        for number, run in enumerate(runs[:_STEPS]):
            stop = start + round(1000 * (run["seconds"] or 0))
            done = Status.SKIPPED if item["outcome"] == "planned" else Status.PASSED
            yield TestStepResult(
                name=texts.step(run),
                status=Status.FAILED if run["error"] else done,
                statusDetails=StatusDetails(message=run["error"]) if run["error"] else None,
                start=start,
                stop=stop,
                attachments=[self._attach(item, f"sql-{number}", "SQL", texts.statement(run), "text/plain", "txt")],
            )
            start = stop
        if len(runs) > _STEPS:
            left = f"{len(runs) - _STEPS} more statements, in the run's journal"
            yield TestStepResult(name=left, status=Status.SKIPPED, start=start, stop=start)

    def _attachments(self, item: Mapping[str, Any]) -> Iterable[Attachment]:
        if item["before"] or item["after"]:
            yield self._attach(item, "figures", "Before and after", texts.figures(item), "text/html", "html")
        for number, text in enumerate(item.get("evidence", ())):
            yield self._attach(item, f"evidence-{number}", "Evidence", texts.evidence(text), "text/html", "html")
        if item["findings"]:
            yield self._attach(item, "findings", "Findings", texts.findings(item), "text/html", "html")
            yield self._attach(item, "table", "Findings as CSV", texts.findings_csv(item), "text/csv", "csv")

    def _attach(self, item: Mapping[str, Any], part: str, name: str, body: str, mime: str, suffix: str) -> Attachment:  # noqa: PLR0913, PLR0917 - what an attachment is
        source = f"{self._name(item['id'], part)}-attachment.{suffix}"
        self._files.report_attached_data(body, source)
        return Attachment(name=name, source=source, type=mime)

    def _name(self, *parts: str) -> str:
        return str(uuid5(NAMESPACE_URL, "\n".join([self._run["run_id"], *parts])))


def _milliseconds(time: str) -> int:
    return round(1000 * datetime.fromisoformat(time).timestamp())
