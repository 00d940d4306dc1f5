from __future__ import annotations

import re

from steward.engine.controls import CONTROLS
from tests.house import repository

_TOPIC = re.compile(r'mark\.controls\("([^"]+)"\)')


def test_every_topic_is_named_by_a_runbook_and_every_runbook_names_one():
    runbooks = repository.read("checks/*.py", "maintenance/*.py")
    topics = {path: _TOPIC.findall(text) for path, text in runbooks.items() if path.name.startswith("test_")}

    assert [] == [str(path) for path, named in topics.items() if not named]
    assert set(CONTROLS) == {topic for named in topics.values() for topic in named}


def test_ids_of_controls_stand_in_the_table_only():
    ids = {control for controls in CONTROLS.values() for control in controls}
    runbooks = repository.read("checks/*.py", "maintenance/*.py")

    assert [] == [str(path) for path, text in runbooks.items() for control in ids if f'"{control}"' in text]
