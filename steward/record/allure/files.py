"""The files beside Allure's results: the environment, the executor, and the category of each outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from steward.record.allure import texts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["documents"]


def documents(run: Mapping[str, Any], statuses: Mapping[str, str]) -> dict[str, str]:
    """Return the files beside the results, by name."""
    categories = [
        {"name": outcome.capitalize(), "matchedStatuses": [status], "messageRegex": f"^{outcome}:(.|\\n)*"}
        for outcome, status in statuses.items()
        if outcome != "passed"
    ]
    executor = {"name": "steward", "type": "steward", "buildName": run["run_id"], "reportName": run["run_id"]}
    # A key with a space breaks the file; values are escaped as java.util.Properties reads them.
    environment = [f"{key}={_property(text)}\n" for key, text in _environment(run).items() if text]
    return {
        "categories.json": json.dumps(categories, indent=2),
        "executor.json": json.dumps(executor, indent=2),
        "environment.properties": "".join(environment),
    }


def _environment(run: Mapping[str, Any]) -> dict[str, str]:
    target, code, canary = run["target"], run["code"], run["canary"]
    reconciliation = run["reconciliation"]
    return {
        "Target": f"{target['label']}{', not a real database' if run['demo'] else ''}",
        "Run": run["run_id"],
        "Status": f"{run['status']}, exit code {run['exit_code']}"
        + (", planned only" if run["mode"] == "plan" else ""),
        "Totals": texts.totals(run),
        "Recorded": f"{reconciliation['recorded']} of {reconciliation['planned']} planned items",
        "Database": str(target["database"] or ""),
        "PostgreSQL": str(target["server_version"] or ""),
        "System_id": str(target["system_identifier"] or ""),
        "Role": str(target["role"] or ""),
        "Profile": f"{run['profile']['name']} ({run['profile']['digest']})",
        "Code": f"{code['version']} {code['commit'] or ''}" + (" with local changes" if code["modified"] else ""),
        "Runner": f"{run['runner']['user']} on {run['runner']['host']}, Python {run['runner']['python']}",
        "Started": run["started_at"],
        "Finished": str(run["finished_at"] or "never"),
        "Canary": ", ".join(f"{key} {texts.value(figure)}" for key, figure in canary.items()) if canary else "",
        "Messages": " · ".join(run["messages"]),
    }


def _property(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\")
