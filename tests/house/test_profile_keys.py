"""Every key of the profile has a reader, or says which schedule will read it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from steward.profile import Profile, rules, sections
from tests.house import repository
from tests.house.profile_keys import reads, tables, unread

_READERS = ("weekly", "monthly", "auditor")
# Rules stand in mappings and lists: code reads them in loops.
_LOOSE = (
    rules.Condition,
    rules.Exemption,
    rules.Matview,
    rules.OrphanOf,
    rules.PartitionFamily,
    rules.RetentionRule,
    rules.Unreferenced,
    sections.Schedule,
)


class Sizes(BaseModel):
    used: int
    unused: int
    later: int = Field(json_schema_extra={"read_by": "weekly"})


class Small(BaseModel):
    sizes: Sizes


def test_every_key_of_the_profile_has_a_reader():
    users = repository.read("steward/*.py", "checks/*.py", "maintenance/*.py")

    assert [] == unread(Profile, reads(users.values()), _LOOSE)


def test_a_key_that_waits_for_its_reader_names_it():
    marks = [
        field.json_schema_extra["read_by"]
        for _, table in tables(Profile)
        for field in table.model_fields.values()
        if isinstance(field.json_schema_extra, dict)
    ]

    assert set(marks) <= set(_READERS)


def test_a_key_without_a_reader_is_seen():
    assert ["sizes.unused"] == unread(Small, reads(["sizes = profile.sizes\nprint(sizes.used)\n"]))
    assert ["sizes.unused"] == unread(Small, reads(["def f(known: Sizes) -> int:\n    return known.used\n"]))
    assert ["sizes.used", "sizes.unused"] == unread(Small, reads(["print(other.used, other.unused)\n"]))


def test_a_table_that_is_handed_over_whole_is_read():
    assert [] == unread(Small, reads(["print(profile.sizes.model_dump())\n"]))
    assert [] == unread(Small, reads(["print(getattr(profile.sizes, name))\n"]))
