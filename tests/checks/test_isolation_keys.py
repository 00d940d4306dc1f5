"""Keys that hold among all tenants: planted, healthy, and what makes the difference."""

from __future__ import annotations

import contextlib

import pytest
from psycopg import errors

from checks import test_isolation_keys as runbook
from steward import NotNeeded
from steward.isolation.catalog import keys, scope
from tests.fixtures.defects import DEFECTS
from tests.fixtures.market import guarded

OURS = [defect for defect in DEFECTS if defect.item.startswith("isolation_keys.")]
HOSTILE = 'market."Odd ""t""; %(a)s {b} é("'


@pytest.fixture
def found(market):
    """Run one query of the check and return its offenders by name."""

    def run(query):
        with market.check() as check:
            findings = check.run(query, keys.parts(check), **scope.parameters(check))
            return {finding.object_name: finding for finding in findings.offenders}

    return run


@pytest.mark.parametrize("item", ["unique", "references", "cascades"])
def test_the_shipped_schema_and_its_demo_are_no_finding(demo_database, settings, checking, item):
    getattr(runbook, f"test_{item}")(checking(demo_database, settings))


def test_the_shipped_keys_of_random_ids_are_noted(database, settings, checking):
    with pytest.raises(NotNeeded, match=r"public\.rule_sets_pkey \(id\)"):
        runbook.test_random(checking(database, settings))


@pytest.mark.parametrize("defect", [defect for defect in OURS if defect.planted], ids=lambda defect: defect.name)
def test_an_item_fails_on_its_defect_and_passes_without(market, defect):
    item = getattr(runbook, f"test_{defect.item.partition('.')[2]}")
    with market.check() as check:
        item(check)
    market.run(*defect.planted)
    with market.check() as check, pytest.raises(AssertionError):
        item(check)

    assert check.offenders


@pytest.mark.parametrize("kind", ["text", "integer"])
def test_keys_of_other_types_of_tenants_are_judged_alike(market_of, kind):
    market = market_of(kind)
    with market.check() as check:
        runbook.test_unique(check)
        runbook.test_references(check)
        runbook.test_cascades(check)


def test_the_remedy_of_a_key_mends_it(market, found):
    market.run(
        "alter table market.customers add constraint customers_email_key unique (email)",
        "create unique index customers_lower on market.customers (lower(email) desc) where email <> ''",
        "alter table market.customers add constraint customers_once exclude using btree (email with =)",
    )
    remedies = found("isolation_keys_unique")
    market.run(*(finding.remediation for finding in remedies.values()))

    assert ["market.customers_email_key", "market.customers_lower", "market.customers_once"] == sorted(remedies)
    assert {} == found("isolation_keys_unique")


def test_the_remedy_of_a_foreign_key_mends_it(market, found):
    market.run(
        "create table market.reviews (tenant_id uuid, order_id uuid references market.orders on delete cascade)",
        "grant insert on market.reviews to market_app",
        "alter table market.orders drop constraint orders_tenant_id_id_key",
    )
    remedies = found("isolation_keys_references")
    market.run(*(finding.remediation for finding in remedies.values()))

    assert ["market.reviews.reviews_order_id_fkey"] == list(remedies)
    assert {} == found("isolation_keys_references")
    assert {} == found("isolation_keys_cascades")


@pytest.mark.parametrize("action", ["cascade", "set null", "set default", "restrict"])
def test_the_remedy_of_a_foreign_key_runs_whatever_its_action(market, found, action):
    market.run(
        "create table market.reviews (tenant_id uuid not null, order_id uuid)",
        f"alter table market.reviews add foreign key (order_id) references market.orders on delete {action}",
        "grant insert on market.reviews to market_app",
        "insert into market.reviews select tenant_id, id from market.orders",
    )
    market.run(*(finding.remediation for finding in found("isolation_keys_references").values()))
    with contextlib.suppress(errors.ForeignKeyViolation, errors.RestrictViolation):
        market.run("delete from market.orders")

    assert {} == found("isolation_keys_references")
    assert {} == found("isolation_keys_cascades")


