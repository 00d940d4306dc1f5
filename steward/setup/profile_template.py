"""The text of a first profile, from what an inspection found."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from steward import StewardError

if TYPE_CHECKING:
    from steward.setup.introspect import FamilyDraft, Inspection

__all__ = ["text", "write"]

# A profile is read by people: of hundreds of branches the first ones are enough.
_SHOWN = 60


def text(found: Inspection, path: str = "PATH") -> str:
    """Return the profile; whatever names the database has, it can be read back."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # noqa: S701 - TOML, whose every value goes through the filters
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"toml": _toml, "comment": _comment}
    families = sorted(found.families, key=_weight)
    return environment.get_template("profile.toml").render(
        found=found,
        path=path,
        shown=families[:_SHOWN],
        hidden=max(0, len(families) - _SHOWN),
        today=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def write(content: str, path: Path, *, replace: bool) -> None:
    """Write the profile for its owner alone.

    Raises:
        StewardError: the file is there already, or cannot be written.

    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replace else os.O_EXCL)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError as error:
        raise StewardError(
            str(path), "the file is there already", "name another --output, or pass --replace"
        ) from error
    except OSError as error:
        raise StewardError(str(path), f"cannot be written: {error.strerror}", "name another --output") from error


def _weight(family: FamilyDraft) -> tuple[bool, bool, str]:
    """Order families: first those that need settings in the profile."""
    needed = bool(family.rule.epoch or family.rule.timezone)
    return not needed, not family.reason, family.ident


def _toml(value: str) -> str:
    """Return a basic string of TOML, which escapes as JSON does but for one character."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(value: object) -> str:
    """Return a text that cannot leave its comment: control characters are escaped."""
    return _toml(str(value))[1:-1].replace('\\"', '"').replace("\\\\", "\\")
