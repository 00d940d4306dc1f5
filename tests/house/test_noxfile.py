"""The menu: a session becomes the program, in an environment made once. A small program stands for the suite."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.house.repository import ROOT

PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print(os.getpid(), os.getcwd(), *sys.argv[1:], sep="|", flush=True)
if "sleep" in sys.argv:
    time.sleep(60)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout in a path with a space: the real noxfile, locks without packages, and the small program."""
    place = tmp_path_factory.mktemp("a place") / "of its own"
    for folder in ("requirements", "reports/node", "steward"):
        (place / folder).mkdir(parents=True)
    shutil.copy(ROOT / "noxfile.py", place)
    (place / "requirements" / "run.txt").write_text("# nothing\n")
    (place / "reports" / "node" / "package-lock.json").write_text("{}")
    (place / "steward" / "__main__.py").write_text(PROGRAM)
    (place / "reports" / "__main__.py").write_text("print('prepared')")
    return place


def _command(*words):
    return [sys.executable, "-m", "nox", *words]


def _environ():
    return {name: value for name, value in os.environ.items() if not name.startswith(("NOX", "STEWARD", "PYTEST"))}


def _nox(checkout, *words):
    return subprocess.run(
        _command(*words), cwd=checkout, env=_environ(), capture_output=True, text=True, check=False, timeout=120
    )


def test_the_session_becomes_the_program_with_its_words_and_its_code(checkout):
    done = _nox(checkout, "-s", "daily", "--", "--plan", "-k", "a b")
    _, place, *words = done.stdout.rstrip("\n").split("|")

    assert done.returncode == 3, done.stderr
    assert place == str(checkout)
    assert words == ["daily", "--plan", "-k", "a b"]


def test_a_first_profile_goes_where_the_operator_says(checkout):
    done = _nox(checkout, "-s", "profile", "--", "--output", "own profile.toml")

    assert done.stdout.rstrip("\n").split("|")[2:] == ["profile", "--output", "own profile.toml"]


def test_the_environment_is_made_once_until_its_lock_changes(checkout):
    lock = checkout / "requirements" / "run.txt"
    _nox(checkout, "-s", "daily")
    again = _nox(checkout, "-s", "checks")
    lock.write_text("# something else\n")
    changed = _nox(checkout, "-s", "checks")

    assert "pip install" not in again.stderr
    assert "reports prepare" not in again.stderr
    assert "pip install" in changed.stderr


def test_a_report_that_cannot_be_prepared_keeps_nobody_from_a_run(checkout):
    (checkout / "reports" / "node" / "package-lock.json").write_text('{"changed": true}')
    program = checkout / "reports" / "__main__.py"
    program.write_text("raise SystemExit(2)")
    failed = _nox(checkout, "-s", "daily")
    program.write_text("print('prepared')")
    mended = _nox(checkout, "-s", "daily")

    assert failed.returncode == 3
    assert "the report will be plain" in failed.stderr
    assert mended.returncode == 3
    assert "prepared" in mended.stdout


def test_packages_that_cannot_be_installed_end_it_with_2(checkout):
    lock = checkout / "requirements" / "run.txt"
    lock.write_text("no-such-package @ file:///nowhere\n")
    done = _nox(checkout, "-s", "daily")
    lock.write_text("# nothing\n")

    assert done.returncode == 2
    assert "|" not in done.stdout


def test_two_operator_sessions_at_once_are_refused_before_the_first(checkout):
    done = _nox(checkout, "-s", "daily", "checks")

    assert done.returncode == 1
    assert "start checks on its own" in done.stderr
    assert "|daily" not in done.stdout


def test_signals_reach_the_program(checkout):
    _nox(checkout, "-s", "daily")
    with subprocess.Popen(
        _command("-s", "daily", "--", "sleep"), cwd=checkout, env=_environ(), stdout=subprocess.PIPE, text=True
    ) as started:
        pid = int(started.stdout.readline().split("|")[0])
        started.send_signal(signal.SIGTERM)
        code = started.wait(30)

    assert pid == started.pid
    assert code == 5


def test_the_readme_has_every_session_of_the_menu():
    sessions = re.findall(r"^def ([a-z]\w*)\(session: nox.Session\)", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    menu = (ROOT / "README.md").read_text().partition("## Menu")[2]
    rows = "".join(line.split("|")[1] for line in menu.splitlines() if line.startswith("|"))
    environments = {"suite", "workshop"}

    assert "daily" in sessions
    assert [] == [name for name in sessions if name not in environments and f"`{name}`" not in rows]


def test_nox_alone_only_lists_the_menu(checkout):
    done = _nox(checkout)

    assert done.returncode == 0
    assert "daily" in done.stdout
    assert "|" not in done.stdout
