"""The relations that a statement empties, drops or strips of policies: no policy applies to such commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast, enums

from steward.isolation.analysis import function_bodies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.isolation.analysis.query_sources import Name

__all__ = ["unpoliced_commands"]

_OPENING = (enums.AlterTableType.AT_DisableRowSecurity, enums.AlterTableType.AT_NoForceRowSecurity)


def unpoliced_commands(tree: object) -> frozenset[Name]:
    """Return the relations that the statements of a tree truncate or drop, or whose policies they change."""
    return frozenset(name for node in function_bodies.nodes(tree) for name in _named(node))


def _named(node: ast.Node) -> Iterator[Name]:
    if isinstance(node, ast.TruncateStmt):
        yield from (_name(table) for table in node.relations or ())
    elif isinstance(node, ast.AlterTableStmt) and node.relation:
        if any(command.subtype in _OPENING for command in node.cmds or ()):
            yield _name(node.relation)
    elif isinstance(node, ast.CreatePolicyStmt | ast.AlterPolicyStmt) and node.table:
        yield _name(node.table)
    elif isinstance(node, ast.DropStmt) and node.removeType in {
        enums.ObjectType.OBJECT_TABLE,
        enums.ObjectType.OBJECT_POLICY,
    }:
        # A policy's name follows that of its table.
        of_policy = node.removeType == enums.ObjectType.OBJECT_POLICY
        for target in node.objects or ():
            parts = function_bodies.name_parts(target)
            parts = parts[:-1] if of_policy else parts
            yield (parts[-2] if len(parts) > 1 else None), parts[-1]


def _name(relation: ast.RangeVar) -> Name:
    return relation.schemaname, str(relation.relname)
