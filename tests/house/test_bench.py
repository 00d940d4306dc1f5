"""What is measured can be measured, and is told in the docs; a missed limit is told as missed."""

from __future__ import annotations

import importlib
import re

import pytest

from bench.__main__ import main, topics
from bench.harness import Ratio
from tests.house.repository import ROOT

DOCS = ROOT / "docs" / "performance.md"


@pytest.mark.parametrize("topic", sorted(topics()))
def test_a_topic_says_what_it_compares_and_has_its_section(topic):
    module = importlib.import_module(f"bench.{topic}")
    sections = re.findall(r"^## (\w+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)

    assert module.__doc__
    assert topic in sections


@pytest.mark.parametrize(
    ("ours", "limit", "absolute", "kept"),
    [
        (1.5, 1.5, False, True),
        (1.6, 1.5, False, False),
        (9.0, None, False, None),
        (250.0, 250.0, True, True),
        (251.0, 250.0, True, False),
    ],
)
def test_a_limit_binds_the_ratio_or_our_figure_alone(ours, limit, absolute, kept):
    assert Ratio("it", ours, 1.0, "s", limit, absolute=absolute).kept is kept


def test_nothing_to_compare_with_keeps_no_limit():
    assert Ratio("it", 1.0, 0.0, "s", 1.5).kept is False


def test_an_unknown_topic_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["no such"])

    assert ended.value.code == 2
    assert "no such topic" in capsys.readouterr().err
