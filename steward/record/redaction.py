"""Redaction: passwords, in every spelling, are removed before anything is written."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Redactor", "secrets"]

# Keys whose text is the suite's own: a password such as "test" or "daily" must not make a record unreadable.
_OWN = frozenset(
    {
        "event",
        "id",
        "item",
        "kind",
        "lane",
        "mode",
        "name",
        "outcome",
        "phase",
        "procedure",
        "run_id",
        "schedule",
        "status",
        "t",
    }
)

_URI_PASSWORD = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/]+@", re.IGNORECASE)
_QUOTED = r"""'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$)"""
_KEY_PASSWORD = re.compile(rf"""(?P<key>password["']?\s*[=:]\s*)(?:{_QUOTED}|[^\s&'",;)}}]+)""", re.IGNORECASE)
_SQL_PASSWORD = re.compile(
    r"(?P<key>\bpassword\s+)(?:e?'(?:[^'\\]|\\.|'')*(?:'|$)|(\$\w*\$).*?(?:\2|$))", re.IGNORECASE | re.DOTALL
)


def secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the passwords that the environment holds, so that they can be kept out of every record."""
    found = {environ.get("PGPASSWORD", ""), environ.get("PGSSLPASSWORD", "")}
    try:
        parameters = conninfo_to_dict(environ.get("DATABASE_URL", ""))
    except ProgrammingError:
        # The module target reports a malformed URL; here nothing of it may leak.
        found.add(environ["DATABASE_URL"])
    else:
        found |= {str(parameters.get(key) or "") for key in ("password", "sslpassword")}
    return frozenset(found - {""})


def _spellings(secret: str) -> set[str]:
    """Return the spellings of a password in URIs, connection strings, SQL and JSON."""
    escaped = secret.replace("\\", "\\\\").replace("'", "\\'")
    written = {
        secret,
        secret.replace("'", "''"),
        escaped,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
    encoded = quote(secret, safe="")
    return written | {encoded, re.sub("%..", lambda octet: octet[0].lower(), encoded), quote_plus(secret)}


class Redactor:
    """Removes a run's passwords, and whatever looks like a password."""

    def __init__(self, secret: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.learn(*secret)

    def learn(self, *secret: str | None) -> None:
        """Keep these passwords out of everything from now on; empty ones are ignored."""
        spelled = {spelling for password in secret if password for spelling in _spellings(password)}
        self._secrets = sorted(spelled | set(self._secrets), key=len, reverse=True)

    def redact(self, value: Any) -> Any:
        """Return ``value`` as JSON knows it, every known password, and all that looks like one, replaced by ``***``.

        Keys are the suite's own and stay.
        """
        value = _plain(value)
        if isinstance(value, dict):
            return {
                str(key): item if key in _OWN and isinstance(item, str) else self.redact(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.redact(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = _URI_PASSWORD.sub(r"\g<scheme>:***@", text)
        text = _KEY_PASSWORD.sub(r"\g<key>***", text)
        return _SQL_PASSWORD.sub(r"\g<key>'***'", text)


def _plain(value: object) -> object:
    """Turn what JSON does not know into what it does: times to ISO 8601, sets to sorted lists, all else to text."""
    plain: object
    match value:
        case float() if math.isfinite(value):
            plain = value
        case None | bool() | int() | str() | dict() | list():
            plain = value
        case datetime():
            plain = value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
        case timedelta():
            plain = value.total_seconds()
        case Decimal() if value.is_finite():
            plain = float(value)
        case tuple():
            plain = list(value)
        case set() | frozenset():
            plain = sorted(str(item) for item in value)
        case _:
            plain = str(value)
    return plain
