"""The setting that names a session's tenant: its one name, its default, and the functions and casts that read it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.analysis import filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steward.isolation.catalog.policies import Policy, PolicyCatalog, PolicyFunction

__all__ = ["failing_casts", "immutable_readers", "other_names"]


def other_names(catalog: PolicyCatalog) -> list[Finding]:
    """Return the policies and functions that tell tenants apart by another setting than the profile's.

    Where the profile has none, the right one is what most policies read.
    """
    setting = catalog.setting.lower() or _most_read(catalog)
    return [*_misread(catalog, setting), *_misnamed(catalog, setting)]


def _most_read(catalog: PolicyCatalog) -> str:
    read = Counter(
        name
        for policy in catalog.policies
        for expression in policy.expressions
        for name in filters.settings_read(expression, catalog.binding(policy)) - {catalog.user_setting.lower()}
    )
    return min(read, key=lambda name: (-read[name], name), default="")


def _misread(catalog: PolicyCatalog, setting: str) -> Iterator[Finding]:
    """Yield the policies that do not filter by the setting, and read another one where they could."""
    expected = {setting, catalog.user_setting.lower()}
    for policy in catalog.policies:
        binding = replace(catalog.binding(policy), setting=setting)
        read = {
            name
            for expression in policy.expressions
            if filters.admits(expression, binding, "set")
            and (policy.permissive or filters.mentions(expression, catalog.column))
            for name in filters.settings_read(expression, binding)
        }
        if other := sorted(read - expected):
            yield _misreading(policy, ", ".join(other), setting)


def _misreading(policy: Policy, read: str, setting: str) -> Finding:
    return Finding(
        object_type="policy",
        object_name=policy.ident,
        observed=f"reads {read}",
        expected=f"reads {setting}" if setting else "reads the setting that names the tenant",
        detail="who sets the tenant does not set that, and whatever was left in it decides which rows pass",
        remediation=policy.remedy,
    )


def _misnamed(catalog: PolicyCatalog, setting: str) -> Iterator[Finding]:
    """Yield the functions that handle the tenant column and know only other settings, the server's own left out."""
    expected = {setting, catalog.user_setting.lower()}
    for function in catalog.functions:
        body = function.body
        if function.called or body is None or not _names_tenant(body.names, catalog.column):
            continue
        names = {name for name in body.reads | body.sets if "." in name}
        if names and not names & expected:
            yield Finding(
                object_type="function",
                object_name=function.ident,
                observed=f"names {', '.join(sorted(names))}",
                expected=f"names {setting}",
                detail="policies do not read what it sets, or it reads what nobody sets for them",
                remediation=f"name {setting} in it: create or replace {function.ident} …",
            )


def _names_tenant(names: frozenset[str], column: str) -> bool:
    return any(name == column or name.endswith(f"_{column}") for name in names)


def immutable_readers(catalog: PolicyCatalog) -> list[Finding]:
    """Return the functions that read a setting, or call one that does, and are declared immutable."""
    return [_immutable(function) for function in _readers(catalog.functions) if function.volatility == "i"]


def _readers(functions: Iterable[PolicyFunction]) -> list[PolicyFunction]:
    """Return those that read a custom setting, themselves or through others; a call may leave out the schema."""
    bodies = {function: body for function in functions if (body := function.body)}
    callers = defaultdict(list)
    for function, body in bodies.items():
        for name in body.calls:
            callers[name[-1]].append((name, function))
    found: set[PolicyFunction] = set()
    waiting = [function for function, body in bodies.items() if any("." in name for name in body.reads)]
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.add(function)
            own = bodies[function].name
            waiting += [caller for name, caller in callers[own[-1]] if own[-len(name) :] == name]
    return [function for function in bodies if function in found]


def _immutable(function: PolicyFunction) -> Finding:
    return Finding(
        object_type="function",
        object_name=function.ident,
        observed="is immutable and reads a setting, itself or through what it calls",
        expected="is stable",
        detail="a plan keeps its first result: what was prepared for one tenant returns that tenant's rows to the next",
        remediation=function.remedy,
    )


def failing_casts(catalog: PolicyCatalog) -> list[Finding]:
    """Return the policies that fail on a setting that was reset."""
    return [
        _failing_cast(policy, ", ".join(types))
        for policy in catalog.policies
        if (types := _cast_types(catalog, policy))
    ]


def _cast_types(catalog: PolicyCatalog, policy: Policy) -> dict[str, None]:
    binding = catalog.binding(policy)
    return dict.fromkeys(name for text in policy.expressions for name in filters.casts(text, binding))


def _failing_cast(policy: Policy, types: str) -> Finding:
    return Finding(
        object_type="policy",
        object_name=policy.ident,
        observed=f"casts the setting to {types}",
        expected="takes '' for no tenant, with nullif",
        detail="after the first transaction of a session the setting is '', and each statement fails with 22P02",
        remediation=policy.remedy,
    )