def test_a_table_without_a_tenant_gets_the_column_by_the_remedy(market, found):
    market.run(
        "create table market.likes (order_id uuid references market.orders)",
        "grant insert on market.likes to market_app",
    )
    market.run(*(finding.remediation for finding in found("isolation_keys_references").values()))

    assert {} == found("isolation_keys_references")


def test_a_key_that_the_application_cannot_write_tells_nothing(market, found):
    market.run(
        "create unique index customers_mail on market.customers (email)",
        "revoke insert, update on market.customers from market_app",
        "revoke update (email) on market.customers from market_app",
    )

    assert {} == found("isolation_keys_unique")

    market.run("grant update (email) on market.customers to public")

    assert ["market.customers_mail"] == list(found("isolation_keys_unique"))


@pytest.mark.parametrize(
    ("kind", "discloses"),
    [
        ("bigint not null", False),
        ("bigserial", False),
        ("bigint generated always as identity", False),
        ("bigint default 1", True),
        ("bigint generated always as (size * 2) stored", True),
        ("bigint", False),
    ],
)
def test_a_column_that_the_application_does_not_say_tells_by_what_it_becomes(market, found, kind, discloses):
    market.run(
        f"create table market.tickets (tenant_id uuid not null, size integer, id {kind}, unique (size, id))",
        "grant insert (tenant_id, size) on market.tickets to market_app",
    )

    assert (["market.tickets_size_id_key"] if discloses else []) == list(found("isolation_keys_unique"))


@pytest.mark.parametrize("kind", ["by default", "always"])
def test_an_identity_that_the_application_may_say_tells(market, found, kind):
    """By ``overriding system value``, whoever has INSERT on it."""
    market.run(
        f"create table market.tickets (tenant_id uuid not null, id bigint generated {kind} as identity primary key)",
        "grant insert on market.tickets to market_app",
        "insert into market.tickets values ({b})",
    )

    assert ["market.tickets_pkey"] == list(found("isolation_keys_unique"))

    with market.database.connect("market_app") as app, pytest.raises(errors.UniqueViolation):
        app.execute(market.kind.format("insert into market.tickets overriding system value values ({a}, 1)"))


def test_a_key_of_a_tree_is_written_through_its_root(market, found):
    market.run(
        "create table market.visits (gone text, tenant_id uuid not null, day integer) partition by list (day)",
        "alter table market.visits drop gone",
        "create table market.visits_1 partition of market.visits for values in (1)",
        "create unique index visits_once on market.visits_1 (day)",
        "grant insert (tenant_id) on market.visits to market_app",
    )

    assert {} == found("isolation_keys_unique")

    market.run("grant insert (day) on market.visits to market_app")

    assert ["market.visits_once"] == list(found("isolation_keys_unique"))


def test_the_remedy_of_a_key_that_others_refer_to_runs_in_steps(market, found):
    market.run(
        "create table market.tickets (tenant_id uuid not null, id bigint primary key)",
        "create table market.replies (tenant_id uuid not null, ticket bigint references market.tickets)",
        "grant insert on market.tickets, market.replies to market_app",
    )
    remedies = []
    for query in ("unique", "references", "unique"):
        (finding,) = found(f"isolation_keys_{query}").values()
        remedies.append(finding.remediation)
        market.run(finding.remediation)

    assert "lead market.replies.replies_ticket_fkey to the key (tenant_id, id)" in remedies[0]
    assert {} == found("isolation_keys_unique")
    assert {} == found("isolation_keys_references")


def test_a_key_of_a_leaf_alone_is_found_and_one_of_its_family_once(market, found):
    market.run(
        "delete from market.events",
        "create unique index events_new_once on market.events_new (kind, at)",
    )

    assert ["market.events_new_once"] == list(found("isolation_keys_unique"))

    market.run(
        "drop index market.events_new_once",
        "create unique index events_once on market.events (kind, at)",
    )

    assert ["market.events_once"] == list(found("isolation_keys_unique"))


