"""One pytest process of a phase: its settings, scan, plan and journal, and its connections, opened when needed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from steward import profile
from steward.database import inventory, locks, session, target
from steward.engine.executor import RunSettings
from steward.record import journal
from steward.record.plan import Plan
from steward.run.phase import STOP

if TYPE_CHECKING:
    from pathlib import Path

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.engine.check import PhaseCache

__all__ = ["PhaseSettings", "Worker"]


@dataclass(frozen=True)
class PhaseSettings:
    """The part of a run's context that its phases read from ``settings.json``; the profile is in ``profile.json``."""

    run_id: str
    schedule: str
    mode: str
    deadline: str | None
    workers: int

    @staticmethod
    def load(run_dir: Path) -> PhaseSettings:
        """Read them from the run directory."""
        return PhaseSettings(**json.loads((run_dir / "settings.json").read_text(encoding="utf-8")))


class Worker:
    """What the items of one process share; everything is opened when it is first needed."""

    def __init__(self, run_dir: Path, phase: str) -> None:
        self.run_dir = run_dir
        self.phase = phase
        self.run = PhaseSettings.load(run_dir)
        self.cache: PhaseCache = {}
        self._acting: Session | None = None
        self._observing: Session | None = None

    @cached_property
    def settings(self) -> RunSettings:
        """The run's settings."""
        text = (self.run_dir / "profile.json").read_text(encoding="utf-8")
        deadline = datetime.fromisoformat(self.run.deadline) if self.run.deadline else None
        mode: Literal["act", "plan"] = "plan" if self.run.mode == "plan" else "act"
        return RunSettings(profile.loads(text), self.run.schedule, mode, deadline, self.run_dir / STOP)

    @cached_property
    def scan(self) -> Scan:
        """The catalog as the supervisor scanned it before this phase."""
        return inventory.from_json((self.run_dir / f"scan-{self.phase}.json").read_text(encoding="utf-8"))

    @cached_property
    def plan(self) -> Plan:
        """The phase's plan, as the collection pass wrote it."""
        return Plan.read(Plan.path(self.run_dir, self.phase))

    @cached_property
    def journal(self) -> journal.Journal:
        """The run's journal."""
        return journal.Journal(self.run_dir, journal.secrets(os.environ))

    def acting(self) -> Session:
        """Return the connection that acts, which holds the run lock shared; a broken one is replaced."""
        if self.settings.mode == "plan":
            return self.observing()
        if self._acting is None or self._acting.closed or self._acting.broken:
            conn = session.maintenance(
                target.inherited(os.environ),
                self.settings.profile,
                schedule=self.run.schedule,
                workers=self.run.workers,
            )
            self.journal.keep_secret(conn.info.password)
            locks.join_run(conn)
            self._acting = conn
        return self._acting

    def observing(self) -> Session:
        """Return the read-only connection; a broken one is replaced."""
        if self._observing is None or self._observing.closed or self._observing.broken:
            self._observing = session.observer(target.inherited(os.environ), self.settings.profile)
            self.journal.keep_secret(self._observing.info.password)
        return self._observing

    def close(self) -> None:
        """Close the connections: what a session has counted becomes visible to others when it ends."""
        for conn in (self._acting, self._observing):
            if conn is not None and not conn.closed:
                conn.close()
