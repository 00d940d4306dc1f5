"""The whole catalogue of defects against every item that judges isolation: each defect is found, each twin by none."""

from __future__ import annotations

import pytest

from tests.fixtures.defects import DEFECTS
from tests.fixtures.market import KINDS, items, judged

# No statement plants these on every server: a missing fix, a collation of ICU, and what is only told. They have tests
# of their own.
ELSEWHERE = frozenset({"isolation_roles.floor", "isolation_columns.equality", "isolation_columns.disclosed"})


def skip_newer(market, defect):
    if market.database.cluster.version < defect.since:
        pytest.skip(f"it came with {defect.since}")


def test_every_item_has_its_defect_and_every_defect_its_item():
    assert sorted({name for name, _ in items()} - ELSEWHERE) == sorted({defect.item for defect in DEFECTS})


def test_names_of_defects_differ():
    assert len(DEFECTS) == len({defect.name for defect in DEFECTS})


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_in_the_healthy_schema(market_of, kind):
    assert {} == market_of(kind).found()


def test_nothing_is_found_in_the_shipped_schema(demo_database, settings, checking):
    assert {} == judged(checking(demo_database, settings))


@pytest.mark.parametrize("defect", [defect for defect in DEFECTS if defect.planted], ids=lambda defect: defect.name)
def test_a_defect_is_found_by_the_item_that_it_names(market, defect):
    skip_newer(market, defect)
    market.run(*defect.planted)

    assert market.found(defect.item), f"found by {sorted(market.found())} only"


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_its_healthy_twin_is_found_by_none(market, defect):
    skip_newer(market, defect)
    market.run(*defect.healthy)

    assert {} == market.found()
