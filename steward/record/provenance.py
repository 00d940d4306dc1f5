"""What a record says about where it comes from: the code, the machine that ran it, the database it was run on."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steward import __version__
from steward.database import inventory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.database.target import Target
    from steward.profile import Profile

__all__ = ["ROOT", "SCHEMA_VERSION", "catalog", "code", "database", "header", "runner"]

SCHEMA_VERSION = "1.0"

ROOT = Path(__file__).resolve().parents[2]


def code() -> dict[str, Any]:
    """Return version, commit and whether the checkout differs from it; nulls where there is no git to ask."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"version": __version__, "commit": commit, "modified": None if commit is None else bool(changes)}


def _git(*words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    # The owner of the checkout may be another user than the one that cron runs.
    command = [git, "-C", str(ROOT), "-c", f"safe.directory={ROOT}", *words]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return asked.stdout.strip() if asked.returncode == 0 else None


def runner() -> dict[str, Any]:
    """Return who runs the suite, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return {"host": socket.gethostname(), "user": user, "pid": os.getpid(), "python": platform.python_version()}


def database(conn: Session, at: Target, found: Scan) -> dict[str, Any]:
    """Return what was maintained; the host only as a digest, since its name may be nobody's business."""
    return {
        "label": at.label,
        "kind": at.kind,
        "system_identifier": found.server.system_identifier,
        "database": found.server.database,
        "server_version": found.server.version_text,
        "role": found.server.role,
        "host_digest": hashlib.sha256(conn.info.host.encode()).hexdigest(),
    }


def header(  # noqa: PLR0913, PLR0917 - everything that a record begins with
    run: Mapping[str, Any],
    started: datetime,
    profile: Profile,
    conn: Session,
    at: Target,
    found: Scan,
) -> dict[str, Any]:
    """Return what a record says before anything has happened."""
    return {
        "schema_version": SCHEMA_VERSION,
        **{name: run[name] for name in ("run_id", "schedule", "mode")},
        "demo": at.demo,
        "started_at": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "profile": {"name": profile.name, "digest": profile.digest},
        "code": code(),
        "target": database(conn, at, found),
        "runner": runner(),
        "inventory": catalog(found, inventory.digest(found)),
    }


def catalog(found: Scan, digest: str) -> dict[str, Any]:
    """Return what the catalog holds, in counts."""
    return {
        "digest": digest,
        "relations": len(found.relations),
        "families": len(found.families),
        "partitions": sum(len(family.partitions) for family in found.families),
        "matviews": sum(relation.kind == "m" for relation in found.relations),
    }
