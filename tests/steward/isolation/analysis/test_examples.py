"""The worked examples of docs/isolation-analysis.md come out as the page says."""

from __future__ import annotations

import re

import pytest

from steward.isolation.analysis import filters, function_bodies, three_valued
from steward.isolation.analysis.context import TenantBinding
from tests.house import repository

PAGE = (repository.ROOT / "docs/isolation-analysis.md").read_text(encoding="utf-8")
SETTING = "current_setting('app.tenant', true)"
ROWS = {"other": three_valued.OTHER, "NULL": three_valued.NULL, "empty": three_valued.EMPTY}
ANSWERS = {three_valued.NEVER: "never", three_valued.PERHAPS: "perhaps", three_valued.POSSIBLE: "possible"}
EXAMPLE = re.compile(r"^\| `(?P<expression>.+)` \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", re.MULTILINE)
EXAMPLES = [(*match.groups()[:2], match.groups()[2:]) for match in EXAMPLE.finditer(PAGE)]
FUNCTIONS = re.findall(r"create function.*?\$\$;", PAGE, re.DOTALL)


@pytest.fixture
def binding():
    bodies = [function_bodies.function_body(text) for text in FUNCTIONS]
    return TenantBinding("tenant_id", "app.tenant", functions=tuple(body for body in bodies if body))


def test_the_page_has_its_examples():
    assert len(FUNCTIONS) == 2
    assert len(EXAMPLES) == PAGE.count("\n| `") - PAGE.count("\n| `current_setting")
    assert set(ANSWERS.values()) == {answer for _, _, answers in EXAMPLES for answer in answers}


@pytest.mark.parametrize(("expression", "row", "answers"), EXAMPLES)
def test_an_example_comes_out_as_the_page_says(binding, expression, row, answers):
    text = re.sub(r"\bsetting\b", SETTING, expression)
    judged = {state: ANSWERS[filters.admits(text, binding, state, ROWS[row])] for state in filters.STATES}

    assert dict(zip(("set", "unset", "empty"), answers, strict=True)) == judged
