"""The command of the reports: ``python -m reports RUN_DIRECTORY`` makes the report of a run.

``python -m reports prepare`` installs Allure's packages. Exit codes: 0 the report was made (if it is the plain page, a
line on standard error says why), 2 it cannot be made.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from reports import PageError, ReportError, junit, node, page, record, summary


def main(arguments: list[str]) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reports", description=__doc__)
    parser.add_argument("what", metavar="RUN_DIRECTORY|prepare", help="the run to report, or `prepare`")
    what = parser.parse_args(arguments).what
    try:
        if what == "prepare":
            node.prepare()
        else:
            print(render(Path(what)))
    except (ReportError, OSError) as error:
        print(f"reports: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def render(run_dir: Path) -> Path:
    """Write JUnit XML, the summary and the page of a run; return the page."""
    # Reports name objects and people of the database: they are their owner's to share.
    os.umask(0o077)
    run = record.load(run_dir)
    folder = run_dir / "report"
    folder.mkdir(mode=0o700, exist_ok=True)
    record.write(run_dir / "junit.xml", junit.render(run))
    record.write(folder / "summary.html", summary.render(run))
    try:
        html = page.render(run_dir, run)
    except PageError as error:
        print(f"reports: the plain page instead of Allure's: {' '.join(str(error).split())}", file=sys.stderr)
        html = summary.render(run, fallback=str(error))
    record.write(folder / "index.html", html)
    return folder / "index.html"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
