from __future__ import annotations

import pytest
from psycopg import sql

from checks import test_retention as runbook
from steward.database import inventory, session
from steward.engine.check import Check
from steward.engine.executor import RunSettings
from steward.retention import coverage
from steward.retention.legal_holds import RefusalError
from tests.fixtures.retention import old, rule, shop, suggest, with_rules

CHECKS = {"overdue": coverage.overdue, "unreachable": coverage.unreachable}


@pytest.fixture
def found(database):
    """What a check finds: ``found("overdue", settings)``."""

    def look(name, settings):
        with session.observer(database.target(), settings.profile) as conn:
            check = Check(settings, lambda: conn, inventory.scan(conn, settings.profile))
            return check.run(f"retention_{name}", **CHECKS[name](check)).offenders

    return look


@pytest.fixture
def things(database):
    """A table of rows with a clock: some old, some new, some without."""
    with shop(database) as conn:
        conn.execute("create table t (id int, at timestamptz, state text)")
        yield conn


# What each item of the runbook fails on: the age of expired suggestions, and how sure of them their model was.
PLANTED = {"overdue": ("60 hours", 0.1), "unreachable": ("60 hours", 0.9)}


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_fails_on_its_fault_and_passes_without(database, settings, checking, item):
    judged = getattr(runbook, f"test_{item}")
    judged(checking(database, settings))
    age, confidence = PLANTED[item]
    suggest(database, 3, age=age, confidence=confidence)
    check = checking(database, settings)
    with pytest.raises(AssertionError):
        judged(check)

    assert check.offenders


def test_nothing_is_overdue_in_a_database_that_is_purged_in_time(database, settings, found):
    suggest(database, 3, age="25 hours")
    suggest(database, 3, age="-1 day")

    assert found("overdue", settings) == []


def test_rows_that_runs_have_missed_are_overdue(database, settings, found):
    suggest(database, 3, age="50 hours 5 minutes")
    suggest(database, 2, age="49 hours")

    (finding,) = found("overdue", settings)

    assert (finding.object_type, finding.object_name) == ("table", "public.suggestions")
    assert finding.observed.startswith("3 rows, the oldest of ")
    assert finding.detail == "rule expired_suggestions (daily, delete)"
    assert "nox -s daily" in finding.remediation


def test_rows_on_hold_are_not_overdue(database, settings, found):
    suggest(database, 3)
    suggest(database, 1, tenant="t_b")
    database.execute(
        "insert into steward.legal_hold (table_name, tenant_id, owner, reason) values ('suggestions', 't_a', 'l', 'r')"
    )

    (finding,) = found("overdue", settings)

    assert finding.observed.startswith("1 rows")
    assert finding.detail.endswith("legal holds keep 3 more")

    database.execute("update steward.legal_hold set tenant_id = null")

    assert found("overdue", settings) == []


def test_each_schedule_has_its_own_patience(settings, found, things):
    things.execute("insert into t values (1, now() - interval '8 days', 'x'), (2, now() - interval '10 days', 'x')")
    rules = {
        "daily": old("shop.t"),
        "weekly": rule("shop.t", schedule="weekly", clock="at", older_than="1 day"),
        "monthly": rule("shop.t", schedule="monthly", clock="at", older_than="1 day"),
    }

    monthly = RunSettings(with_rules(settings, rules).profile, "monthly")
    findings = {finding.detail: finding.observed[:6] for finding in found("overdue", monthly)}

    assert findings == {"rule daily (daily, delete)": "2 rows", "rule weekly (weekly, delete)": "1 rows"}


@pytest.mark.parametrize(
    ("schedule", "judged"),
    [("daily", "d"), ("weekly", "dw"), ("monthly", "dmw"), ("checks", "dmw")],
)
def test_a_run_is_not_blamed_for_rules_that_run_less_often(settings, found, things, schedule, judged):
    things.execute("insert into t values (1, now() - interval '1 year', 'x')")
    rules = {
        cadence[0]: rule("shop.t", schedule=cadence, clock="at", older_than="1 day")
        for cadence in ("daily", "weekly", "monthly")
    }

    findings = found("overdue", RunSettings(with_rules(settings, rules).profile, schedule))

    assert "".join(finding.detail.split()[1] for finding in findings) == judged


def test_the_legal_maximum_is_a_finding_and_an_archive_is_judged_elsewhere(settings, found, things):
    things.execute("insert into t values (1, now() - interval '8 years', 'x')")
    rules = {
        "maximum": rule("shop.t", action="report", clock="at", older_than="7 years"),
        "archive": rule("shop.t", action="archive", clock="at", older_than="1 year"),
    }

    (finding,) = found("overdue", with_rules(settings, rules))

    assert "rule maximum" in finding.detail
    assert "legal maximum is passed" in finding.remediation


def test_orphans_are_overdue_from_the_first(settings, found, things):
    things.execute("create table parent (id int)")
    things.execute("insert into t values (1, now(), 'x')")
    rules = {"orphans": rule("shop.t", orphan_of={"table": "shop.parent", "on": {"id": "id"}})}

    (finding,) = found("overdue", with_rules(settings, rules))

    assert (finding.observed, finding.expected) == ("1 rows", "none")


