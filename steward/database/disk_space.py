"""Free disk space for what is about to be written; SQL cannot see it: it is read from the machine, or the profile.

The machine is asked only when the server is proven to be on it: what serves the session must be a process here, at the
other end of its connection, and must see the same file system where the files lie. A forwarded port, a pooler or a
container is none of these.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from steward import Deferred, Inconclusive
from steward.database import queries

if TYPE_CHECKING:
    from steward.database.session import Session
    from steward.profile import Profile

__all__ = ["FreeSpace", "free_space", "require"]

_MB = 1 << 20
_PROCESSES = Path("/proc")
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


@dataclass(frozen=True)
class FreeSpace:
    """Total and free bytes of a file system; ``place`` names the source of the figures."""

    total: int
    available: int
    place: str


def require(conn: Session, profile: Profile, need: int, *, tablespace: int = 0) -> None:
    """Refuse to write ``need`` bytes into a tablespace (its oid; 0: the database's own) that has no room for them.

    Raises:
        Deferred: less than ``disk.headroom`` times the need is free, or less would stay free than ``disk.free`` and
            ``disk.enough`` both ask for.
        Inconclusive: neither this machine nor the profile tells how much is free.

    """
    space = free_space(conn, profile, tablespace=tablespace)
    wanted = round(need * profile.disk.headroom)
    staying = min(round(space.total * profile.disk.free), profile.disk.enough)
    if space.available < max(wanted, need + staying):
        raise Deferred(
            f"{need / _MB:,.0f} MB are to be written, and {space.available / _MB:,.0f} of {space.total / _MB:,.0f} MB "
            f"are free in {space.place}: {profile.disk.headroom:g} times as much must be, and "
            f"{staying / _MB:,.0f} MB must stay free; make room",
            disk={"need": need, "available": space.available, "total": space.total},
        )


def free_space(conn: Session, profile: Profile, *, tablespace: int = 0) -> FreeSpace:
    """Return how much room a tablespace has.

    Raises:
        Inconclusive: neither this machine nor the profile tells.

    """
    found = queries.fetch(conn, "disk/data_directory", {"tablespace": tablespace})
    if not found:
        raise Inconclusive("the tablespace is gone")
    name, location, folder = found[0]["tablespace"], found[0]["location"], found[0]["data_directory"]
    path = location or folder
    if path and _here(conn, found[0]["pid"]) and _same_mount(found[0]["pid"], path):
        free = os.statvfs(path)
        return FreeSpace(free.f_blocks * free.f_frsize, free.f_bavail * free.f_frsize, path)
    return _declared(conn, profile, name, apart=bool(location))


def _declared(conn: Session, profile: Profile, tablespace: str, *, apart: bool) -> FreeSpace:
    """Take the profile's word for the size of the disk; what is not the databases' on it is not known."""
    key = f'target.tablespaces."{tablespace}"' if apart else "target.capacity"
    capacity = profile.target.tablespaces.get(tablespace) if apart else profile.target.capacity
    if capacity is None:
        raise Inconclusive(
            f"the free space is unknown: the server is not proven to be on this machine; state {key} in the profile"
        )
    try:
        used = queries.fetch(conn, "disk/used", {"tablespace": tablespace})[0]
    except psycopg.errors.InsufficientPrivilege:
        role = profile.roles.maintenance
        raise Inconclusive(f"the used space is unknown; grant pg_monitor to {role}") from None
    taken = used["tablespace"] if apart else used["databases"]
    return FreeSpace(capacity, max(0, capacity - taken), f"{key} of the profile")


def _here(conn: Session, pid: int) -> bool:
    """Return whether the process at the other end of the connection is the server's, and runs on this machine."""
    title = _read(_PROCESSES / str(pid) / "cmdline").replace("\0", " ")
    if not title.startswith("postgres: "):
        return False
    with socket.socket(fileno=os.dup(conn.fileno())) as peer:
        if peer.family == socket.AF_UNIX:
            # Who listens there is the postmaster, whose child serves the session; a forwarder is somebody else.
            listener, _, _ = _CREDENTIALS.unpack(
                peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            return bool(listener == _parent(pid))
        # The server writes its client's port into the title of the process; ours is nobody else's on this machine.
        own, other = peer.getsockname(), peer.getpeername()
        return bool(own[0] == other[0] and f"({own[1]})" in title)


def _parent(pid: int) -> int | None:
    # The second field is the program's name in parentheses and may hold anything: proc(5).
    fields = _read(_PROCESSES / str(pid) / "stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 else None


def _same_mount(pid: int, path: str) -> bool:
    """Return whether the server and we see the same file system at ``path``: either may have mounts of its own."""
    try:
        real = os.path.realpath(path, strict=True)
    except OSError:
        return False
    theirs, ours = (_device(_PROCESSES / who / "mountinfo", real) for who in (str(pid), "self"))
    return theirs is not None and theirs == ours


def _device(mounts: Path, path: str) -> str | None:
    """Return the device that is mounted last over ``path``: proc(5), mountinfo, fields 3 and 5."""
    lines = [line.split(" ") for line in _read(mounts).splitlines()]
    over = [(fields[4], fields[2]) for fields in lines if _within(path, _unescaped(fields[4]))]
    # The last one of the longest: mounts may lie over one another.
    return max(enumerate(over), key=lambda numbered: (len(numbered[1][0]), numbered[0]))[1][1] if over else None


def _within(path: str, mount: str) -> bool:
    return mount in {"/", path} or path.startswith(f"{mount}/")


def _unescaped(text: str) -> str:
    for character in " \t\n\\":
        text = text.replace(f"\\{ord(character):03o}", character)
    return text


def _read(path: Path) -> str:
    """Return a file of /proc; empty where the process, the file or the right to read it is not there."""
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except OSError:
        return ""