@pytest.mark.parametrize(
    ("default", "guessable"),
    [
        ("", False),
        ("default gen_random_uuid()", False),
        ("default 'aaaaaaaa-0000-4000-8000-000000000001'", True),
        ("default null", False),
    ],
)
def test_an_id_that_is_always_the_same_is_no_random_one(market, found, default, guessable):
    market.run(
        f"create table market.tokens (tenant_id uuid not null, token uuid {default} unique)",
        "grant insert on market.tokens to market_app",
    )

    assert (["market.tokens_token_key"] if guessable else []) == list(found("isolation_keys_unique"))


def test_a_uuid_that_may_be_null_only_once_is_no_random_one(market, found):
    if market.database.cluster.version < 15:
        pytest.skip("nulls not distinct came with 15")
    market.run(
        "alter table market.customers add token uuid",
        "create unique index customers_token on market.customers (email, token)",
    )

    assert {} == found("isolation_keys_unique")

    market.run(
        "drop index market.customers_token",
        "create unique index customers_token on market.customers (email, token) nulls not distinct",
    )
    remedies = found("isolation_keys_unique")
    market.run(*(finding.remediation for finding in remedies.values()))

    assert ["market.customers_token"] == list(remedies)
    assert {} == found("isolation_keys_unique")


def test_an_exclusion_that_compares_more_than_the_tenant_in_one_does_not_separate_them(market_of):
    market = market_of("integer")
    market.run(
        "create table market.pairs (tenant_id integer, low integer)",
        "grant insert on market.pairs to market_app",
        "alter table market.pairs add constraint pairs_once exclude using gist"
        " (int4range(low, low, '[]') with &&, int4range(tenant_id, null) with &&)",
    )
    with market.check() as check, pytest.raises(AssertionError):
        runbook.test_unique(check)

    assert ["market.pairs_once"] == [finding.object_name for finding in check.offenders]


def test_a_key_that_the_server_does_not_enforce_tells_nothing(market, found):
    if market.database.cluster.version < 18:
        pytest.skip("keys that are not enforced came with 18")
    market.run(
        "create table market.likes (order_id uuid references market.orders not enforced)",
        "grant insert on market.likes to market_app",
    )

    assert {} == found("isolation_keys_references")


def test_partitions_of_either_side_are_reported_once(market, found):
    market.run(
        "create table market.visits (tenant_id uuid not null, order_id uuid references market.orders)"
        " partition by list (tenant_id)",
        "create table market.visits_a partition of market.visits for values in ({a})",
        "create table market.visits_b partition of market.visits default",
        "grant insert on market.visits to market_app",
    )

    assert ["market.visits.visits_order_id_fkey"] == list(found("isolation_keys_references"))


def test_a_parent_without_the_column_is_guarded_by_its_own_policy(market, found):
    market.run(
        "create table market.tenants (id uuid primary key)",
        "insert into market.tenants values ({a}), ({b})",
        "grant select, delete on market.tenants to market_app",
        "alter table market.orders add constraint orders_tenant foreign key (tenant_id) references market.tenants"
        " on delete cascade",
    )
    unguarded = found("isolation_keys_cascades")["market.orders.orders_tenant"]

    assert "on delete cascade from market.tenants, which has no row-level security" == unguarded.observed
    assert "revoke delete on market.tenants from market_app" == unguarded.remediation

    market.run(
        "alter table market.tenants enable row level security",
        "create policy own on market.tenants using (id = {tenant})",
    )

    assert {} == found("isolation_keys_cascades")
    assert {} == found("isolation_keys_references")


