"""The keys of the profile that no code reads, found in the syntax of the modules."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Calls that hand over a table of the profile whole.
_WHOLE = ("model_dump", "getattr", "dict")


def tables(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield every table of the profile with its dotted key, tables inside tables too."""
    for key, field in model.model_fields.items():
        for kind in _models(field.annotation):
            yield f"{path}{key}", kind
            yield from tables(kind, f"{path}{key}.")


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _table_of(node: ast.AST | None, names: Mapping[str, str]) -> str | None:
    """Return the last part of the key of the table that an expression gives, or the name of its class."""
    if isinstance(node, ast.Attribute):
        return names.get(f".{node.attr}", node.attr)
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _variables(tree: ast.AST) -> dict[str, str]:
    """Return the variables that hold a table of the profile, by assignment or by annotation.

    Attributes of a class that is annotated have a dot before their name.
    """
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            found[node.arg] = ast.unparse(node.annotation).rpartition(".")[2]
        elif isinstance(node, ast.AnnAssign):
            found[f".{ast.unparse(node.target)}"] = ast.unparse(node.annotation).rpartition(".")[2]
        elif isinstance(node, ast.Assign):
            [target, *_], value = node.targets, node.value
            pairs = (
                zip(target.elts, value.elts, strict=False)
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
                else [(target, value)]
            )
            found |= {
                name.id: attribute.attr
                for name, attribute in pairs
                if isinstance(name, ast.Name) and isinstance(attribute, ast.Attribute)
            }
    return found


def _without_validators(tree: ast.Module) -> ast.Module:
    """Leave out the validators of the profile's tables: they check values, they do not follow them."""
    for table in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        table.body = [
            node for node in table.body if "model_validator" not in map(_name, getattr(node, "decorator_list", ()))
        ]
    return tree


def _name(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def reads(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return what modules read: the table (its key, its class, or nothing) and the key in it, ``*`` for all of them.

    A string is read as a key, too: keys are also read by ``getattr``.
    """
    found: set[tuple[str, str]] = set()
    for tree in map(_without_validators, map(ast.parse, texts)):
        names = _variables(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                key = "*" if node.attr in _WHOLE else node.attr
                found.add((_table_of(node.value, names) or "", key))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(("", node.value))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in _WHOLE and node.args:
                found.add((_table_of(node.args[0], names) or "", "*"))
    return found


def unread(model: type[BaseModel], read: set[tuple[str, str]], loose: Iterable[type[BaseModel]] = ()) -> list[str]:
    """Return the keys that nothing reads and that are not marked with what will read them.

    Rows of ``loose`` tables reach their readers through loops: any attribute or string of the name counts.
    """
    attributes = {key for _, key in read}
    found = []
    for path, table in tables(model):
        names = {path.rpartition(".")[2], table.__name__}
        for key, field in table.model_fields.items():
            known = any((name, one) in read for name in names for one in (key, "*"))
            marked = isinstance(field.json_schema_extra, dict) and "read_by" in field.json_schema_extra
            if not (known or marked or (table in loose and key in attributes)):
                found.append(f"{path}.{key}")
    return found
