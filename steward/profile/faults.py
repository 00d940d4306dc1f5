"""The faults of a profile as messages: file, dotted key, value and what was expected."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from steward import ProfileError
from steward.profile.merging import find

if typing.TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError

__all__ = ["Layers", "dotted", "nearest", "profile_error"]

# The files that a profile is made of, the profile itself first and its farthest parent last.
Layers = Sequence[tuple[Path, Mapping[str, Any]]]

_VALUE = re.compile(r"'([^']*)'")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: Iterable[str | int]) -> str:
    """Write a path as a TOML key; positions in lists stand in brackets."""
    key = ""
    for part in path:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            key += ("." if key else "") + (part if _BARE.fullmatch(part) else f'"{part}"')
    return key


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that ``word`` was probably meant to be, or nothing."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return matches[0] if matches else ""


def _inside(annotation: Any, part: str | int) -> Any:
    """Step from an annotation to that of a key or a position inside."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next((found for argument in arguments if (found := _inside(argument, part)) is not None), None)
    if typing.get_origin(annotation) is Mapping:
        return arguments[1]
    return arguments[0] if arguments else None


def _known_keys(model: type[BaseModel], path: Sequence[str | int]) -> dict[str, str]:
    """Return the keys that could stand in place of the last one of ``path``, each with its whole dotted key."""
    annotation: Any = model
    for part in path[:-1]:
        annotation = _inside(annotation, part)
    while typing.get_args(annotation):
        annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
    fields = annotation.model_fields if isinstance(annotation, type) and issubclass(annotation, BaseModel) else {}
    return {name: dotted((*path[:-1], name)) for name in fields}


def _source(layers: Layers, path: tuple[str | int, ...]) -> Path:
    """Return the file that sets the value: the first from the child upwards that has the key, or has its table."""
    for length in range(len(path), 0, -1):
        for file, tree in layers:
            if find(tree, path[:length])[0]:
                return file
    return layers[0][0]


def _message(model: type[BaseModel], fault: Any) -> str:
    path = tuple(part for part in fault["loc"] if part != "[key]")
    key, message = dotted(path), str(fault["msg"])
    if fault["type"] == "extra_forbidden":
        known = _known_keys(model, path)
        near = known.get(nearest(str(path[-1]), known), "")
        return f"unknown key {key}" + (f" (nearest known key: {near})" if near else f" (known: {', '.join(known)})")
    if fault["type"] == "literal_error" and fault["loc"][-1] == "[key]":
        names = _VALUE.findall(fault["ctx"]["expected"])
        near = nearest(str(path[-1]), names)
        return f"unknown key {key} (" + (f"nearest: {near}" if near else f"known: {', '.join(names)}") + ")"
    if fault["type"] == "missing":
        return f"missing key {key}"
    expected = message.removeprefix("Value error, ").removeprefix("Input should be ")
    expected = (
        "a table" if fault["type"] in ("model_type", "model_attributes_type", "dict_type", "mapping_type") else expected
    )
    if isinstance(fault["input"], dict):
        return f"{key}: {expected}" if key else expected
    return f"{key} = {fault['input']!r}: expected {expected}"


def profile_error(model: type[BaseModel], error: ValidationError, layers: Layers) -> ProfileError:
    """Put all faults of a profile into one line, each with the file that it stands in."""
    object_ = str(_source(layers, tuple(error.errors()[0]["loc"])))
    messages = []
    for fault in error.errors():
        file = str(_source(layers, tuple(fault["loc"])))
        messages.append(_message(model, fault) + ("" if file == object_ else f" (in {file})"))
    return ProfileError(object_, ", ".join(messages), "correct it; profiles/base.toml shows every key with its unit")
