"""Profiles: what they say, how they extend one another, and what they refuse."""

from __future__ import annotations

import copy
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from steward import ProfileError, profile
from steward.profile import loading, units
from steward.profile.merging import find, merge, path_of
from steward.profile.units import parse_interval

BASE = loading.PROFILES / "base.toml"
ALL = loading.profile_names()


@pytest.fixture
def write(tmp_path):
    """Write a profile of its own that extends base, and return its path."""

    def written(text: str, name: str = "mine", extends: str = "base") -> str:
        path = tmp_path / f"{name}.toml"
        path.write_text(f"extends = {extends!r}\n{text}", encoding="utf-8")
        return str(path)

    return written


def refusal(path: str) -> str:
    with pytest.raises(ProfileError) as caught:
        profile.load(path)
    return str(caught.value)


# --- what is shipped -------------------------------------------------------------------------------------------------


def test_five_profiles_are_shipped():
    assert ALL == ("any", "base", "development", "production", "staging")


def test_the_profile_for_any_database_knows_nothing_of_validahub():
    text = profile.load("any").model_dump_json()

    assert "validahub" not in text
    assert "public." not in text
    assert "tenant_id" not in text


def test_every_table_of_a_profile_has_its_place_in_the_documentation():
    page = (loading.PROFILES.parent / "docs" / "profiles.md").read_text(encoding="utf-8")
    rows = "".join(line for line in page.splitlines() if line.startswith("|"))

    assert [] == [table for table in tomllib.loads(BASE.read_text(encoding="utf-8")) if f"`{table}`" not in rows]


@pytest.mark.parametrize("name", ALL)
def test_a_shipped_profile_is_called_like_its_file(name):
    assert profile.load(name).name == name


@pytest.mark.parametrize("name", ALL)
def test_a_profile_survives_the_way_through_a_run_directory(name):
    loaded = profile.load(name)

    again = profile.loads(loaded.model_dump_json())

    assert again == loaded
    assert again.digest == loaded.digest


def test_the_base_profile_holds_the_contracts_figures():
    base = profile.load("base")

    figures = {
        "batch": (base.retention.batch_target_low, base.retention.batch_target_high),
        "memory": (base.daily.maintenance_work_mem, base.weekly.maintenance_work_mem, base.weekly.work_mem),
        "timeouts": (base.daily.statement_timeout, base.weekly.statement_timeout),
        "duration": (base.daily.duration_limit, base.weekly.duration_limit),
        "ahead": (base.daily.partitions_ahead, base.weekly.partitions_ahead),
        "partition size": (base.daily.partition_size_limit, base.weekly.partition_size_limit),
        "locks": (base.locks.access_exclusive, base.locks.drain, base.locks.other),
        "rebuild": (base.daily.index_bloat, base.daily.index_size, base.daily.index_scans, base.weekly.index_bloat),
        "unused": (base.indexes.unused_size, base.indexes.unused_for, base.indexes.drop_unused),
        "rewrite": (base.reorganise.free, base.reorganise.live_rows, base.reorganise.partitions),
        "growth": base.growth.per_month,
        "queries": (base.queries.p95, base.queries.cache_hit),
        "load": (base.load.ignored_applications, base.load.per_cpu, base.load.active_sessions),
    }
    assert figures == {
        "batch": (timedelta(milliseconds=200), timedelta(milliseconds=500)),
        "memory": (1 << 30, 2 << 30, 512 << 20),
        "timeouts": (timedelta(minutes=30), timedelta(hours=2)),
        "duration": (timedelta(minutes=15), timedelta(minutes=60)),
        "ahead": (1, 3),
        "partition size": (10 << 30, 20 << 30),
        "locks": (timedelta(milliseconds=200), timedelta(minutes=10), timedelta(seconds=10)),
        "rebuild": (0.25, 100 << 20, 1000, 0.5),
        "unused": (100 << 20, "30 days", False),
        "rewrite": (0.3, 10_000, False),
        "growth": 5 << 30,
        "queries": (timedelta(milliseconds=100), 0.95),
        "load": (("maintenance", "backup"), 2, 16),
    }


