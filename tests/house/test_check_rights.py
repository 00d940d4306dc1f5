"""Every check under the rights of a run, and as somebody who was granted nothing: never green by blindness."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import psycopg

from steward import Inconclusive, NotNeeded, PrerequisiteError
from tests.house import repository

# What everybody may see in the catalog and in the public views, so that a role without any grant judges it as well.
PUBLIC = frozenset(
    f"{module}.{item}"
    for module, items in {
        "activity": ("prepared",),
        "index_health": ("invalid", "leftovers"),
        "isolation_columns": (
            "defaults",
            "disclosed",
            "equality",
            "missing",
            "nullable",
            "statistics",
            "types",
            "updatable",
        ),
        "isolation_keys": ("cascades", "random", "references", "unique"),
        "isolation_objects": (
            "default_privileges",
            "default_table_privileges",
            "foreign_tables",
            "leaves",
            "matviews",
            "publications",
            "rights",
        ),
        "isolation_policies": ("checks", "denied", "enabled", "idle", "nulls", "open", "unproven", "unset"),
        "isolation_roles": (
            "bypass",
            "disabled_triggers",
            "event_triggers",
            "floor",
            "force",
            "owners",
            "unforced",
        ),
        "isolation_routines": ("definers", "leakproof", "rules", "search_paths", "triggers"),
        "isolation_settings": ("casts", "defaults", "names", "volatility"),
        "isolation_views": ("barriers", "reads", "writes"),
        "matviews": ("critical", "keys", "owners", "records", "stale", "unpopulated"),
        "partitions": ("gaps", "default", "sizes", "leftovers", "unmanaged"),
        "prerequisites": ("extensions", "locks", "metadata", "minor", "server", "settings", "support"),
        "replication": ("archiver", "lost", "slots"),
        "storage": ("dead_rows",),
        "wraparound": ("emergency", "fail", "warn"),
    }.items()
    for item in items
)


def items():
    """Every item of the check runbooks, by its name."""
    for path in repository.tracked("checks/test_*.py"):
        module = importlib.import_module(f"checks.{path.stem}")
        for name, item in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_"):
                yield f"{path.stem.removeprefix('test_')}.{name.removeprefix('test_')}", item


def outcome(item, check) -> str:
    """Tell how an item ends; the connection goes on after a statement that was refused."""
    try:
        item(check)
    except AssertionError:
        return "found" if check.offenders else "failed without a finding"
    except Inconclusive as undecided:
        return "inconclusive" if "grant" in undecided.reason or "select" in undecided.reason else undecided.reason
    except NotNeeded:
        return "not judged"
    except PrerequisiteError as lacking:
        return "refused" if lacking.statements else str(lacking)
    except psycopg.Error as refused:
        return "refused" if refused.sqlstate == "42501" else f"{refused.sqlstate}: {refused}"
    return "green"


def test_the_role_of_a_run_decides_every_item(checks_run):
    record = checks_run.run.record["items"]
    outcomes = {f"{Path(item['id']).name.removeprefix('test_')}": item["outcome"] for item in record}
    names = {name.replace(".py::test_", "."): outcome for name, outcome in outcomes.items()}
    decided = {"passed", "warned", "failed", "exempt", "not needed"}

    assert {name for name, _ in items()} == set(names)
    assert {} == {name: outcome for name, outcome in names.items() if outcome not in decided}


def test_a_role_without_any_grant_is_green_in_nothing_that_it_cannot_see(database, blind):
    database.execute("create table public.numbered (id serial)")
    check = blind(database)
    found = {name: outcome(item, check) for name, item in items()}
    accepted = {"found", "inconclusive", "not judged", "refused"}

    assert [] == sorted(name for name, end in found.items() if end == "green" and name not in PUBLIC)
    assert {} == {name: end for name, end in found.items() if end not in accepted | {"green"}}
