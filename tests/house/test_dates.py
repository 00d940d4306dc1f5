"""The proof on other dates is no proof when the clock could not be set."""

from __future__ import annotations

import re
from datetime import datetime

from tests import dates


def test_a_machine_without_another_clock_skips_visibly_or_fails_where_it_is_required(monkeypatch, capsys):
    monkeypatch.setattr(dates, "LIBRARIES", ())
    monkeypatch.delenv("REQUIRE_FAKETIME", raising=False)
    skipped = dates.main([])
    monkeypatch.setenv("REQUIRE_FAKETIME", "1")
    required = dates.main([])

    assert (0, 1) == (skipped, required)
    assert 2 == capsys.readouterr().out.count("SKIPPED: libfaketime is not installed")


def test_the_dates_are_those_at_which_arithmetic_goes_wrong():
    starts = [datetime.fromisoformat(start) for start, _ in dates.MOMENTS.values()]
    days = {(at.month, at.day) for at in starts}

    assert {(1, 1), (12, 31), (2, 28), (2, 29)} <= days
    assert 53 in {at.isocalendar().week for at in starts}
    assert {"America/Sao_Paulo", "Europe/Berlin"} < {zone for _, zone in dates.MOMENTS.values()}
    assert any(at.day == 1 and at.hour < 3 for at in starts)


def test_every_test_that_is_named_exists():
    for name in dates.TESTS:
        path, _, function = name.partition("::")
        file = dates.ROOT / path

        assert file.exists()
        assert not function or re.search(rf"def {function}\b", file.read_text())
