from __future__ import annotations

import stat
import tomllib

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as drawn
from hypothesis import strategies as st

from steward import StewardError, profile
from steward.profile import PartitionFamily
from steward.setup import introspect, profile_template
from steward.setup.introspect import FamilyDraft, Inspection, RoleUse
from tests.fixtures import foreign

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def ident(schema, name):
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in (schema, name))


def a_role(name, **changes):
    facts = {"owns": 0, "writes": 0, "reads": 0, "bypassrls": False, "superuser": False, "login": False}
    return RoleUse(name, **{**facts, "members": [], "owners": False, **changes})


@st.composite
def inspections(draw):
    schema, table, column, setting, role = (draw(names) for _ in range(5))
    whole = ident(schema, table)
    family = FamilyDraft(
        whole,
        f"{column} (bigint)",
        3,
        PartitionFamily(epoch="seconds", ahead=2),
        "month",
        f"{table}%Y",
        draw(st.booleans()),
    )
    lost = FamilyDraft(
        ident(table, schema), column, 1, PartitionFamily(), reason=f"a range over {column}", remedy=setting
    )
    return Inspection(
        database=draw(names),
        version=draw(names),
        timezone="UTC",
        schemas={schema: 3, table: 1},
        counts={"tables": draw(st.integers(0, 9)), "partitions": draw(st.integers(0, 9)), "matviews": 1},
        roles=(
            a_role(role, owns=2),
            a_role(f"{role} app", writes=1),
            a_role(f"{role} acts", bypassrls=True, owners=True, members=[column]),
        ),
        tenancy=draw(
            st.sampled_from([None, {"column": column, "setting": setting, "tables": [whole], "present": 1, "of": 2}])
        ),
        families=(family, lost),
        matviews=(ident(table, column),),
        extensions=({"name": role, "created": False, "available": draw(st.booleans())},),
        clocks=({"ident": whole, "table": table, "column": column, "type": "bigint"},),
    )


@drawn(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(inspections())
def test_whatever_is_called_how_can_be_read_back(tmp_path, found):
    path = tmp_path / "own.toml"
    path.write_text(profile_template.text(found, str(path)), encoding="utf-8")
    tree = tomllib.loads(profile_template.text(found))

    assert found.roles[0].role == tree["roles"]["owner"]
    assert [found.families[0].ident] == list(tree["partitions"]["families"])
    assert list(found.matviews) == list(tree["matviews"])
    assert "retention" not in tree
    if found.tenancy:
        assert found.tenancy["setting"] == tree["tenancy"]["setting"]
    if all(span.strip() for span in (found.roles[0].role, *found.roles[2].members)):
        assert {} == profile.load(str(path)).retention.rules


def uncommented(text):
    """The text with every rule that it suggests made active."""
    head, _, rules = text.partition("# Retention:")
    lines = [line.removeprefix("# ") for line in rules.splitlines()[2:] if line != "#"]
    return "\n".join([head, *lines])


def test_suggested_rules_are_valid_once_the_signs_before_them_are_gone(blank, tmp_path):
    foreign.plant(blank, foreign.tenants())
    found = introspect.inspect(blank.target("postgres"), profile.load("any"))
    path = tmp_path / "own.toml"
    path.write_text(uncommented(profile_template.text(found)))

    rules = profile.load(str(path)).retention.rules

    assert 4 == len(rules)
    assert {None, "seconds"} == {rule.clock_epoch for rule in rules.values()}


def test_the_suites_own_demo_is_described_as_its_profile_does(database):
    found = introspect.inspect(database.target(), profile.load("any"))
    tree = tomllib.loads(profile_template.text(found))

    assert {"maintenance": "validahub_system", "login": "validahub_maintenance"} == {
        key: tree["roles"][key] for key in ("maintenance", "login")
    }
    assert ("tenant_id", "app.current_tenant_id") == (tree["tenancy"]["column"], tree["tenancy"]["setting"])
    assert {"public.correction_logs": {"ahead": 3}} == tree["partitions"]["families"]


def test_of_many_families_those_come_first_that_need_a_word(blank):
    plain = [FamilyDraft(f"s.f{n:03}", "at (date)", 1, PartitionFamily(ahead=7), "day", "f%Y") for n in range(100)]
    counted = FamilyDraft("s.z", "at (bigint)", 1, PartitionFamily(epoch="days", ahead=7), "day", "z%Y")
    foreign.plant(blank, foreign.plain())
    found = introspect.inspect(blank.target("postgres"), profile.load("any"))
    text = profile_template.text(introspect.replace(found, families=(*plain, counted)))
    tree = tomllib.loads(text)

    assert "s.z" in tree["partitions"]["families"]
    assert 60 == len(tree["partitions"]["families"])
    assert "and 41 more families by range" in text


def test_a_file_that_is_there_is_left_alone_unless_told(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("mine")

    with pytest.raises(
        StewardError, match=r"own\.toml: the file is there already; name another --output, or pass --replace"
    ):
        profile_template.write("new", path, replace=False)
    assert "mine" == path.read_text()

    profile_template.write("new", path, replace=True)
    assert "new" == path.read_text()


def test_what_is_written_is_its_owners_alone(tmp_path):
    profile_template.write("new", tmp_path / "own.toml", replace=False)

    assert 0o600 == stat.S_IMODE((tmp_path / "own.toml").stat().st_mode)


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    with pytest.raises(StewardError, match=r"own\.toml: cannot be written: No such file or directory"):
        profile_template.write("new", tmp_path / "absent" / "own.toml", replace=False)
