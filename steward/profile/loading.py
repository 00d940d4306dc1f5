"""Loading of a profile, by its name or path, into the validated tree; nothing connects."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from steward import ProfileError
from steward.profile.faults import nearest, profile_error
from steward.profile.merging import find, merge, path_of
from steward.profile.model import Profile

if TYPE_CHECKING:
    from steward.profile.faults import Layers

__all__ = ["PROFILES", "load", "loads", "profile_names"]

PROFILES = Path(__file__).resolve().parent.parent.parent / "profiles"

_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
# Keys that say how the file is read; they are no part of the profile.
_EXTENDS, _REPLACES = "extends", "replaces"


def profile_names(folder: Path = PROFILES) -> tuple[str, ...]:
    """Return the names of the profiles in a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def _path(name: str, folder: Path) -> Path:
    """Resolve a profile's name in ``folder``, or its path where it is one."""
    if "/" in name or name.endswith(".toml"):
        path = Path(name)
        if path.is_file():
            return path
        raise ProfileError(f"profile {name}", "there is no such file", "correct the path")
    names = profile_names(folder)
    if name in names:
        return folder / f"{name}.toml"
    near = nearest(name, names)
    cause = f"unknown{f', nearest known profile: {near}' if near else ''} (known: {', '.join(names)})"
    raise ProfileError(f"profile {name}", cause, "choose one of these or give the path of a file that ends in .toml")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        place = f"{path}:{line[1]}" if line else str(path)
        raise ProfileError(place, f"invalid TOML: {_LINE.sub('', str(error))}", "correct the syntax") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(str(path), f"cannot be read: {error}", "make it a readable UTF-8 file") from error


def _parent(path: Path, extends: object, folder: Path) -> Path:
    """Resolve what ``path`` extends: a file beside it, or a profile of the suite."""
    if not isinstance(extends, str):
        raise ProfileError(str(path), f"extends = {extends!r}: expected the name of a profile", "correct it")
    beside = path.parent / (extends if extends.endswith(".toml") else f"{extends}.toml")
    if beside.is_file():
        return beside
    try:
        return _path(extends, folder)
    except ProfileError as error:
        raise ProfileError(str(path), f"extends {error.object}: {error.cause}", error.remedy) from error


def _layers(name: str, folder: Path) -> Layers:
    """Read a profile and its parents, the profile first."""
    path = _path(name, folder)
    layers: list[tuple[Path, dict[str, Any]]] = []
    while True:
        seen = [file for file, _ in layers]
        if path.resolve() in [file.resolve() for file in seen]:
            chain = " extends ".join(file.stem for file in (*seen, path))
            raise ProfileError(str(seen[0]), f"a cycle: {chain}", "let one of them extend another or nothing")
        layers.append((path, _read(path)))
        extends = layers[-1][1].get(_EXTENDS)
        if extends is None:
            return layers
        path = _parent(path, extends, folder)


def _replaced(path: Path, tree: dict[str, Any], parent: dict[str, Any]) -> frozenset[tuple[str, ...]]:
    """Return the paths of the tables that a profile takes whole, each of which its parent must have."""
    keys = tree.get(_REPLACES, [])
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ProfileError(str(path), f"replaces = {keys!r}: expected a list of dotted keys of tables", "correct it")
    paths = set()
    for key in keys:
        try:
            parts = path_of(key)
        except tomllib.TOMLDecodeError as error:
            raise ProfileError(str(path), f"replaces {key!r}: not a dotted key", "correct it") from error
        present, table = find(parent, parts)
        if not present or not isinstance(table, dict):
            near = nearest(key, (k for k, v in parent.items() if isinstance(v, dict)))
            cause = f"replaces {key}, which its parent does not have as a table"
            raise ProfileError(str(path), cause + (f" (nearest: {near})" if near else ""), "correct the key")
        paths.add(parts)
    return frozenset(paths)


def _merged(layers: Layers) -> dict[str, Any]:
    """Merge from the farthest parent down."""
    merged: dict[str, Any] = {}
    for path, tree in reversed(layers):
        replaces = _replaced(path, dict(tree), merged)
        settings = {key: value for key, value in tree.items() if key not in (_EXTENDS, _REPLACES)}
        for parts in replaces:
            # A table that the child replaces with nothing is empty, not inherited.
            settings = settings if find(settings, parts)[0] else merge(settings, _nested(parts))
        merged = merge(merged, settings, replaces)
    return merged


def _nested(parts: tuple[str, ...]) -> dict[str, Any]:
    return {parts[0]: _nested(parts[1:])} if parts else {}


def _plain(value: object) -> str:
    """Write TOML's dates as JSON can hold them."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(value)


def load(name: str, folder: Path = PROFILES) -> Profile:
    """Return the profile called ``name``, or that of the file at the path ``name``; raises `ProfileError`."""
    layers = _layers(name, folder)
    tree = _merged(layers)
    if "name" in tree:
        raise ProfileError(str(layers[0][0]), "unknown key name", "leave it out: a profile is called like its file")
    tree["name"] = layers[0][0].stem
    try:
        # Through JSON, so that a profile from a file and one from a run directory are read by the same rules.
        return Profile.model_validate_json(json.dumps(tree, default=_plain))
    except ValidationError as error:
        raise profile_error(Profile, error, layers) from error


def loads(text: str) -> Profile:
    """Return the profile that ``Profile.model_dump_json`` wrote, as the processes of a run read it."""
    try:
        return Profile.model_validate_json(text)
    except ValidationError as error:
        raise profile_error(Profile, error, [(Path("profile.json"), {})]) from error
