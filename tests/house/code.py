"""Rules about Python: who may import whom, and what no module may contain. Each returns what breaks it, and where."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# A statement, not prose: a verb at the beginning and what must follow it.
_SQL = re.compile(
    r"^\s*(select\s.+\sfrom\s|select\s+\S*\(|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|truncate\s|vacuum\s*[({]"
    r"|(create|alter|drop|comment\s+on)\s+(table|index|view|schema|role|function|extension|database|materialized)\b"
    r"|set\s+(role|session|local|statement_timeout|lock_timeout)\b|reindex\s*[({]|refresh\s+materialized\b|lock\s+table\b"
    r"|with\s+\w+\s+as\s)",
    re.IGNORECASE | re.DOTALL,
)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every imported name with its line, ``from a import b`` as ``a.b``; those for type checking too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def banned(files: Mapping[Path, str], *names: str) -> list[str]:
    """Return the imports of these packages, or of anything in them."""
    return [
        f"{path}:{line} imports {name}"
        for path, text in files.items()
        for line, name in imports(ast.parse(text))
        if any(name == package or name.startswith(f"{package}.") for package in names)
    ]


def outside(files: Mapping[Path, str], package: str) -> list[str]:
    """Return the imports of the suite that leave a package which must stand alone, the root's errors included."""
    return [
        f"{path}:{line} imports {name}, which is outside of {package}"
        for path, text in files.items()
        for line, name in imports(ast.parse(text))
        if name.partition(".")[0] in {"steward", "reports", "maintenance", "checks", "tests"}
        and not f"{name}.".startswith(f"{package}.")
    ]


def module_of(path: Path) -> str:
    """Return the dotted name of a module; a package is its ``__init__``."""
    return ".".join(path.with_suffix("").parts)


def _room(name: str, floors: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return package and room of an imported name; the room is empty where the name is the package's own."""
    for package in sorted(floors, key=len, reverse=True):
        if name == package or name.startswith(f"{package}."):
            first = name[len(package) + 1 :].partition(".")[0]
            return package, first if first in floors[package] else ""
    return None


def upward(files: Mapping[Path, str], floors: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the imports of rooms that stand above the importing one, and rooms that stand nowhere.

    ``floors`` maps each package to its rooms, both from the ground up; a package's ``__init__`` stands on its rooms.
    """
    height = {package: number for number, package in enumerate(floors)}

    def place(package: str, room: str) -> tuple[int, int]:
        rooms = floors[package]
        return height[package], rooms.index(room) if room else len(rooms)

    found = []
    for path, text in files.items():
        package, _, room = module_of(path).rpartition(".")
        if package not in floors or (room != "__init__" and room not in floors[package]):
            found.append(f"{path} stands on no floor")
            continue
        own = place(package, "" if room == "__init__" else room)
        for line, name in imports(ast.parse(text)):
            other = _room(name, floors)
            # The root package holds the errors, which every room may raise; its own rooms are above all.
            if other is None or other in {("steward", ""), (package, "")}:
                continue
            if place(*other) > own:
                found.append(f"{path}:{line} imports {'.'.join(filter(None, other))}, which stands above it")
    return found


def not_offered(
    files: Mapping[Path, str], floors: Mapping[str, Sequence[str]], offers: Mapping[str, set[str]]
) -> list[str]:
    """Return the imports of what another package does not offer in its ``__all__``."""
    found = []
    for path, text in files.items():
        package = module_of(path).rpartition(".")[0]
        for line, name in imports(ast.parse(text)):
            other = _room(name, floors)
            if other is None or other[0] in {package, "steward"} or name == other[0]:
                continue
            wanted = name[len(other[0]) + 1 :].partition(".")[0]
            if wanted not in offers[other[0]]:
                found.append(f"{path}:{line} imports {wanted}, which {other[0]} does not offer")
    return found


def offered(files: Mapping[Path, str]) -> dict[str, set[str]]:
    """Return what each package offers: the ``__all__`` of its ``__init__``."""
    found = {}
    for path, text in files.items():
        if path.name == "__init__.py":
            [value] = [
                node.value
                for node in ast.parse(text).body
                if isinstance(node, ast.Assign | ast.AnnAssign) and ast.unparse(node).startswith("__all__")
            ]
            found[module_of(path).rpartition(".")[0]] = set(ast.literal_eval(value))
    return found


def unused_offers(texts: Sequence[str], offers: Mapping[str, set[str]]) -> list[str]:
    """Return what packages offer and no module imports, by its own name or as an attribute of its package."""
    used = {name for text in texts for _, name in imports(ast.parse(text))}
    found = []
    for package, names in offers.items():
        short = package.rpartition(".")[2]
        whole = [text for text in texts if re.search(rf"^from .* import .*\b{short}\b", text, re.MULTILINE)]
        for name in sorted(names):
            own = f"{package}.{name}"
            taken = any(imported == own or imported.startswith(f"{own}.") for imported in used)
            if package != "steward" and not taken and not any(f"{short}.{name}" in text for text in whole):
                found.append(f"{package} offers {name}, which nobody uses")
    return found


def summary(text: str) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def connecting(files: Mapping[Path, str]) -> list[str]:
    """Return the calls of ``psycopg.connect`` and ``Connection.connect``."""
    return [
        f"{path}:{node.lineno} connects"
        for path, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and node.attr == "connect"
        and ast.unparse(node.value).split(".")[-1] in {"psycopg", "Connection", "AsyncConnection", "ConnectionPool"}
    ]


def assembled_sql(files: Mapping[Path, str]) -> list[str]:
    """Return SQL that Python writes: literals and f-strings that begin as a statement does, docstrings left out."""
    found = []
    for path, text in files.items():
        tree = ast.parse(text)
        docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in set(ast.walk(tree)) - docstrings:
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                parts = getattr(node, "values", [node])
                words = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts)
                if _SQL.match(words):
                    found.append(f"{path}:{node.lineno} writes SQL: {words.split()[:4]}")
    return found


def long_functions(files: Mapping[Path, str], limit: int) -> list[str]:
    """Return the functions with more lines than ``limit``, docstring and signature not counted."""
    found = []
    for path, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > limit:
                    found.append(f"{path}:{node.lineno} {node.name} has {lines} lines")
    return found


def without_all(files: Mapping[Path, str]) -> list[str]:
    """Return the modules that define something and do not say what is public."""
    found = []
    for path, text in files.items():
        body = ast.parse(text).body
        defined = [node for node in body if not isinstance(node, ast.Expr | ast.ImportFrom)]
        if defined and not any(ast.unparse(node).startswith("__all__") for node in defined):
            found.append(f"{path} has no __all__")
    return found


def strings(files: Mapping[Path, str]) -> set[str]:
    """Return all string literals, docstrings and parts of f-strings included."""
    return {
        node.value
        for text in files.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that a module binds, with its line: variables, arguments, attributes, functions and classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def named(files: Mapping[Path, str], *names: str) -> list[str]:
    """Return where something is called by one of these names, which say nothing of what it is."""
    return [
        f"{path}:{line} calls something {name}"
        for path, text in files.items()
        for line, name in bound_names(ast.parse(text))
        if name in names
    ]


def first_arguments(files: Mapping[Path, str], method: str) -> set[str]:
    """Return the literal first arguments of all calls of a method of that name."""
    return {
        node.args[0].value
        for text in files.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