def test_the_base_profile_holds_the_contracts_retention_rules():
    rules = profile.load("base").retention.rules

    figures = {
        name: (rule.schedule, rule.table, rule.action, rule.clock, rule.older_than) for name, rule in rules.items()
    }
    assert figures == {
        "expired_suggestions": ("daily", "public.suggestions", "delete", "expires_at", "1 day"),
        "soft_deleted_corrections": ("daily", "public.correction_logs", "delete", "created_at", "90 days"),
        "unused_deprecated_versions": ("daily", "public.rule_versions", "update", "deprecated_at", "180 days"),
        "deleted_rule_sets": ("weekly", "public.rule_sets", "delete", "deleted_at", "90 days"),
        "closed_suggestions": ("weekly", "public.suggestions", "delete", "updated_at", "6 months"),
        "orphaned_versions": ("weekly", "public.rule_versions", "delete", "", None),
        "old_corrections": ("weekly", "public.correction_logs", "archive", "created_at", "24 months"),
        "legal_maximum": ("weekly", "public.correction_logs", "report", "created_at", "7 years"),
    }


def test_each_materialized_view_has_its_staleness_and_the_others_share_one():
    base = profile.load("base")

    staleness = [
        base.matview(f"public.{name}").staleness
        for name in ("rule_effectiveness", "daily_tenant_metrics", "field_correction_patterns", "unheard_of")
    ]
    assert staleness == ["6 hours", "4 hours", "24 hours", "24 hours"]
    assert [name for name, rule in base.matviews.items() if rule.critical] == ["public.rule_effectiveness"]


def test_the_first_run_on_the_demo_data_only_warns():
    assert profile.load("development").run.fail_on == "blocker"
    assert profile.load("production").run.fail_on == "critical"


def test_checks_alone_follow_the_daily_figures():
    base = profile.load("base")

    assert base.schedule("checks") is base.daily
    assert base.schedule("weekly") is base.weekly


def test_no_default_hides_outside_of_the_base_profile():
    """Only entries of named tables and lists may leave keys out, for there is no parent to say them."""

    def required(model: type[BaseModel], inside_entry: bool) -> None:
        for name, field in model.model_fields.items():
            assert inside_entry or field.is_required(), f"{model.__name__}.{name} has a default in the model"
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                required(field.annotation, inside_entry)

    required(profile.Profile, inside_entry=False)


def test_a_profile_cannot_be_changed_once_it_is_read():
    with pytest.raises(ValidationError):
        profile.load("base").run.workers = 5  # type: ignore[misc]  # that is the point


def test_the_digest_follows_every_figure(write):
    base = profile.load(write(""))

    changed = profile.load(write("[vacuum]\ndead_ratio = 0.21"))

    assert base.name == changed.name
    assert base.digest != changed.digest


# --- extending -------------------------------------------------------------------------------------------------------


def test_a_child_says_only_what_it_does_otherwise(write):
    mine = profile.load(write('[daily]\nwindow = "3h"'))

    assert mine.daily.window == timedelta(hours=3)
    assert mine.daily.model_copy(update={"window": profile.load("base").daily.window}) == profile.load("base").daily


def test_a_grandchild_inherits_through_its_parent(write):
    write("[run]\nworkers = 5", name="parent")

    mine = profile.load(write("[run]\nmax_deferrals = 9", extends="parent"))

    assert (mine.run.workers, mine.run.max_deferrals, mine.name) == (5, 9, "mine")


def test_a_replaced_table_keeps_nothing_of_its_parent(write):
    mine = profile.load(
        write(
            'replaces = ["retention.rules"]\n[retention.rules.only]\nschedule = "daily"\ntable = "public.logs"\n'
            'action = "delete"\nclock = "at"\nolder_than = "1 year"\npurpose = "logs"'
        )
    )

    assert list(mine.retention.rules) == ["only"]
    assert mine.retention.batch_rows_start == profile.load("base").retention.batch_rows_start


def test_a_table_replaced_with_nothing_is_empty(write):
    mine = profile.load(write('replaces = ["growth.thresholds", "retention.rules"]'))

    assert (dict(mine.growth.thresholds), dict(mine.retention.rules)) == ({}, {})


def test_lists_are_replaced_whole(write):
    mine = profile.load(write('[load]\nignored_applications = ["etl"]'))

    assert mine.load.ignored_applications == ("etl",)


def test_an_exemption_needs_its_day(write):
    entry = '[[exemptions]]\ncheck = "partitions"\nobject = "public.*"\nreason = "r"\nowner = "o"\n'

    assert profile.load(write(entry + "expires = 2027-03-01")).exemptions[0].expires == date(2027, 3, 1)
    assert "missing key exemptions[0].expires" in refusal(write(entry))


# --- refusing --------------------------------------------------------------------------------------------------------

RULE = '[retention.rules.mine]\nschedule = "daily"\ntable = "public.logs"\naction = {action!r}\npurpose = "p"\n'
CLOCK = 'clock = "at"\nolder_than = "1 day"\n'

