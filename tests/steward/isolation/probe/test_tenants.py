"""Invented tenants have the form that the column asks for, and names that a careless comparison mixes up."""

from __future__ import annotations

import re
import uuid

import pytest

from steward.isolation.probe import tenants

SHAPES = ["", "^t_[a-z0-9_]{1,47}$", "^[A-Z]{3}-[0-9]{4}$", "^org[.][a-z]+$", "^[a-z]{3}$"]


@pytest.mark.parametrize("shape", SHAPES)
def test_names_have_the_form_that_the_profile_gives(shape):
    found = {tenant.label: tenant.value for tenant in tenants.invented("S", shape)}

    assert re.search(shape, found["A"])
    assert re.search(shape, found["B"])
    assert re.search(shape, tenants.unknown("S", shape))


def test_names_lie_close_to_that_of_the_first():
    found = {tenant.label: tenant.value for tenant in tenants.invented("S", "^t_[a-z0-9_]{1,47}$")}
    first = found["A"]

    assert found["prefix"].startswith(first)
    assert found["case"] != first
    assert found["case"].lower() == first.lower()
    assert {found["pattern _"][-1], found["pattern %"][-1]} == {"_", "%"}
    assert len(set(found.values())) == len(found)


def test_names_differ_from_run_to_run():
    assert tenants.invented("S", "")[0] != tenants.invented("S", "")[0]


def test_numbers_fit_the_smallest_type_and_one_begins_with_another():
    found = {tenant.label: int(tenant.value) for tenant in tenants.invented("N", "")}

    assert all(0 < number < 2**15 for number in found.values())
    assert str(found["prefix"]).startswith(str(found["A"]))
    assert len(set(found.values())) == len(found)


def test_other_tenants_are_random_ids():
    assert all(uuid.UUID(tenant.value) for tenant in tenants.invented("U", ""))


def test_the_largest_tenants_come_first_and_have_letters():
    found = tenants.largest({"small": 1.0, "large": 9.0, "other": 5.0}, 2)

    assert [("A", "large"), ("B", "other")] == [(tenant.label, tenant.value) for tenant in found]
