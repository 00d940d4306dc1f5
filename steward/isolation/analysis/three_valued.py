"""What an expression may come to, in SQL's three-valued logic, when only a row's tenant and the session's are known.

A value is every atom that may come out, each with how surely it may: ``POSSIBLE`` (some row brings it about) or
``PERHAPS`` (it comes from something that cannot be looked into, and may well never come out).
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "EMPTY",
    "ERROR",
    "FALSE",
    "NEVER",
    "NULL",
    "OTHER",
    "OWN",
    "PERHAPS",
    "POSSIBLE",
    "TRUE",
    "AbstractValue",
    "Value",
    "absent",
    "altered",
    "both",
    "combined",
    "constant",
    "distinct",
    "either",
    "equal",
    "follows",
    "level",
    "limited",
    "merged",
    "negated",
    "rescued",
    "same",
    "settled",
    "told",
    "truths",
    "unknown",
    "unless",
]

NEVER, PERHAPS, POSSIBLE = 0, 1, 2


@dataclass(frozen=True)
class AbstractValue:
    """One outcome: a truth value, NULL, an error, the session's tenant, any other, a constant, the user, or unknown."""

    kind: Literal["true", "false", "null", "error", "own", "other", "constant", "user", "unknown"]
    text: str = ""


Value = dict[AbstractValue, int]

TRUE, FALSE, NULL, ERROR = AbstractValue("true"), AbstractValue("false"), AbstractValue("null"), AbstractValue("error")
OWN, OTHER = AbstractValue("own"), AbstractValue("other")
EMPTY = AbstractValue("constant", "")
_ANY_TRUTH = (TRUE, FALSE, NULL)
_COMPARED = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
# As the server reads them; numbers are true unless they are zero.
_NO = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})


def constant(text: str) -> Value:
    """Return a constant of any type but boolean, by its text."""
    return {AbstractValue("constant", text): POSSIBLE}


def unknown(sure: int, key: str = "") -> Value:
    """Return what may be anything; the same ``key`` is the same value."""
    return {AbstractValue("unknown", key): sure}


def level(value: Value, atom: AbstractValue = TRUE) -> int:
    """Return how surely the atom may come out: 0 is never."""
    return truths(value).get(atom, 0)


def merged(*values: Mapping[AbstractValue, int]) -> Value:
    """Return what comes out of one or the other."""
    found: Value = {}
    for value in values:
        for atom, sure in value.items():
            found[atom] = max(sure, found.get(atom, 0))
    return found


def limited(value: Value, sure: int) -> Value:
    """Return the value where it comes out no more surely than that."""
    return {atom: min(own, sure) for atom, own in value.items() if min(own, sure)}


def rescued(value: Value, *instead: Value) -> Value:
    """Return the value where errors are caught; one that nothing here tells of may happen as well."""
    sure = value.get(ERROR, PERHAPS)
    return merged({atom: own for atom, own in value.items() if atom != ERROR}, limited(merged(*instead), sure))


def combined(rule: Callable[..., tuple[AbstractValue, ...]], *values: Value) -> Value:
    """Return what a rule makes of each choice of atoms, one of each value."""
    found = []
    for choice in product(*(value.items() for value in values)):
        sure = min(each for _, each in choice)
        found.append(dict.fromkeys(rule(*(atom for atom, _ in choice)), sure))
    return merged(*found)


def truths(value: Value) -> Value:
    """Return the value as a condition."""

    def truth(atom: AbstractValue) -> tuple[AbstractValue, ...]:
        if atom.kind == "constant":
            return (FALSE if atom.text.strip().lower() in _NO else TRUE,)
        return _ANY_TRUTH if atom.kind in {"unknown", "own", "other", "user"} else (atom,)

    return combined(truth, value)


def negated(value: Value) -> Value:
    """Return NOT value."""
    turned = {TRUE: FALSE, FALSE: TRUE}
    return {turned.get(atom, atom): sure for atom, sure in truths(value).items()}


