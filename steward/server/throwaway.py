"""Servers that the suite starts itself: the embedded one, kept between runs, and a container, gone afterwards."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from psycopg.conninfo import make_conninfo

from steward import TargetError
from steward.database import queries
from steward.database.target import Target
from steward.server import binaries, embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from steward.database.target import Kind, Request
    from steward.server.postmaster import PrivateServer

    Build = Callable[["ServerAccess", float], None]

__all__ = ["Build", "ServerAccess", "client_programs", "opened", "rebuild", "server_folder"]

_CONTAINER_SCALE = 0.05  # enough to try a version, quick enough to be built anew for each run
_SETTINGS = (
    "shared_preload_libraries",
    "autovacuum_naptime",
    "timezone",
)  # of the embedded server's, what a container shares


@dataclass(frozen=True)
class ServerAccess:
    """The access to a throwaway server, as any role."""

    kind: Kind
    conninfo: str = field(repr=False)
    label: str
    password: str = field(default="", repr=False)  # of every login, where the server asks for one

    def at(self, user: str, database: str) -> Target:
        """Return the target that is ``database``, as ``user``."""
        return Target(self.kind, make_conninfo(self.conninfo, user=user, dbname=database), self.label)


@contextmanager
def opened(request: Request, environ: Mapping[str, str], build: Build) -> Iterator[ServerAccess]:
    """Yield the server of ``request``; ``build`` fills a new one, at the scale that it is given."""
    if request.kind == "testcontainers":
        with _container(request.image) as access:
            build(access, _scale(environ, _CONTAINER_SCALE))
            yield access
        return
    found = binaries.find(environ, _state(environ) / "binaries")
    scale = _scale(environ, 1.0)
    with embedded.running(
        server_folder(environ, found.version), found, lambda server: build(_access(server), scale)
    ) as server:
        yield _access(server)


def rebuild(environ: Mapping[str, str], build: Build, scale: float) -> None:
    """Build the embedded server anew beside the old one, which it then replaces; refused while that is in use."""
    found = binaries.find(environ, _state(environ) / "binaries")
    embedded.rebuild(server_folder(environ, found.version), found, lambda server: build(_access(server), scale))


def client_programs(environ: Mapping[str, str], major: int) -> binaries.Binaries:
    """Return programs that can copy a database of a server of ``major``; raises TargetError where there are none."""
    return binaries.find_for_major(environ, _state(environ) / "binaries", major)


def server_folder(environ: Mapping[str, str], major: int) -> Path:
    """Return where the embedded server of this user and checkout lives."""
    key = hashlib.sha256(f"{os.geteuid()}\0{queries.SQL.parent}".encode()).hexdigest()[:12]
    return _state(environ) / key / str(major)


def _state(environ: Mapping[str, str]) -> Path:
    """Return the folder of all state; root's is the machine's, because PostgreSQL runs as nobody there."""
    asked = environ.get("STEWARD_STATE")
    if asked:
        return Path(asked).resolve()
    return platformdirs.PlatformDirs("validahub-steward", appauthor=False, use_site_for_root=True).user_state_path


def _scale(environ: Mapping[str, str], default: float) -> float:
    asked = environ.get("STEWARD_DEMO_SCALE") or str(default)
    try:
        scale = float(asked)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 1000:  # noqa: PLR2004 - a billion corrections
        raise TargetError(
            "STEWARD_DEMO_SCALE", f"{asked!r} is no scale", "set it to a number over 0, 1 is a million corrections"
        )
    return scale


def _access(server: PrivateServer) -> ServerAccess:
    label = f"EMBEDDED DEMO (PostgreSQL {server.binaries.version_text})"
    return ServerAccess("embedded", server.conninfo("postgres", "postgres"), label)


@contextmanager
def _container(image: str) -> Iterator[ServerAccess]:
    password = secrets.token_urlsafe(24)
    with ExitStack() as stack:
        try:
            container = _postgres(image, password)
            stack.callback(container.stop)
            container.start()
        except TargetError:
            raise
        except Exception as error:  # the engine's client raises whatever its transport raises
            cause = " ".join(str(error).split())
            remedy = "see that a container engine runs (docker version) and has the image or reaches its registry"
            raise TargetError(f"testcontainers:{image}", f"the container does not start ({cause})", remedy) from error
        host, port = container.get_container_host_ip(), str(container.get_exposed_port(5432))
        conninfo = make_conninfo("", host=host, port=port, user="postgres", dbname="postgres", password=password)
        yield ServerAccess("testcontainers", conninfo, f"testcontainers:{image}", password)


def _postgres(image: str, password: str) -> Any:
    try:
        try:
            from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - an optional dependency
        except ImportError:  # before 4.15
            from testcontainers.postgres import PostgresContainer  # noqa: PLC0415
    except ImportError:
        raise TargetError(
            f"testcontainers:{image}",
            "the package testcontainers is not installed",
            "install requirements/containers.txt",
        ) from None
    words = [word for name in _SETTINGS for word in ("-c", f"{name}={embedded.SETTINGS[name]}")]
    container = PostgresContainer(image, username="postgres", password=password, dbname="postgres", driver=None)
    return container.with_command(["postgres", *words])
