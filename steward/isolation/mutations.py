"""Mutations: defects that are planted in a copy of the database, each of which the probe must find."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from steward import Inconclusive
from steward.database import inventory, queries, session
from steward.engine.check import Finding
from steward.isolation.catalog import scope
from steward.isolation.clone import clone
from steward.isolation.probe import probe, row_templates, tenants
from steward.isolation.probe.row_seeder import RowSeeder, SeedRefusal
from steward.isolation.probe.surface import attack_surface
from steward.isolation.probe.text_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from steward.database.session import Session
    from steward.isolation.clone.clone import Clone
    from steward.isolation.probe.matrix import AttemptMatrix
    from steward.profile import Profile

__all__ = ["MUTATIONS", "Mutation", "MutationResult", "findings", "render", "run"]

_MADE = "steward_mutation"


@dataclass(frozen=True)
class Mutation:
    """A defect: statements of ``sql/isolation/mutations/<name>.sql``, and the right that a role needs for it to matter.

    ``clears`` says which of the table's policies go first: restrictive ones would hide what the others let through.
    """

    name: str
    title: str
    needs: Literal["reads", "inserts", "updates", "deletes", "leaf"] = "reads"
    clears: Literal["", "restrictive", "all"] = ""


MUTATIONS = (
    Mutation("row_security_off", "row-level security is off"),
    Mutation("owner_inherited", "it is not forced, and the application has the owner's rights"),
    Mutation("policy_true", "a permissive policy is true", clears="restrictive"),
    Mutation("policy_true_for_reading", "a permissive policy for SELECT is true", clears="restrictive"),
    Mutation("check_true_for_inserts", "a check of inserts is true", "inserts", clears="restrictive"),
    Mutation("policy_true_for_updates", "a policy for UPDATE is true", "updates", clears="restrictive"),
    Mutation("policy_true_for_deletes", "a policy for DELETE is true", "deletes", clears="restrictive"),
    Mutation("rows_may_move", "a check of updates is true, and the tenant column may be updated", clears="restrictive"),
    Mutation("unset_admits_all", "every row is admitted while the setting is NULL", clears="restrictive"),
    Mutation("empty_admits_all", "every row is admitted while the setting is empty", clears="restrictive"),
    Mutation("immutable_tenant", "the function that returns the tenant is immutable", clears="all"),
    Mutation("default_tenant", "a session begins in a tenant, by a default of the database"),
    Mutation("role_bypasses", "the application has BYPASSRLS"),
    Mutation("role_is_superuser", "the application is a superuser"),
    Mutation("role_reaches_bypass", "the application can become a role with BYPASSRLS"),
    Mutation("leaf_granted", "a partition is granted to the application", "leaf"),
    Mutation("truncate_granted", "the application may TRUNCATE, which asks no policy"),
    Mutation("matview_granted", "a materialized view with every tenant's rows is granted to the application"),
    Mutation("owner_view", "a view reads as an owner who is not filtered"),
    Mutation("definer_function", "a SECURITY DEFINER function reads as an owner who is not filtered"),
)


@dataclass(frozen=True)
class MutationResult:
    """The result of one mutation; ``caught`` is None where the database has nothing to try it on."""

    mutation: Mutation
    relation: str
    role: str
    caught: bool | None
    observation: str
    seconds: float


def run(source: Clone, profile: Profile) -> tuple[MutationResult, ...]:
    """Try every mutation on a copy of its own, and undo what it changed in the server's roles.

    Raises:
        Inconclusive: there is no table to mutate, or the probe is red before anything was changed.

    """
    subjects = _subjects(source, profile)
    healthy: dict[tuple[str, str], AttemptMatrix] = {}
    outcomes = []
    for mutation in MUTATIONS:
        subject = next((candidate for candidate in subjects if candidate["reads"] and candidate[mutation.needs]), None)
        if subject is None:
            reason = f"no table of tenants that the application reads {_LACKING[mutation.needs]}"
            outcomes.append(MutationResult(mutation, "", "", None, reason, 0.0))
            continue
        narrowed = _narrowed(profile, subject, subjects)
        key = (subject["ident"], subject["role"])
        if key not in healthy:
            healthy[key] = _healthy(source, narrowed, subject)
        outcomes.append(_try(source, narrowed, mutation, subject))
    return tuple(outcomes)


_LACKING = {
    "reads": "can be mutated",
    "inserts": "takes its inserts",
    "updates": "takes its updates",
    "deletes": "takes its deletes",
    "leaf": "has a partition",
}


def _subjects(source: Clone, profile: Profile) -> list[dict[str, Any]]:
    params = {
        **inventory.scope(profile),
        "column": profile.tenancy.column,
        "roles": list(scope.application_roles(profile)),
    }
    with session.login(source.admin or source.at) as conn:
        version = conn.info.server_version
        tables = queries.compose(
            "isolation/tenant_tables", version, ours=queries.compose("inventory/included", version)
        )
        found = queries.fetch(conn, "isolation/mutation_targets/tables", params, tables=tables)
    if not any(table["reads"] for table in found):
        names = ", ".join(scope.application_roles(profile))
        raise Inconclusive(
            f"no table with row-level security that {names} may read; grant select on one, or name its roles"
        )
    return found


def _narrowed(profile: Profile, subject: Mapping[str, Any], subjects: Iterable[Mapping[str, Any]]) -> Profile:
    """Return the profile reduced to the subject's table and partitions and one role: where the defect is planted."""
    others = {f"{table['schema']}.{table['name']}" for table in subjects} - {f"{subject['schema']}.{subject['name']}"}
    excluded = (*profile.target.exclude, *sorted(others))
    return profile.model_copy(
        update={
            "target": profile.target.model_copy(update={"exclude": excluded}),
            "isolation": profile.isolation.model_copy(update={"roles": (subject["role"],)}),
        }
    )


