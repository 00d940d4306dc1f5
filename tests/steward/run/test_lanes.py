from __future__ import annotations

from collections import defaultdict

from tests.fixtures.house import job


def test_phase_with_workers_is_scheduled_by_lanes(house):
    house.run(job("a"), job("b"), workers=2)

    assert (house.run_dir / "scheduler").read_text() == "LaneScheduling"


def test_items_of_a_lane_run_on_one_worker_the_costliest_first(house):
    jobs = [
        job(f"{lane}{number}", "select pg_catalog.pg_sleep(0.02)", lane, cost=number)
        for lane in "abcd"
        for number in (1, 3, 2)
    ]
    run = house.run(*jobs, workers=2)
    lanes = defaultdict(list)
    workers = defaultdict(set)
    for row in house.did():
        lanes[row["label"][0]].append(row["label"][1:])
        workers[row["label"][0]].add(row["pid"])

    assert run["totals"]["passed"] == 12
    assert {lane: "".join(order) for lane, order in lanes.items()} == dict.fromkeys("abcd", "321")
    assert {lane: len(pids) for lane, pids in workers.items()} == dict.fromkeys("abcd", 1)
    assert len(set.union(*workers.values())) == 2


def test_costliest_lane_begins_first_whatever_its_name(house):
    nap = "select pg_catalog.pg_sleep(0.1)"
    house.run(job("a", nap, cost=1), job("b", nap, cost=2), job("y", nap, cost=50), job("z", nap, cost=60), workers=2)
    labels = [row["label"] for row in house.did()]

    assert set(labels[:2]) == {"y", "z"}


def test_lane_is_as_costly_as_its_items_together(house):
    nap = "select pg_catalog.pg_sleep(0.1)"
    many = [job(f"many{number}", nap, "many", cost=4) for number in range(5)]
    house.run(job("one", nap, cost=10), job("two", nap, cost=9), *many, workers=2)
    labels = [row["label"] for row in house.did()]

    assert {"many0", "one"} == set(labels[:2])


def test_worker_of_a_long_lane_is_given_no_more_than_the_cheapest_besides(house):
    long = job("long", "select pg_catalog.pg_sleep(1.5)", cost=100)
    others = [job(f"other{cost}", "select pg_catalog.pg_sleep(0.05)", cost=cost) for cost in (50, 40, 30, 20, 1)]
    house.run(long, *others, workers=2)
    pids = {row["label"]: row["pid"] for row in house.did()}
    beside = {label for label, pid in pids.items() if pid == pids["long"]} - {"long"}

    assert len(pids) == 6
    assert beside <= {"other1", "other20"}


def test_more_workers_than_lanes_do_all_the_work_once(house):
    run = house.run(job("a"), job("b"), job("c"), workers=4)

    assert run["totals"]["passed"] == 3
    assert sorted(row["label"] for row in house.did()) == ["a", "b", "c"]
    assert run["reconciliation"]["missing"] == []