def both(left: Value, right: Value) -> Value:
    """Return left AND right."""

    def rule(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
        if FALSE in (one, two):
            return (FALSE,)
        return (two if one == TRUE else one,)

    return combined(rule, truths(left), truths(right))


def either(left: Value, right: Value) -> Value:
    """Return left OR right."""
    return negated(both(negated(left), negated(right)))


def _strict(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what an operator gives for an error or NULL, before it looks at values."""
    if ERROR in (one, two):
        return (ERROR,)
    return (NULL,) if NULL in (one, two) else ()


def same(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Tell what ``one = two`` may be; some other tenant may well be the one that a constant names."""
    kinds = {one.kind, two.kind}
    if found := _strict(one, two):
        return found
    if "unknown" in kinds:
        return (TRUE, NULL) if one == two and one.text else _ANY_TRUTH
    if one == two:
        return (TRUE,)
    if kinds <= {"constant", "user"}:
        # As numbers they may be equal all the same.
        return (TRUE,) if one.text == two.text else (TRUE, FALSE) if _alike(one.text, two.text) else (FALSE,)
    # No other tenant has the user's name.
    named = kinds in ({"own", "user"}, {"own", "constant"}, {"other", "constant"}) and EMPTY not in (one, two)
    return (TRUE, FALSE) if named else (FALSE,)


def _alike(one: str, two: str) -> bool:
    try:
        return float(one) == float(two)
    except ValueError:
        return False


def equal(left: Value, right: Value) -> Value:
    """Return left = right."""
    return combined(same, left, right)


def altered(one: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what becomes of a value that something strict is done to."""
    return (one,) if one in (NULL, ERROR) else (AbstractValue("unknown"),)


def follows(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Tell what ``one < two``, another order or ``one like two`` may be: tenants may be patterns of each other."""
    return _strict(one, two) or (_ANY_TRUTH if "unknown" in {one.kind, two.kind} else (TRUE, FALSE))


def settled(name: str, one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Tell what an order or a pattern makes of two constants, '' or 0 the first; nothing where that is not sure."""
    if {one.kind, two.kind} != {"constant"}:
        return ()
    if one == EMPTY and set(name) <= set("!~*"):
        found = not two.text.strip("%") if "~~" in name else _matches_nothing(two.text)
        return () if found is None else told(found)
    if one.text == "0" and two.text.isdecimal() and name in _COMPARED:
        return told(_COMPARED[name](0, int(two.text)))
    return ()


def _matches_nothing(pattern: str) -> bool | None:
    """Tell whether '' matches; None where the server's regular expressions may differ."""
    if any(each in pattern for each in ("[[:", "[[.", "[[=")):
        return None
    try:
        return re.search(pattern, "") is not None
    except re.error:
        return None


def told(fact: bool) -> tuple[AbstractValue, ...]:  # noqa: FBT001 - the fact is all there is
    """Return a truth value."""
    return (TRUE,) if fact else (FALSE,)


def absent(one: AbstractValue) -> tuple[AbstractValue, ...]:
    """Tell what ``one is null`` may be."""
    if one.kind == "unknown":
        return (TRUE, FALSE)
    return (ERROR,) if one == ERROR else told(one == NULL)


def distinct(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Tell what ``one is distinct from two`` may be."""
    if ERROR in (one, two):
        return (ERROR,)
    if NULL in (one, two):
        return (TRUE, FALSE) if "unknown" in {one.kind, two.kind} else told(one != two)
    turned = {TRUE: FALSE, FALSE: TRUE, NULL: FALSE}
    return tuple(turned[each] for each in same(one, two))


def unless(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Tell what ``nullif(one, two)`` may be."""
    if ERROR in (one, two):
        return (ERROR,)
    found = same(one, two)
    return tuple({NULL if each == TRUE else one for each in found})
