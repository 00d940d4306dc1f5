"""The whole catalogue of defects against every item that judges isolation: each defect is found, each twin by none."""

from __future__ import annotations

import pytest

from tests.fixtures.defects import DEFECTS
from tests.fixtures.market import KINDS, items, judged

THERE = frozenset(name.partition(".")[0] for name, _ in items())


def skip_newer(market, defect):
    if market.database.cluster.version < defect.since:
        pytest.skip(f"it came with {defect.since}")


def test_every_defect_names_an_item_that_exists():
    known = {name for name, _ in items()} | THERE

    assert [] == sorted({defect.item for defect in DEFECTS} - known)


def test_names_of_defects_are_told_apart():
    assert len(DEFECTS) == len({defect.name for defect in DEFECTS})


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_in_the_healthy_schema(market_of, kind):
    assert {} == market_of(kind).found()


def test_nothing_is_found_in_the_shipped_schema(demo_database, settings, checking):
    assert {} == judged(checking(demo_database, settings))


@pytest.mark.parametrize("defect", [each for each in DEFECTS if each.planted], ids=lambda each: each.name)
def test_a_defect_is_found_by_the_item_that_it_names(market, defect):
    skip_newer(market, defect)
    market.run(*defect.planted)
    named = market.found()

    assert [name for name in named if f"{name}.".startswith(f"{defect.item}.")], f"found by {sorted(named)} only"


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_its_healthy_twin_is_found_by_none(market, defect):
    skip_newer(market, defect)
    market.run(*defect.healthy)

    assert {} == market.found()