@pytest.mark.parametrize("name", CHECKS)
def test_a_profile_without_rules_has_no_findings(settings, found, name):
    assert found(name, with_rules(settings, {})) == []


def test_a_hold_that_cannot_be_understood_is_no_pass(database, settings, found):
    database.execute("insert into steward.legal_hold (table_name, owner, reason) values ('suggestion', 'l', 'r')")

    with pytest.raises(RefusalError, match="no such table"):
        found("overdue", settings)


def test_every_row_of_a_healthy_table_is_reached(database, settings, found):
    suggest(database, 3)
    suggest(database, 3, age="-1 day", confidence=0.9)
    suggest(database, 3, status="rejected", confidence=0.9)

    assert found("unreachable", settings) == []


def test_expired_rows_that_the_rule_passes_over_are_told_with_count_and_age(database, settings, found):
    suggest(database, 4, age="40 days", confidence=0.9)
    suggest(database, 1, age="3 days", status="accepted")

    (finding,) = found("unreachable", settings)

    assert finding.object_name == "public.suggestions"
    assert finding.observed.startswith("5 rows past expires_at, the oldest of ")
    assert finding.observed.endswith("(40 days)")
    assert "expired_suggestions" in finding.detail


def test_rows_without_a_clock_that_every_row_should_have_are_told(database, settings, found):
    suggest(database, 2, age=None)
    suggest(database, 3, age=None, confidence=0.9)
    suggest(database, 4, age=None, status="rejected")

    (finding,) = found("unreachable", settings)

    assert finding.observed == "5 rows without expires_at"


def test_without_a_clock_a_row_is_told_only_when_it_meets_all_else(settings, found, things):
    things.execute("insert into t values (1, null, 'closed'), (2, null, 'open'), (3, now(), 'open')")
    rules = {"closed": old("shop.t", where=({"column": "state", "any_of": ("closed",)},))}

    (finding,) = found("unreachable", with_rules(settings, rules))

    assert finding.observed == "1 rows without at"

    assert found("unreachable", with_rules(settings, {"all": old("shop.t")})) == []


def test_a_null_in_a_condition_is_no_way_to_be_reached(settings, found, things):
    things.execute("insert into t values (1, now() - interval '2 days', null)")
    rules = {"closed": old("shop.t", where=({"column": "state", "any_of": ("closed",)},))}

    (finding,) = found("unreachable", with_rules(settings, rules))

    assert finding.observed.startswith("1 rows past at")


def test_an_update_reaches_nothing_for_good(settings, found, things):
    things.execute("insert into t values (1, now() - interval '2 days', 'open')")
    rules = {
        "closed": old("shop.t", where=({"column": "state", "any_of": ("closed",)},)),
        "open": rule("shop.t", action="update", clock="at", older_than="1 hour", set={"state": "stale"}),
    }

    assert len(found("unreachable", with_rules(settings, rules))) == 1


def test_a_table_that_one_rule_takes_whole_is_not_even_read(database, settings, found):
    with database.connect() as other:
        other.execute("begin")
        other.execute("lock table public.correction_logs in access exclusive mode")
        rules = {
            name: candidate
            for name, candidate in settings.profile.retention.rules.items()
            if candidate.table == "public.correction_logs"
        }

        assert found("unreachable", with_rules(settings, rules)) == []


@pytest.mark.parametrize("name", CHECKS)
def test_names_cannot_break_a_check(database, settings, found, things, name):
    table, columns = sql.Identifier("""Odd "%s{}'"""), [sql.Identifier("a.b;--"), sql.Identifier("100%")]
    things.execute(sql.SQL("create table {} ({} timestamptz, {} text)").format(table, *columns))
    things.execute(sql.SQL("insert into {} values (now() - interval '9 days', 'x'), (now(), 'y')").format(table))
    odd = {"column": "100%", "any_of": ("x" if name == "overdue" else "'",)}
    rules = {"it's": old("""shop."Odd ""%s{}'\"""", clock="a.b;--", where=(odd,))}

    (finding,) = found(name, with_rules(settings, rules))

    assert finding.observed.startswith("1 rows")


def test_rows_whose_clock_counts_since_1970_are_overdue_and_unreachable_as_others_are(database, settings, found):
    with shop(database) as conn:
        conn.execute("create table t (at bigint, state text)")
        conn.execute("insert into t select extract(epoch from now() - interval '40 days') * 1000, 'open'")
        conn.execute("insert into t select extract(epoch from now() - interval '50 days') * 1000, 'done'")
    done = ({"column": "state", "any_of": ("done",)},)
    rules = {"counted": old("shop.t", clock_epoch="milliseconds", where=done)}

    (overdue,) = found("overdue", with_rules(settings, rules))
    (unreachable,) = found("unreachable", with_rules(settings, rules))

    assert overdue.observed.startswith("1 rows, the oldest of 20")
    assert unreachable.observed.startswith("1 rows past at, the oldest of 20")
    assert unreachable.observed.endswith("(40 days)")