REFUSED = {
    "unknown key": ('[daily]\nwindw = "1h"', "unknown key daily.windw (nearest known key: daily.window)"),
    "unknown table": ("[vacum]\nx = 1", "unknown key vacum (nearest known key: vacuum)"),
    "unknown key in an entry": (
        '[retention.rules.expired_suggestions]\nclok = "x"',
        (
            "unknown key retention.rules.expired_suggestions.clok "
            "(nearest known key: retention.rules.expired_suggestions.clock)"
        ),
    ),
    "unknown key in a list": (
        '[[exemptions]]\ncheck = "c"\nobject = "o"\nreason = "r"\nowner = "o"\nexpires = 2027-01-01\nexpiry = 1',
        "unknown key exemptions[0].expiry (nearest known key: exemptions[0].expires)",
    ),
    "quoted key": ('[growth.thresholds]\n"logs" = "1GB"', "growth.thresholds.logs = 'logs': expected schema and name"),
    "number for a duration": ("[daily]\nwindow = 4", "daily.window = 4: expected a duration such as"),
    "unit that is none": ('[daily]\nwindow = "4 fortnights"', "daily.window = '4 fortnights': expected a duration"),
    "size without unit": ('[daily]\nindex_size = "100"', "daily.index_size = '100': expected a size such as"),
    "text for a number": ('[run]\nworkers = "2"', "run.workers = '2': expected a valid integer"),
    "float for a count": ("[run]\nworkers = 2.5", "run.workers = 2.5: expected a valid integer"),
    "too few": ("[run]\nworkers = 0", "run.workers = 0: expected greater than or equal to 1"),
    "share above one": ("[vacuum]\ndead_ratio = 20", "vacuum.dead_ratio = 20: expected a share between 0 and 1"),
    "unknown word": ('[run]\nfail_on = "fatal"', "run.fail_on = 'fatal': expected 'blocker', 'critical'"),
    "number for a table": ("daily = 5", "daily = 5: expected a table"),
    "interval in short": ('[growth]\nkeep = "90d"', "growth.keep = '90d': expected a PostgreSQL interval"),
    "table without schema": ('[canary]\ntables = ["logs"]', "canary.tables[0] = 'logs': expected schema and name"),
    "batch upside down": ('[retention]\nbatch_target_low = "2s"', "batch_target_low is above"),
    "rows upside down": ("[retention]\nbatch_rows_start = 1", "must rise"),
    "rule without clock": (RULE.format(action="delete"), "retention.rules.mine: a rule without a clock"),
    "rule with half a clock": (RULE.format(action="delete") + 'clock = "at"', "clock and older_than belong together"),
    "update without set": (RULE.format(action="update") + CLOCK, 'action "update" and set or set_now belong together'),
    "delete with set": (RULE.format(action="delete") + CLOCK + 'set = { a = "b" }', "belong together"),
    "archive of rows": (
        RULE.format(action="archive") + CLOCK + 'where = [{ column = "a", is_null = true }]',
        "takes whole partitions",
    ),
    "condition without operator": (
        RULE.format(action="delete") + CLOCK + 'where = [{ column = "a" }]',
        "retention.rules.mine.where[0]: the condition on a needs exactly one of",
    ),
    "condition with two": (
        RULE.format(action="delete") + CLOCK + 'where = [{ column = "a", below = 1.0, any_of = ["x"] }]',
        "needs exactly one of",
    ),
    "backoff upside down": ('[locks]\nbackoff_base = "1min"', "locks.backoff_base is above locks.backoff_cap"),
    "no lock limit": ('[locks]\naccess_exclusive = "0"', "which PostgreSQL takes for no limit"),
    "attempt above budget": ('[locks]\naccess_exclusive = "2min"', "locks.access_exclusive is above locks.budget"),
    "ages upside down": ("[wraparound]\nfail = 1", "must rise"),
    "growth upside down": ('[growth]\nper_month = "1TB"', "growth.per_month is above growth.critical_per_month"),
    "days upside down": ("[growth]\nwarning_days = 1", "growth.critical_days is above growth.warning_days"),
    "tenants without column": ('[tenancy]\ncolumn = ""', "tenancy.tables need tenancy.column"),
    "name of a family without a year": (
        '[partitions.families."public.a"]\nnaming = "a"',
        "expected a strftime name",
    ),
    "timeout of no action": (
        '[daily.statement_timeouts]\nvacum = "1h"',
        "unknown key daily.statement_timeouts.vacum (nearest: vacuum)",
    ),
    "timeout of nothing like an action": (
        '[weekly.statement_timeouts]\nxyz = "1h"',
        "unknown key weekly.statement_timeouts.xyz (known: analyze, ",
    ),
    "timeout that is none": (
        '[daily.statement_timeouts]\nvacuum = "none"',
        "daily.statement_timeouts.vacuum = 'none': expected a duration",
    ),
    "endless connection": ('[run]\nconnect_timeout = "0"', "run.connect_timeout is zero"),
    "a name of its own": ('name = "other"', "unknown key name"),
    "replaces no list": ('replaces = "daily"', "replaces = 'daily': expected a list"),
    "replaces no key": ('replaces = ["a b"]', "replaces 'a b': not a dotted key"),
    "replaces no table": ('replaces = ["retentions"]', "(nearest: retention)"),
    "replaces a value": ('replaces = ["run.workers"]', "which its parent does not have as a table"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_key(write, text, expected):
    path = write(text)

    message = refusal(path)

    assert message.startswith(path)
    assert expected in message
    assert "\n" not in message


def test_the_file_that_said_it_is_named_and_not_the_one_that_inherits_it(write):
    parent = write("[daily]\nwindow = 5", name="parent")

    message = refusal(write("[run]\nworkers = 1", extends="parent"))

    assert message.startswith(f"{parent}: daily.window = 5")


def test_all_faults_are_told_at_once(write):
    message = refusal(write('[daily]\nwindow = 5\nwindw = "1h"\n[run]\nworkers = 0'))

    assert [key in message for key in ("daily.window = 5", "daily.windw", "run.workers = 0")] == [True, True, True]


def test_a_profile_without_parent_must_say_everything(tmp_path):
    path = tmp_path / "alone.toml"
    path.write_text("[run]\nworkers = 1\n")

    message = refusal(str(path))

    assert "missing key target," in message
    assert "missing key run.fail_on" in message


def test_a_missing_parent_is_named_with_the_known_ones(write):
    message = refusal(write("", extends="produktion"))

    assert "mine.toml: extends profile produktion: unknown, nearest known profile: production" in message
    assert "(known: any, base, development, production, staging)" in message


def test_a_parent_must_be_a_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("extends = 5")

    assert "extends = 5: expected the name of a profile" in refusal(str(path))


def test_a_cycle_is_told_as_one(write):
    write("", name="a", extends="b")
    path = write("", name="b", extends="a")

    assert "a cycle: b extends a extends b" in refusal(path)


def test_an_unknown_name_is_told_with_the_nearest():
    assert "nearest known profile: staging" in refusal("stagin")
    assert "known: any, base, development, production, staging" in refusal("xyz")


def test_a_path_that_leads_nowhere_is_told(tmp_path):
    assert "there is no such file" in refusal(str(tmp_path / "none.toml"))


def test_broken_syntax_is_told_with_its_line(write):
    path = write("[run]\nworkers = \n")

    assert refusal(path).startswith(f"{path}:3: invalid TOML")


def test_a_file_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes("# ação".encode("latin-1"))

    assert "cannot be read" in refusal(str(path))


def test_a_changed_record_is_refused():
    text = profile.load("base").model_dump_json().replace('"workers":2', '"workers":"2"')

    with pytest.raises(ProfileError, match=r"profile\.json: run\.workers = '2'"):
        profile.loads(text)


# --- merging ---------------------------------------------------------------------------------------------------------

# As in profiles, a key is either always a table or never one; upper case ones are tables.
leaves = st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
trees = st.recursive(
    st.dictionaries(st.sampled_from("abc"), leaves, max_size=3),
    lambda inner: st.builds(
        lambda values, tables: values | tables,
        st.dictionaries(st.sampled_from("abc"), leaves, max_size=3),
        st.dictionaries(st.sampled_from("XYZ"), inner, max_size=2),
    ),
    max_leaves=12,
)


def paths(tree, before=()):
    for key, value in tree.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths(value, (*before, key))


@given(trees, trees, trees)
def test_merging_is_associative(first, second, third):
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


@given(trees)
def test_merging_with_nothing_changes_nothing(tree):
    assert merge(tree, {}) == merge({}, tree) == merge(tree, tree) == tree


@given(trees, trees)
def test_every_key_of_parent_and_child_survives(parent, child):
    assert set(paths(merge(parent, child))) == set(paths(parent)) | set(paths(child))


@given(trees, trees)
def test_the_childs_values_win_and_neither_is_changed(parent, child):
    before = copy.deepcopy((parent, child))

    merged = merge(parent, child)

    for path in paths(child):
        _, value = find(child, path)
        assert isinstance(value, dict) or find(merged, path) == (True, value)
    assert (parent, child) == before


@given(trees, trees, st.sampled_from("XYZ"))
def test_a_replaced_table_is_the_childs(parent, child, key):
    merged = merge(parent, child, frozenset({(key,)}))

    assert find(merged, (key,)) == (find(child, (key,)) if key in child else find(parent, (key,)))


@given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1), min_size=1, max_size=4))
def test_a_quoted_key_splits_into_its_parts(parts):
    quoted = ".".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)

    assert path_of(quoted) == tuple(parts)


