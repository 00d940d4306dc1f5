"""The proof on several majors is no proof when a major was not there."""

from __future__ import annotations

import subprocess
import sys

from tests import matrix


def _matrix(*words):
    return subprocess.run(
        [sys.executable, "-m", "tests.matrix", *words],
        cwd=matrix.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_major_without_a_server_fails_and_the_table_says_what_to_do():
    done = _matrix("99", "98=/nowhere")

    assert done.returncode == 1
    assert "no pins in requirements/postgresql-99.txt" in done.stdout
    assert "98=/folder/bin" in done.stdout


def test_a_server_of_another_major_than_its_name_is_refused(tmp_path):
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.4'\n")
    program.chmod(0o755)

    done = _matrix(f"14={tmp_path}")

    assert done.returncode == 1
    assert "12.4" in done.stdout


def test_every_major_has_a_server_pinned_with_its_hashes():
    pinned = {major: (matrix.ROOT / "requirements" / f"postgresql-{major}.txt") for major in matrix.MAJORS}
    del pinned[matrix.EMBEDDED]

    assert [major for major, pins in pinned.items() if f"=={major}." not in pins.read_text()] == []
    assert [major for major, pins in pinned.items() if "--hash=sha256:" not in pins.read_text()] == []
