"""A digest of code, for what depends on more than weights and settings.

What is read to the model and how it is sampled is code as well as data. A number that somebody
raises by hand when such code changes is forgotten one day; the code itself is not.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType


def code_digest(modules: Iterable[ModuleType]) -> str:
    """16 hex digits of what modules compute: comments, docstrings and layout do not count."""
    digest = hashlib.sha256()
    for module in modules:
        assert module.__file__ is not None
        digest.update(_statements(Path(module.__file__).read_text(encoding="utf-8")).encode())
    return digest.hexdigest()[:16]


def _statements(source: str) -> str:
    """The source written anew from its syntax tree, without texts that are no part of it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not _is_text(s)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_text(statement: ast.AST) -> bool:
    """Whether a statement is a docstring, of a module, class, function or name."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
