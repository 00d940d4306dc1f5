"""The target of a run: a database named as for libpq, the embedded server, or a container."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

from steward import ProfileError, TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Request", "Target", "environment", "existing", "explain", "inherited", "resolve"]

Kind = Literal["database", "embedded", "testcontainers"]

_NAMING = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGSERVICEFILE")
_DEVELOPMENT = "development"
_SCHEME = re.compile(r"\s*[\w+.-]+://")
_URI = re.compile(r"postgres(ql)?://([^@/?]*@)?[^@/?]*(/[^@?]*)?(\?.*)?", re.DOTALL)


@dataclass(frozen=True)
class Target:
    """A database that can be connected to; ``label`` may be shown to anybody."""

    kind: Kind
    conninfo: str = field(repr=False)
    label: str

    @property
    def demo(self) -> bool:
        """Whether this is the embedded demo, which every summary and record must say."""
        return self.kind == "embedded"


@dataclass(frozen=True)
class Request:
    """What the environment asks for: a database that exists, or a throwaway server that must be started first."""

    kind: Kind
    profile: str
    conninfo: str = field(default="", repr=False)
    image: str = ""


def resolve(environ: Mapping[str, str], profile: str | None) -> Request:
    """Decide what ``environ`` names; nothing is started and nothing connects.

    The embedded server is the answer only where no database is named and no profile but development is asked for: a job
    that lost its DATABASE_URL must fail, not maintain a toy.

    Raises:
        TargetError: nothing is named, two things are, or what is named cannot be read.
        ProfileError: a database is named, and no profile.

    """
    asked = environ.get("STEWARD_TARGET", "")
    named = [name for name in ("DATABASE_URL", *_NAMING) if environ.get(name)]
    if asked and named:
        raise TargetError(
            "STEWARD_TARGET", f"it asks for {asked} while {named[0]} names a database", "unset one of them"
        )
    if asked:
        return _throwaway(asked, profile)
    if named:
        return _database(environ, profile)
    if "DATABASE_URL" in environ:
        raise TargetError(
            "DATABASE_URL", "it is set and empty", "set it to the database, or unset it for the embedded demo"
        )
    if profile not in {None, "", _DEVELOPMENT}:
        raise TargetError(
            f"profile {profile}",
            "no database is named, and the embedded demo is only for the profile development",
            f"set DATABASE_URL (or {', '.join(_NAMING)})",
        )
    return Request("embedded", _DEVELOPMENT)


def _throwaway(asked: str, profile: str | None) -> Request:
    kind, _, image = asked.partition(":")
    if kind == "embedded" and not image:
        return Request("embedded", profile or _DEVELOPMENT)
    if kind == "testcontainers" and image:
        return Request("testcontainers", profile or _DEVELOPMENT, image=image)
    raise TargetError(
        "STEWARD_TARGET",
        f"unknown kind {asked!r}",
        "set it to embedded or testcontainers:IMAGE (testcontainers:postgres:15)",
    )


def _database(environ: Mapping[str, str], profile: str | None) -> Request:
    if not profile:
        raise ProfileError(
            "STEWARD_PROFILE",
            "a database is named, and no profile",
            "name one here or with --profile (production, staging, development)",
        )
    conninfo = environ.get("DATABASE_URL", "")
    _words(conninfo)
    return Request("database", profile, conninfo)


def _words(conninfo: str) -> dict[str, str]:
    # libpq takes an unquoted @ or / in a password for its end, and the rest for host or database, which are shown.
    if not _SCHEME.match(conninfo) or _URI.fullmatch(conninfo):
        with suppress(psycopg.ProgrammingError):
            return {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    # libpq's own words would show what it could not read, which may be the password.
    raise TargetError(
        "DATABASE_URL",
        "it is neither a URI (postgresql://user@host:5432/database) nor key=value words",
        "correct it; special characters in a URI are percent-encoded",
    )


def _label(conninfo: str, environ: Mapping[str, str]) -> str:
    """Return user@host:port/database, or the service's name; never the password, wherever it stands."""
    words = _words(conninfo)
    service = words.get("service") or environ.get("PGSERVICE")
    user = words.get("user") or environ.get("PGUSER", "")
    host = words.get("host") or words.get("hostaddr") or environ.get("PGHOST") or environ.get("PGHOSTADDR", "")
    port = words.get("port") or environ.get("PGPORT", "")
    name = words.get("dbname") or environ.get("PGDATABASE", "")
    if service and not (host or name):
        return f"service {service}"
    where = f"{host or 'local socket'}{f':{port}' if port else ''}"
    return f"{f'{user}@' if user else ''}{where}{f'/{name}' if name else ''}"


