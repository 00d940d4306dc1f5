"""The setting that names a session's tenant: one name, no default, read anew, and harmless when it is empty."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from steward import NotNeeded
from steward.engine.check import Finding
from steward.isolation.analysis import filters
from steward.isolation.catalog import policies, scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steward.engine.check import Check, Findings
    from steward.isolation.catalog.policies import Policy, PolicyCatalog, PolicyFunction

__all__ = ["casts", "expected", "names", "volatility"]


def names(check: Check) -> Findings:
    """Keep and return what tells tenants apart by another setting than the profile's.

    Where the profile has none, the right one is what most policies read.
    """
    told = policies.known(check)
    setting = told.setting.lower() or _usual(told)
    return check.judge("isolation_settings_names", [*_misread(told, setting), *_misnamed(told, setting)])


def _usual(told: PolicyCatalog) -> str:
    terms = told.terms()
    read = Counter(
        name
        for policy in told.policies
        for expression in policy.expressions
        for name in filters.reads(expression, terms(policy)) - {told.user_setting.lower()}
    )
    return min(read, key=lambda name: (-read[name], name), default="")


def _misread(told: PolicyCatalog, setting: str) -> Iterator[Finding]:
    """Yield the policies that do not filter by the setting, and read another one where they could."""
    known = {setting, told.user_setting.lower()}
    terms = told.terms()
    for policy in told.policies:
        own = replace(terms(policy), setting=setting)
        read = {
            name
            for expression in policy.expressions
            if filters.admits(expression, own, "set")
            and (policy.permissive or filters.mentions(expression, told.column))
            for name in filters.reads(expression, own)
        }
        if other := sorted(read - known):
            yield _finding(policy, ", ".join(other), setting)


def _finding(policy: Policy, read: str, setting: str) -> Finding:
    return Finding(
        object_type="policy",
        object_name=policy.ident,
        observed=f"reads {read}",
        expected=f"reads {setting}" if setting else "reads the setting that names the tenant",
        detail="who sets the tenant does not set that, and whatever was left in it decides which rows pass",
        remediation=policy.remedy,
    )


def _misnamed(told: PolicyCatalog, setting: str) -> Iterator[Finding]:
    """Yield the functions that handle the tenant column and know only other settings, the server's own left out."""
    known = {setting, told.user_setting.lower()}
    for function in told.functions:
        body = function.body
        if function.called or body is None or not _of_tenants(body.names, told.column):
            continue
        named = {name for name in body.reads | body.sets if "." in name}
        if named and not named & known:
            yield Finding(
                object_type="function",
                object_name=function.ident,
                observed=f"names {', '.join(sorted(named))}",
                expected=f"names {setting}",
                detail="policies do not read what it sets, or it reads what nobody sets for them",
                remediation=f"name {setting} in it: create or replace {function.ident} …",
            )


def _of_tenants(named: frozenset[str], column: str) -> bool:
    return any(name == column or name.endswith(f"_{column}") for name in named)


def expected(check: Check) -> dict[str, object]:
    """Return the parameters of the query for defaults.

    Raises:
        NotNeeded: the profile names no setting.

    """
    told = scope.expected(check)
    if not told["setting"]:
        raise NotNeeded("the profile names no setting (tenancy.setting)")
    return told


def volatility(check: Check) -> Findings:
    """Keep and return the functions that read a setting, or call one that does, and are declared to know none."""
    told = policies.known(check)
    frozen = (each for each in _reading(told.functions) if each.volatility == "i")
    return check.judge("isolation_settings_volatility", map(_immutable, frozen))


def _reading(functions: Iterable[PolicyFunction]) -> list[PolicyFunction]:
    """Return those that read a custom setting, themselves or through others; a call may leave out the schema."""
    bodies = {each: body for each in functions if (body := each.body)}
    calling = defaultdict(list)
    for function, body in bodies.items():
        for name in body.calls:
            calling[name[-1]].append((name, function))
    found: set[PolicyFunction] = set()
    waiting = [function for function, body in bodies.items() if any("." in name for name in body.reads)]
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.add(function)
            own = bodies[function].name
            waiting += [caller for name, caller in calling[own[-1]] if own[-len(name) :] == name]
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


def casts(check: Check) -> Findings:
    """Keep and return the policies that fail on a setting that was reset."""
    told = policies.known(check)
    terms = told.terms()
    kinds = {
        policy.ident: dict.fromkeys(kind for each in policy.expressions for kind in filters.casts(each, terms(policy)))
        for policy in told.policies
    }
    findings = [_cast(policy, ", ".join(each)) for policy in told.policies if (each := kinds[policy.ident])]
    return check.judge("isolation_settings_casts", findings)


def _cast(policy: Policy, kinds: str) -> Finding:
    return Finding(
        object_type="policy",
        object_name=policy.ident,
        observed=f"casts the setting to {kinds}",
        expected="takes '' for no tenant, with nullif",
        detail="after the first transaction of a session the setting is '', and each statement fails with 22P02",
        remediation=policy.remedy,
    )