def test_the_cascade_really_takes_hidden_rows_of_others(market, found):
    """What the finding says is so: the application deletes what it cannot see."""
    market.run(
        "create table market.campaigns (code text primary key)",
        "grant select, delete on market.campaigns to market_app",
        "insert into market.campaigns values ('spring')",
        "alter table market.orders add campaign text references market.campaigns on delete cascade",
        "update market.orders set campaign = 'spring'",
    )
    with market.database.connect("market_app") as app:
        app.execute("delete from market.campaigns")

    assert [{"count": 0}] == market.database.execute("select count(*) from market.orders")
    assert ["market.orders.orders_campaign_fkey"] == list(found("isolation_keys_cascades"))


def by_way(market):
    """Make coupons of tenants that go with batches, and these, which nobody may write, with campaigns."""
    market.run(
        "create table market.campaigns (code text primary key, tenant_id uuid)",
        "create table market.batches (id integer primary key, code text references market.campaigns on delete cascade)",
        "create table market.coupons (tenant_id uuid not null, batch integer"
        " references market.batches on update cascade on delete cascade deferrable)",
        *guarded("market.coupons"),
        "grant select, delete on market.campaigns to market_app",
        "insert into market.campaigns values ('spring', {a})",
        "insert into market.batches values (1, 'spring')",
        "insert into market.coupons values ({b}, 1)",
    )


def test_a_cascade_by_way_of_another_table_really_takes_hidden_rows_until_it_is_mended(market, found):
    by_way(market)
    with market.database.connect("market_app") as app:
        app.execute("delete from market.campaigns")
    [finding] = found("isolation_keys_cascades").values()
    market.run(finding.remediation)

    assert [{"count": 0}] == market.database.execute("select count(*) from market.coupons")
    assert "market.coupons.coupons_batch_fkey" == finding.object_name
    assert (
        "on delete cascade from market.batches, whose rows go or change with those of market.campaigns"
        == finding.observed
    )
    assert "revoke delete on market.campaigns from market_app" == finding.remediation
    assert {} == found("isolation_keys_cascades")


def test_a_parent_that_is_guarded_keeps_its_grant_where_the_way_loses_the_tenant(market, found):
    by_way(market)
    market.run(*guarded("market.campaigns"))
    remedies = found("isolation_keys_cascades")
    market.run(*(finding.remediation for finding in remedies.values()))
    with market.database.connect("market_app") as app:
        app.execute(market.kind.format("select set_config('market.tenant', ({a})::text, false)"))
        with pytest.raises(errors.ForeignKeyViolation):
            app.execute("delete from market.campaigns")
    [left] = market.database.execute(
        "select pg_get_constraintdef(oid) as key from pg_constraint where conname ~ 'coupons_b'"
    )

    assert ["market.coupons.coupons_batch_fkey"] == list(remedies)
    assert {} == found("isolation_keys_cascades")
    assert left["key"].endswith("ON UPDATE CASCADE DEFERRABLE")


def test_the_key_really_tells_of_others(market):
    market.run("create unique index customers_mail on market.customers (email)")
    with market.database.connect("market_app") as app:
        app.execute(market.kind.format("select set_config('market.tenant', ({a})::text, false)"))
        with pytest.raises(errors.UniqueViolation):
            app.execute(market.kind.format("insert into market.customers values (default, {a}, 'cid@example.com')"))


def test_names_that_break_who_does_not_quote_are_reported_and_mended(market, found):
    market.run(
        "create table "
        + HOSTILE.replace("{", "{{").replace("}", "}}")
        + ' (tenant_id uuid, "a (b" text, constraint "c ""%s(" unique ("a (b"))',
        f"grant insert on {HOSTILE.replace('{', '{{').replace('}', '}}')} to market_app",
        'create unique index "i %s (" on '
        + HOSTILE.replace("{", "{{").replace("}", "}}")
        + " using btree ((\"a (b\" || '('))",
    )
    remedies = found("isolation_keys_unique")

    assert ['market."c ""%s("', 'market."i %s ("'] == sorted(remedies)

    for finding in remedies.values():
        market.database.execute(finding.remediation)

    assert {} == found("isolation_keys_unique")