# --- units -----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000 * 86_400 * 10**6))
def test_durations_survive_being_written(microseconds):
    duration = timedelta(microseconds=microseconds)

    assert units.parse_duration(units.duration_text(duration)) == duration


@given(st.integers(0, 10**18))
def test_sizes_survive_being_written(size):
    assert units.parse_size(units.size_text(size)) == size


@pytest.mark.parametrize(
    ("text", "expected"),
    [("250ms", 0.25), ("30min", 1800), ("2h", 7200), ("1d", 86400), ("10 s", 10), ("5us", 0.000005), ("0", 0)],
)
def test_durations_are_read_as_postgresql_reads_them(text, expected):
    assert units.parse_duration(text).total_seconds() == expected


@pytest.mark.parametrize("text", ["", "5", "-1s", "1.5h", "1h 30min", "1 week", "1M", "1S", "99999d", 5, None, True])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="a duration such as"):
        units.parse_duration(text)


@pytest.mark.parametrize(("text", "expected"), [("8kB", 8192), ("1 GB", 1 << 30), ("2TB", 2 << 40), ("7B", 7)])
def test_sizes_are_binary_as_postgresqls(text, expected):
    assert units.parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "5", "1.5GB", "5KiB", "5gb", "-1MB", 5, None])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="a size such as"):
        units.parse_size(text)