def _healthy(source: Clone, profile: Profile, subject: Mapping[str, Any]) -> AttemptMatrix:
    """Return the matrix of the copy without any mutation: a leak proves something only where that has none.

    Raises:
        Inconclusive: it has leaks already, or nothing was isolated.

    """
    with clone.copied(source) as fresh:
        matrix = probe.run(fresh.at, profile, writes=True)
    if matrix.leaks or not matrix.isolated:
        seen = "it leaks" if matrix.leaks else "nothing of it could be tried"
        raise Inconclusive(f"{subject['ident']} cannot be mutated: {seen} as it is; see the probe")
    return matrix


def _try(source: Clone, profile: Profile, mutation: Mutation, subject: Mapping[str, Any]) -> MutationResult:
    started = time.monotonic()
    with clone.copied(source) as fresh:
        # A copy has the oids of its source.
        parts = _parts(fresh, profile, subject)
        with session.login(fresh.admin or fresh.at) as conn:
            for name in _cleared(mutation, subject):
                queries.execute(
                    conn, "isolation/mutation_targets/drop_policy", None, policy=sql.Identifier(name), **parts
                )
            _execute(conn, "plant", mutation, parts)
        try:
            matrix = probe.run(fresh.at, profile, writes=True)
        finally:
            with session.login(fresh.admin or fresh.at) as conn:
                _execute(conn, "mend", mutation, parts)
    observation = _seen(matrix)
    seconds = time.monotonic() - started
    return MutationResult(mutation, subject["ident"], subject["role"], bool(matrix.leaks), observation, seconds)


def _execute(conn: Session, step: str, mutation: Mutation, parts: Mapping[str, sql.Composable]) -> None:
    """Run the sections of the mutation's file that plant it, or those that mend what it changed in the server."""
    for name in queries.names("isolation/mutations"):
        _, _, stem, section = name.split("/")
        if stem == mutation.name and section.startswith(step):
            queries.execute(conn, name, None, **parts)


