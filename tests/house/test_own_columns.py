"""Every column of the suite's own tables has a reader, or says who will read it."""

from __future__ import annotations

from pathlib import Path

from tests.house import repository
from tests.house.own_columns import marked, unread

DEFINED = """
-- name: size
-- Read by weekly: growth
create table if not exists steward.size (
    relation text primary key,
    bytes bigint not null, -- of all forks
    growth bigint,
    check (bytes > 0)
);
"""


def test_a_column_that_is_only_written_is_seen():
    written = (
        "insert into steward.size (relation, bytes) select 1, 2 from steward.size as s where s.relation = %(name)s"
    )
    changed = "update steward.size as s\nset\n    bytes = 3\nwhere s.relation is null -- bytes"

    assert unread(DEFINED, [written, changed]) == ["steward.size.bytes"]
    assert unread(DEFINED, [written, "select s.bytes from steward.size as s"]) == []
    assert marked(DEFINED) == {"weekly": {"growth"}}


def test_every_column_has_a_reader_or_says_who_will_read_it():
    files = repository.read("sql/*.sql")
    definitions = files.pop(Path("sql/bootstrap/tables.sql"))

    assert unread(definitions, files.values()) == []
    assert {"operators", "weekly"} == set(marked(definitions))
