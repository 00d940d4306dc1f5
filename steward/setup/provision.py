"""The target of a run, made available: a database that exists, or a throwaway server that is started for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from steward.database import target
from steward.setup import demo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["provision"]


@contextmanager
def provision(request: target.Request, environ: Mapping[str, str]) -> Iterator[target.Target]:
    """Yield the target, started first and stopped afterwards where it is a throwaway server."""
    if request.kind == "database":
        yield target.existing(request, environ)
        return
    with demo.opened(request, environ) as at:
        yield at
