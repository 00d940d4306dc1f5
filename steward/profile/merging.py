"""Merging of profiles that extend one another: tables merge key by key, everything else is replaced whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

__all__ = ["find", "merge", "path_of"]

Tree = Mapping[str, Any]


def path_of(key: str) -> tuple[str, ...]:
    """Split a dotted TOML key, quoted parts included; raises `tomllib.TOMLDecodeError` where it is none."""
    tree: Any = tomllib.loads(f"{key} = true")
    parts = []
    while isinstance(tree, dict):
        ((part, tree),) = tree.items()
        parts.append(part)
    return tuple(parts)


def find(tree: Any, path: tuple[str | int, ...]) -> tuple[bool, Any]:
    """Return whether ``path`` leads to a value in ``tree``, and the value."""
    for part in path:
        inside = (isinstance(tree, Mapping) and part in tree) or (
            isinstance(tree, list) and isinstance(part, int) and part < len(tree)
        )
        if not inside:
            return False, None
        tree = tree[part]
    return True, tree


def merge(parent: Tree, child: Tree, replaces: frozenset[tuple[str, ...]] = frozenset()) -> dict[str, Any]:
    """Return ``parent`` with ``child`` on top; tables at the paths of ``replaces`` come whole from the child."""
    merged = dict(parent)
    for key, value in child.items():
        nested = frozenset(path[1:] for path in replaces if path[0] == key)
        inherited = merged.get(key)
        if isinstance(value, Mapping) and isinstance(inherited, Mapping) and () not in nested:
            merged[key] = merge(inherited, value, nested)
        else:
            merged[key] = value
    return merged