calendar_units = st.sampled_from(["second", "minutes", "hour", "days", "week", "months", "year"])


@given(st.lists(st.tuples(st.integers(0, 999), calendar_units), min_size=1, max_size=3))
def test_intervals_are_kept_as_they_are_written(parts):
    text = " ".join(f"{number} {unit}" for number, unit in parts)

    assert parse_interval(text) == text


@pytest.mark.parametrize(
    "text", ["", "days", "5", "-1 day", "1 day ago", "1d", "1 fortnight", "1 day; drop table x", 7]
)
def test_what_is_no_interval_is_refused(text):
    with pytest.raises(ValueError, match="a PostgreSQL interval"):
        units.parse_interval(text)


def test_the_server_reads_every_unit_as_the_profile_does(cluster):
    durations = ["250ms", "30min", "2h", "10s", "1d"]
    intervals = ["1 day", "90 days", "6 months", "7 years", "24 hours", "2 weeks 3 days"]
    with cluster.connect() as conn:
        for text in durations:
            conn.execute("select set_config('statement_timeout', %s, false)", [text])
            row = conn.execute(
                "select setting::int as ms from pg_catalog.pg_settings where name = 'statement_timeout'"
            ).fetchone()

            assert row == {"ms": round(units.parse_duration(text).total_seconds() * 1000)}
        for text in intervals:
            row = conn.execute("select %s::interval > interval '0' as positive", [parse_interval(text)]).fetchone()

            assert row == {"positive": True}
        row = conn.execute("select pg_size_bytes('20 GB') as gb, pg_size_bytes('8 kB') as kb").fetchone()

        assert row == {"gb": units.parse_size("20GB"), "kb": units.parse_size("8kB")}


def test_no_key_is_said_twice_in_one_way_for_nothing():
    """A child that repeats its parent's value says nothing; it would hide which figures differ."""
    base = tomllib.loads(BASE.read_text())
    for name in ALL:
        tree = tomllib.loads((loading.PROFILES / f"{name}.toml").read_text())
        if name == "base":
            continue
        taken = [path_of(key) for key in tree.get("replaces", ())]
        repeated = [
            path
            for path in paths(tree)
            if find(base, path) == find(tree, path)
            and path != ("extends",)
            # A table that is taken whole inherits nothing.
            and not any(path[: len(entry)] == entry for entry in taken)
        ]

        assert repeated == [], f"{name} repeats {repeated}"


def test_a_profile_is_found_by_name_from_any_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert profile.load("production") == profile.load(str(Path(loading.PROFILES) / "production.toml"))