def _cleared(mutation: Mutation, subject: Mapping[str, Any]) -> list[str]:
    restrictive: Mapping[str, bool] = subject["policies"] or {}
    if not mutation.clears:
        return []
    return [name for name, narrows in restrictive.items() if narrows or mutation.clears == "all"]


def _parts(fresh: Clone, profile: Profile, subject: Mapping[str, Any]) -> dict[str, sql.Composable]:
    words = conninfo_to_dict(fresh.at.conninfo)
    leaf = _leaf(fresh, profile, subject) if subject["leaf"] else (subject["schema"], subject["name"])
    return {
        "table": sql.Identifier(subject["schema"], subject["name"]),
        "schema": sql.Identifier(subject["schema"]),
        "leaf": sql.Identifier(*leaf),
        "leaf_schema": sql.Identifier(leaf[0]),
        "made": sql.Identifier(subject["schema"], _MADE),
        "owner": sql.Identifier(subject["owner"]),
        "role": sql.Identifier(subject["role"]),
        "column": sql.Identifier(profile.tenancy.column),
        "setting": sql.Literal(profile.tenancy.setting),
        "setting_name": sql.Identifier(*profile.tenancy.setting.split(".")),
        "database": sql.Identifier(str(words["dbname"])),
        "maintenance": sql.Identifier(profile.roles.maintenance or str(words["user"])),
    }


def _leaf(fresh: Clone, profile: Profile, subject: Mapping[str, Any]) -> tuple[str, str]:
    """Return the partition that the probe's rows go to: a leak of another one would show no rows."""
    with session.login(fresh.admin or fresh.at) as conn, conn.transaction(force_rollback=True):
        surface = attack_surface(conn, profile)
        wanted = [subject["oid"]]
        seeder = RowSeeder(conn, row_templates.read_templates(conn, surface, wanted), surface.column, {})
        tenant, *_ = tenants.invented(surface.category, profile.tenancy.format)
        try:
            seeder.seed(subject["oid"], tenant.value)
        except SeedRefusal as refused:
            raise Inconclusive(refused.reason) from None
        table = sql.Identifier(subject["schema"], subject["name"])
        [found] = queries.fetch(conn, "isolation/mutation_targets/leaf", table=table)
    return found["schema"], found["name"]


def _seen(matrix: AttemptMatrix) -> str:
    """Return the first leak of the probe, or what it saw instead."""
    if matrix.leaks:
        first = matrix.leaks[0]
        return f"{first.command} of {first.relation} as {first.role}: {first.reason}"
    reasons = sorted({cell.reason for cell in matrix.inconclusive})
    return f"{len(matrix.isolated)} tries isolated, {len(matrix.inconclusive)} inconclusive ({'; '.join(reasons[:2])})"


def findings(outcomes: Sequence[MutationResult]) -> Iterable[Finding]:
    """Return the mutations that the probe did not find."""
    for outcome in outcomes:
        if outcome.caught is False:
            place = f"{outcome.relation} as {outcome.role}"
            yield Finding(
                object_type="mutation",
                object_name=outcome.mutation.name,
                observed="the probe stays green",
                expected="it turns red",
                detail=f"{outcome.mutation.title}, on a copy of {place}: {outcome.observation}",
                remediation="until the probe sees it, rely only on the catalog checks for what it was to prove",
            )


def render(outcomes: Sequence[MutationResult], copy: str) -> str:
    """Return as text how many mutations were caught, and how each was seen."""
    tried = [outcome for outcome in outcomes if outcome.caught is not None]
    caught = sum(bool(outcome.caught) for outcome in tried)
    seen = {True: "", False: "SURVIVED: ", None: "not tried: "}
    rows = [
        (outcome.mutation.title, outcome.relation, f"{seen[outcome.caught]}{outcome.observation}")
        for outcome in outcomes
    ]
    head = f"{caught} of {len(tried)} mutations caught; the copy: {copy}"
    return "\n".join((head, "", *table(("mutation", "on", "seen"), rows)))
