"""Names that no longer exist: modules and classes that were renamed, and the rule that nobody mentions them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# By folder below steward/.
_FORMER = {
    "": """
        action binaries bootstrap canary check closing demo disk draft drawing embedded facts fork guard
        inspection inventory items journal lanes ledger locks phase postmaster prerequisites progress
        provision queries redaction registry report requirements session survey target throwaway verdict
        watch words work
    """,
    "isolation": """
        assignments bodies evaluation joins logic moment powers reads syntax below children columns
        definers keys openings policies publications reach routines rules scope settings sources
        triggers views evidence existing invention marks matrix oracles reading relations residue rounds
        rows seeding shapes tables tenants tries verdicts writing copying private machine stage walk
    """,
    "isolation/catalog": """
        rls_exempt
    """,
    "isolation/walks": """
        stage
    """,
    "procedures": """
        analyze bloat bounds clocks coverage families hearing leftovers matview_facts matviews naming
        partition_statements partitions refresh reindex snapshots trees triggers vacuum watchdog
        workload
    """,
    "retention": """
        due effects facts holds reach walk
    """,
}
_MODULES = tuple(f"{folder}/{name}".lstrip("/") for folder, names in _FORMER.items() for name in names.split())

# Packages have these names today; only the file is gone.
_FILES = ("engine", "isolation/clone", "isolation/probe", "run", "terminal")

# Nothing but one of these classes is called so: no sentence and no other code has the word, spelt with a capital.
_CLASSES = (
    "Atom",
    "Blueprint",
    "Clearing",
    "Crew",
    "ExemptRelation",
    "Habit",
    "Lacking",
    "Matviews",
    "Oracles",
    "PROCEDURES",
    "Procedure",
    "Seeder",
    "Standing",
    "Surroundings",
    "Survey",
    "Tally",
    "Undone",
    "UnfitError",
    "UnlikeError",
    "Unsaid",
    "Vigil",
    "Walked",
    "_Does",
    "_Enough",
    "_Fired",
    "_Inlined",
    "_Leaks",
    "_Tried",
)

# These are also ordinary words: only a class of the name is a relapse.
_CLASS_NAMES = (
    "Facts",
    "Found",
    "Grid",
    "Ground",
    "Hole",
    "Known",
    "Look",
    "Looked",
    "Moment",
    "Need",
    "Pace",
    "Pooled",
    "Reach",
    "Reached",
    "Remaining",
    "Room",
    "Terms",
    "Tries",
    "Turn",
    "Walk",
    "Way",
)


def retired_modules() -> list[str]:
    """Return the retired modules as paths below ``steward/``, without ``.py``."""
    return [*_MODULES, *_FILES]


def mentions(files: dict[Path, str]) -> list[str]:
    """Return the lines that name a retired module or class."""
    paths = "|".join(rf"steward/{name}\.py" for name in retired_modules())
    imports = "|".join(rf"steward\.{name.replace('/', '.')}" for name in _MODULES)
    pattern = re.compile(rf"(?<![\w/.])(?:{paths}|{imports})\b|\b(?:{'|'.join(_CLASSES)})\b")
    return [
        f"{path}:{number} {match.group(0)}"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def classes(files: dict[Path, str]) -> list[str]:
    """Return the classes that have a retired name."""
    retired = {*_CLASSES, *_CLASS_NAMES}
    return [
        f"{path}:{node.lineno} {node.name}"
        for path, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef) and node.name in retired
    ]
