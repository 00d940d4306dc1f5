"""Measure topics and hold them against their limits: ``python -m bench [topic …] [--json FILE] [--scale N]``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.harness import opened, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.harness import Place, Ratio

HERE = Path(__file__).resolve().parent
_MISSED = 1


def topics() -> dict[str, Callable[[Place], Iterable[Ratio]]]:
    """Return what can be measured, by name: each module here that has a ``measure``."""
    stems = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("__"))
    modules = {stem: importlib.import_module(f"bench.{stem}") for stem in stems}
    return {stem: module.measure for stem, module in modules.items() if hasattr(module, "measure")}


def _parser(known: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the suite beside other tools.")
    parser.add_argument("topics", nargs="*", metavar="topic", help=f"all where none is named: {', '.join(known)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data; limits are meant for 1")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Return 0 when every limit was kept, 1 when one was missed; 2 stands for a topic that does not exist."""
    known = topics()
    parser = _parser(list(known))
    asked = parser.parse_args(words)
    unknown = [name for name in asked.topics if name not in known]
    if unknown:
        parser.error(f"no such topic: {', '.join(unknown)} (known: {', '.join(known)})")
    record: dict[str, Any] = {"machine": _machine(), "scale": asked.scale, "ratios": []}
    kept = True
    for name in asked.topics or list(known):
        with opened(asked.scale) as place:
            say(f"{name}: {place}; load {os.getloadavg()[0]:.2f}")
            for ratio in known[name](place):
                kept = kept and ratio.kept is not False
                print(f"{name:<11} {ratio}", flush=True)
                figures = {"ratio": ratio.ratio, "kept": ratio.kept, "server": str(place)}
                record["ratios"].append({"topic": name, **asdict(ratio), **figures})
        if asked.json:
            asked.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0 if kept else _MISSED


def _machine() -> dict[str, object]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"at": at, "system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()}


if __name__ == "__main__":
    sys.exit(main())
