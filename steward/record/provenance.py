"""The origin of a record: the code, the machine that ran it, and the database."""

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
    """Return version, commit and whether the checkout differs from it; nulls where git is missing."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"version": __version__, "commit": commit, "modified": None if commit is None else bool(changes)}


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    # The owner of the checkout may be another user than the one that cron runs.
    command = [git, "-C", str(ROOT), "-c", f"safe.directory={ROOT}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout.strip() if done.returncode == 0 else None


def runner() -> dict[str, Any]:
    """Return who runs the suite, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return {"host": socket.gethostname(), "user": user, "pid": os.getpid(), "python": platform.python_version()}


def database(conn: Session, target: Target, scan: Scan) -> dict[str, Any]:
    """Return the database of the run; the host only as a digest, because its name may be confidential."""
    return {
        "label": target.label,
        "kind": target.kind,
        "system_identifier": scan.server.system_identifier,
        "database": scan.server.database,
        "server_version": scan.server.version_text,
        "role": scan.server.role,
        "host_digest": hashlib.sha256(conn.info.host.encode()).hexdigest(),
    }


def header(  # noqa: PLR0913, PLR0917 - everything that a record begins with
    run: Mapping[str, Any],
    started: datetime,
    profile: Profile,
    conn: Session,
    target: Target,
    scan: Scan,
) -> dict[str, Any]:
    """Return the beginning of a record, which is known before the first phase."""
    return {
        "schema_version": SCHEMA_VERSION,
        **{name: run[name] for name in ("run_id", "schedule", "mode")},
        "demo": target.demo,
        "started_at": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "profile": {"name": profile.name, "digest": profile.digest},
        "code": code(),
        "target": database(conn, target, scan),
        "runner": runner(),
        "inventory": catalog(scan, inventory.digest(scan)),
    }


def catalog(scan: Scan, digest: str) -> dict[str, Any]:
    """Return what the catalog holds, in counts."""
    return {
        "digest": digest,
        "relations": len(scan.relations),
        "families": len(scan.families),
        "partitions": sum(len(family.partitions) for family in scan.families),
        "matviews": sum(relation.kind == "m" for relation in scan.relations),
    }
