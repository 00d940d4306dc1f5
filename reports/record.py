"""The record of a run as reports read it: valid against its schema, and safe to show."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from reports import ReportError

__all__ = ["SCHEMA", "load", "validate", "visible", "write"]

SCHEMA = Path(__file__).parent / "schema" / "run.schema.json"

# Characters that XML forbids, that control a terminal, or that turn the direction of text.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def load(run_dir: Path) -> dict[str, Any]:
    """Return the record of a run directory.

    Raises:
        ReportError: there is none, or it does not match the schema; the message names the first fault's place.

    """
    path = run_dir / "run.json"
    try:
        run = json.loads(path.read_bytes())
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}; give the directory of a run that has ended") from error
    except ValueError as error:
        raise ReportError(
            f"{path}: not JSON ({error}); the run's journal.jsonl still holds all that happened"
        ) from error
    validate(run, str(path))
    shown: dict[str, Any] = visible(run)
    return shown


def validate(run: object, name: str = "run.json") -> None:
    """Check a record against ``schema/run.schema.json``.

    Raises:
        ReportError: it does not match; the message names the first fault's place.

    """
    fault = next(
        iter(sorted(_validator().iter_errors(run), key=lambda error: list(map(str, error.absolute_path)))), None
    )
    if fault is not None:
        place = "/".join(map(str, fault.absolute_path)) or "the whole"
        raise ReportError(f"{name}: {place}: {fault.message[:300]}; the record and its schema must be of one version")


def visible(value: Any) -> Any:
    r"""Return ``value`` with every invisible or unwritable character as its escape, such as ``\x1b``."""
    if isinstance(value, str):
        return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), value)
    if isinstance(value, dict):
        return {visible(key): visible(part) for key, part in value.items()}
    if isinstance(value, list):
        return [visible(part) for part in value]
    return value


def write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
