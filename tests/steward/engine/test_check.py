from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest
from psycopg import sql

from steward import Inconclusive
from steward.database import queries, session
from steward.engine.check import Check, Finding, as_records, summary
from steward.profile import Exemption

TODAY = datetime.now(UTC).date()

# A query of the test's own: what it finds stands in a real table, so that a test plants what is to be found.
QUERY = """-- What it answers: what the test has planted.
select object_type, object_name, observed, expected, detail, remediation
from {planted}
where object_name like %(pattern)s
order by object_name
"""


@pytest.fixture
def planted(blank, tmp_path, monkeypatch, settings):
    """Make a check on planted findings, with the exemptions that a test gives."""
    columns = "object_type text, object_name text, observed text, expected text, detail text, remediation text"
    blank.execute(f"create table public.planted ({columns})")
    with session.login(blank.target("postgres")) as conn:
        (tmp_path / "checks").mkdir()
        for name in ("sizes", "sizes_daily", "sizesque", "partitions_gaps"):
            (tmp_path / "checks" / f"{name}.sql").write_text(QUERY)
        monkeypatch.setattr(queries, "SQL", tmp_path)
        queries.variants.cache_clear()

        def check(*exemptions: Exemption) -> Check:
            profile = settings.profile.model_copy(update={"exemptions": exemptions})
            return Check(type(settings)(profile, "daily"), lambda: conn, None)

        yield check
    queries.variants.cache_clear()


@pytest.fixture
def plant(blank, planted):
    """Plant one finding."""

    def one(name: str, kind: str = "table", **changes: str) -> None:
        row = {"observed": "11 GB", "expected": "10 GB", "detail": "as measured", "remediation": "move it", **changes}
        blank.execute(
            "insert into public.planted values (%s, %s, %s, %s, %s, %s)",
            [kind, name, row["observed"], row["expected"], row["detail"], row["remediation"]],
        )

    return one


def run(check: Check, name: str = "sizes", pattern: str = "%"):
    return check.run(name, {"planted": sql.Identifier("public", "planted")}, pattern=pattern)


def exemption(**changes) -> Exemption:
    given = {
        "check": "sizes",
        "object": "public.*",
        "reason": "archived soon",
        "owner": "dba",
        "expires": TODAY,
        **changes,
    }
    return Exemption(**given)


def test_rows_of_the_query_are_the_offenders(planted, plant):
    plant("public.b")
    plant("public.a")
    check = planted()
    found = run(check)

    assert [row.object_name for row in found.offenders] == ["public.a", "public.b"]
    assert found.offenders[0] == Finding("table", "public.a", "11 GB", "10 GB", "as measured", "move it")
    assert check.offenders == found.offenders


def test_no_rows_are_no_offenders(planted):
    assert run(planted()).offenders == []


def test_values_are_bound(planted, plant):
    plant("public.a")
    plant("it's")

    assert [row.object_name for row in run(planted(), pattern="it's").offenders] == ["it's"]


def test_findings_of_several_queries_of_one_item_are_kept(planted, plant):
    plant("public.a")
    check = planted()
    run(check)
    run(check, "sizes_daily")

    assert len(check.offenders) == 2
    assert [statement["text"].splitlines()[0] for statement in check.statements] == [
        "-- sql/checks/sizes.sql",
        "-- sql/checks/sizes_daily.sql",
    ]
    assert [statement["rows"] for statement in check.statements] == [1, 1]


@pytest.mark.parametrize(
    ("check", "pattern"),
    [
        ("sizes", "public.a"),
        ("sizes", "public.*"),
        ("sizes", "*"),
        ("sizes", "public.?"),
        ("sizes_daily", "public.[ab]"),
    ],
)
def test_finding_that_the_profile_excuses_is_kept_and_no_offender(planted, plant, check, pattern):
    plant("public.a")
    made = planted(exemption(check=check, object=pattern))
    found = run(made, "sizes_daily")

    assert found.offenders == []
    assert found.found[0].exempt == {"reason": "archived soon", "owner": "dba", "expires": TODAY.isoformat()}


@pytest.mark.parametrize(
    ("query", "excused"),
    [
        ("sizesque", exemption()),
        ("partitions_gaps", exemption()),
        ("sizes", exemption(check="sizes_daily")),
        ("sizes", exemption(object="public.b")),
        ("sizes", exemption(object="PUBLIC.A")),
        ("sizes", exemption(object="ublic.a")),
    ],
)
def test_exemption_covers_only_its_check_and_its_objects(planted, plant, query, excused):
    plant("public.a")

    assert len(run(planted(excused), query).offenders) == 1


def test_exemption_that_has_expired_is_a_finding_that_says_so(planted, plant):
    plant("public.a")
    yesterday = TODAY - timedelta(days=1)
    [offender] = run(planted(exemption(expires=yesterday))).offenders

    assert offender.exempt is None
    assert offender.detail == f"as measured; its exemption expired on {yesterday} (owner dba)"


def test_exemption_that_still_holds_wins_over_one_that_has_expired(planted, plant):
    plant("public.a")
    expired = exemption(expires=TODAY - timedelta(days=1))

    assert run(planted(expired, exemption(object="public.a"))).offenders == []


def test_query_that_cannot_decide_is_inconclusive_and_keeps_what_it_did_find(planted, plant):
    plant("public.a")
    plant("pg_stat_activity", "inconclusive", detail="others' state is hidden", remediation="grant pg_monitor")
    check = planted()
    with pytest.raises(Inconclusive) as caught:
        run(check)

    assert caught.value.reason == "pg_stat_activity: others' state is hidden (grant pg_monitor)"
    assert [row.object_name for row in check.found] == ["public.a"]


def test_what_cannot_be_decided_cannot_be_excused(planted, plant):
    plant("public.a", "inconclusive")

    with pytest.raises(Inconclusive):
        run(planted(exemption(object="*")))


def test_error_of_the_server_keeps_its_sqlstate(planted):
    with pytest.raises(psycopg.errors.UndefinedTable) as caught:
        planted().run("sizes", {"planted": sql.Identifier("public", "absent")}, pattern="%")

    assert caught.value.sqlstate == "42P01"


def test_summary_names_the_first_three_and_counts_the_others():
    rows = [Finding("table", name, "2", "1", "", "") for name in "abcde"]

    assert summary(rows[:1]) == "a: 2, expected 1"
    assert summary(rows[:3]) == "a: 2, expected 1; b: 2, expected 1; c: 2, expected 1"
    assert summary(rows).endswith("c: 2, expected 1; and 2 more")


def test_record_of_a_finding_has_its_columns_and_its_excuse(planted, plant):
    plant("public.a")
    [record] = as_records(run(planted(exemption())).found)

    assert record["object_name"] == "public.a"
    assert record["exempt"]["owner"] == "dba"


# --- what the checks of a phase share ------------------------------------------------------------


def test_a_shared_value_is_read_once_and_recorded_for_each_check(settings):
    cache, reads = {}, []
    one, two = (Check(settings, None, None, cache=cache) for _ in range(2))

    def read(check):
        reads.append(check)
        check.note("-- read", 0.5, 3)
        return ("value",)

    values = [check.shared("key", partial(read, check)) for check in (one, one, two, two)]

    assert values == [("value",)] * 4
    assert reads == [one]
    assert [check.statements for check in (one, two)] == [[one.statements[0]]] * 2


def test_a_shared_value_that_cannot_be_read_is_not_kept(settings):
    check = Check(settings, None, None)

    def fails():
        raise Inconclusive("not now")

    with pytest.raises(Inconclusive):
        check.shared("key", fails)

    assert check.shared("key", lambda: 1) == 1
