"""SQL's three-valued logic over sets of outcomes, when only a row's tenant and the session's are known.

A value is the set of atoms that may come out, each with its certainty: ``POSSIBLE`` (some row brings it about) or
``PERHAPS`` (it depends on something that cannot be analysed, and may never come out). All other atoms have ``NEVER``.
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
    "as_condition",
    "certainty_of",
    "combined",
    "conjunction",
    "constant",
    "constant_comparison",
    "disjunction",
    "equal",
    "is_distinct",
    "is_null",
    "limited",
    "merged",
    "negation",
    "null_if",
    "ordered",
    "same",
    "strict_result",
    "truth_of",
    "unknown",
    "with_handlers",
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


def unknown(certainty: int, key: str = "") -> Value:
    """Return an unknown value; two with the same ``key`` are the same value."""
    return {AbstractValue("unknown", key): certainty}


def certainty_of(value: Value, atom: AbstractValue = TRUE) -> int:
    """Return the certainty with which the atom comes out of a condition."""
    return as_condition(value).get(atom, 0)


def merged(*values: Mapping[AbstractValue, int]) -> Value:
    """Return the atoms of all values, each with its highest certainty."""
    found: Value = {}
    for value in values:
        for atom, certainty in value.items():
            found[atom] = max(certainty, found.get(atom, 0))
    return found


def limited(value: Value, certainty: int) -> Value:
    """Return the value with no certainty above that."""
    return {atom: min(own, certainty) for atom, own in value.items() if min(own, certainty)}


def with_handlers(value: Value, *instead: Value) -> Value:
    """Return the value where handlers replace errors; an error that is not in the value may happen as well."""
    certainty = value.get(ERROR, PERHAPS)
    return merged({atom: own for atom, own in value.items() if atom != ERROR}, limited(merged(*instead), certainty))


def combined(rule: Callable[..., tuple[AbstractValue, ...]], *values: Value) -> Value:
    """Return the results of a rule for every combination of atoms, one of each value."""
    found = []
    for choice in product(*(value.items() for value in values)):
        certainty = min(certainty for _, certainty in choice)
        found.append(dict.fromkeys(rule(*(atom for atom, _ in choice)), certainty))
    return merged(*found)


def as_condition(value: Value) -> Value:
    """Return the value as a condition."""

    def truth(atom: AbstractValue) -> tuple[AbstractValue, ...]:
        if atom.kind == "constant":
            return (FALSE if atom.text.strip().lower() in _NO else TRUE,)
        return _ANY_TRUTH if atom.kind in {"unknown", "own", "other", "user"} else (atom,)

    return combined(truth, value)


def negation(value: Value) -> Value:
    """Return NOT value."""
    turned = {TRUE: FALSE, FALSE: TRUE}
    return {turned.get(atom, atom): certainty for atom, certainty in as_condition(value).items()}


def conjunction(left: Value, right: Value) -> Value:
    """Return left AND right."""

    def rule(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
        if FALSE in (one, two):
            return (FALSE,)
        return (two if one == TRUE else one,)

    return combined(rule, as_condition(left), as_condition(right))


def disjunction(left: Value, right: Value) -> Value:
    """Return left OR right."""
    return negation(conjunction(negation(left), negation(right)))


def _strict(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return the result of a strict operator for an error or NULL; nothing for other atoms."""
    if ERROR in (one, two):
        return (ERROR,)
    return (NULL,) if NULL in (one, two) else ()


def same(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what ``one = two`` may be; a constant may name another tenant."""
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


def strict_result(one: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what a strict function may make of a value."""
    return (one,) if one in (NULL, ERROR) else (AbstractValue("unknown"),)


def ordered(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what ``one < two``, another order or ``one like two`` may be: a tenant may be a pattern of another."""
    return _strict(one, two) or (_ANY_TRUTH if "unknown" in {one.kind, two.kind} else (TRUE, FALSE))


def constant_comparison(name: str, one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return the result of an order or a pattern for two constants, '' or 0 the first; nothing where it is open."""
    if {one.kind, two.kind} != {"constant"}:
        return ()
    if one == EMPTY and set(name) <= set("!~*"):
        found = not two.text.strip("%") if "~~" in name else _matches_nothing(two.text)
        return () if found is None else truth_of(found)
    if one.text == "0" and two.text.isdecimal() and name in _COMPARED:
        return truth_of(_COMPARED[name](0, int(two.text)))
    return ()


def _matches_nothing(pattern: str) -> bool | None:
    """Return whether '' matches; None where the server's regular expressions may differ."""
    if any(bracket in pattern for bracket in ("[[:", "[[.", "[[=")):
        return None
    try:
        return re.search(pattern, "") is not None
    except re.error:
        return None


def truth_of(fact: bool) -> tuple[AbstractValue, ...]:  # noqa: FBT001 - the fact is all there is
    """Return a truth value."""
    return (TRUE,) if fact else (FALSE,)


def is_null(one: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what ``one is null`` may be."""
    if one.kind == "unknown":
        return (TRUE, FALSE)
    return (ERROR,) if one == ERROR else truth_of(one == NULL)


def is_distinct(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what ``one is distinct from two`` may be."""
    if ERROR in (one, two):
        return (ERROR,)
    if NULL in (one, two):
        return (TRUE, FALSE) if "unknown" in {one.kind, two.kind} else truth_of(one != two)
    turned = {TRUE: FALSE, FALSE: TRUE, NULL: FALSE}
    return tuple(turned[atom] for atom in same(one, two))


def null_if(one: AbstractValue, two: AbstractValue) -> tuple[AbstractValue, ...]:
    """Return what ``nullif(one, two)`` may be."""
    if ERROR in (one, two):
        return (ERROR,)
    found = same(one, two)
    return tuple({NULL if atom == TRUE else one for atom in found})