def existing(request: Request, environ: Mapping[str, str]) -> Target:
    """Return the database that is named as a target, with a label that anybody may see."""
    return Target("database", request.conninfo, _label(request.conninfo, environ))


def environment(target: Target) -> dict[str, str]:
    """Return what a child process needs, beside the parent's own environment, to reach the same target."""
    return {"DATABASE_URL": target.conninfo, "STEWARD_TARGET_KIND": target.kind, "STEWARD_TARGET_LABEL": target.label}


def inherited(environ: Mapping[str, str]) -> Target:
    """Return the target that the parent process handed down."""
    kind = environ.get("STEWARD_TARGET_KIND", "")
    if kind not in {"database", "embedded", "testcontainers"}:
        raise TargetError(
            "STEWARD_TARGET_KIND", "it is missing", "start phases through the supervisor (python -m steward)"
        )
    return Target(cast("Kind", kind), environ.get("DATABASE_URL", ""), environ.get("STEWARD_TARGET_LABEL", kind))


# What the server or libpq says, what it means, and what to do. The server speaks its own language: what none of these
# knows is passed on as it is.
_MEANINGS = (
    (
        r"password authentication failed for user \"(?P<it>.*)\"",
        "wrong password for user {it}",
        "correct it in DATABASE_URL, PGPASSWORD or the passfile",
    ),
    (
        r"no password supplied",
        "it asks for a password and none was given",
        "give it in DATABASE_URL, PGPASSWORD or the passfile",
    ),
    (
        r"role \"(?P<it>.*)\" does not exist",
        "there is no role {it}",
        "correct the user, or create the login role (bootstrap --print-sql)",
    ),
    (
        r"role \"(?P<it>.*)\" is not permitted to log in",
        "the role {it} has no LOGIN",
        "let an administrator run: alter role {it} login",
    ),
    (r"database \"(?P<it>.*)\" does not exist", "there is no database {it}", "correct the database's name"),
    (
        r"permission denied for database \"(?P<it>.*)\"",
        "no privilege to connect to database {it}",
        "let an administrator grant connect on it",
    ),
    (r"no pg_hba.conf entry for (?P<it>.*)", "pg_hba.conf has no entry for {it}", "let an administrator add one"),
    (
        r"too many clients|too many connections|remaining connection slots",
        "all its connections are taken",
        "close some, or raise max_connections",
    ),
    (
        r"is starting up|shutting down|in recovery mode",
        "it is starting, stopping or recovering",
        "try again when it is up",
    ),
    (
        r"definition of service \"(?P<it>.*)\" not found",
        "no service {it} in the service file",
        "correct PGSERVICE or PGSERVICEFILE",
    ),
    (
        r"(could not translate host name|failed to resolve host) ['\"](?P<it>.*?)['\"]",
        "the host name {it} is not known",
        "correct the host",
    ),
    (r"connection refused", "nothing listens there", "start the server, or correct host and port"),
    (r"no such file or directory", "no server's socket is there", "start the server, or correct host and port"),
    (r"timeout expired|timed out", "it does not answer", "correct host and port, or open the firewall"),
)


def explain(error: psycopg.OperationalError, target: Target) -> TargetError:
    """Turn a failed connection into one line that says what to do; the password is never in it."""
    message = " ".join(str(error).split())
    for pattern, cause, remedy in _MEANINGS:
        match = re.search(pattern, message, re.IGNORECASE)
        if match:
            known = {key: value for key, value in match.groupdict().items() if value}
            return TargetError(target.label, cause.format(**known), remedy.format(**known))
    secret = _words(target.conninfo).get("password")
    return TargetError(
        target.label, message.replace(secret, "***") if secret else message, "correct DATABASE_URL or libpq's variables"
    )
