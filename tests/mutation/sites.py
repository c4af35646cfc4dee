"""What can be changed in a module: every site with its mutations, equivalent classes left out.

Left out, because no test could notice, or only one that repeats the text:
annotations, type aliases and docstrings; imports and `if TYPE_CHECKING`; bodies of protocols;
what an error says (arguments of exceptions); `assert`, which only narrows types here; `@dataclass`
and its arguments. Of cosmic-ray's replacements of an operator, those that no one would write by
mistake (a shift or a bitwise operator of numbers) are left out too: they raise a TypeError in the
first test that comes by, and would only flatter the figure.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider

REPLACED = {
    "Add": {"Sub"},
    "Sub": {"Add"},
    "Mul": {"Div", "Add"},
    "Div": {"Mul", "FloorDiv"},
    "FloorDiv": {"Div", "Mul"},
    "Mod": {"Div", "FloorDiv"},
    "Pow": {"Mul"},
    "BitOr": {"BitAnd"},
    "BitAnd": {"BitOr"},
    "RShift": {"LShift"},
    "LShift": {"RShift"},
    "Lt": {"LtE", "GtE"},
    "LtE": {"Lt", "Gt"},
    "Gt": {"GtE", "LtE"},
    "GtE": {"Gt", "Lt"},
    "Eq": {"NotEq"},
    "NotEq": {"Eq"},
    "Is": {"IsNot"},
    "IsNot": {"Is"},
}
"""Which of cosmic-ray's replacements of an operator are made: those that a person could write."""

SINGLE = {
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "ZeroIterationForLoop",
}
"""Cosmic-ray's operators without variants; its `ExceptionReplacer` fails on dotted names."""

PAIRS = (
    ("min", "max"),
    ("any", "all"),
    ("sin", "cos"),
    ("floor", "ceil"),
    ("minimum", "maximum"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
)
SWAPS = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
"""Functions that are taken for one another."""

OWNERS = {"story", "folder", "event", "model", "self"}
"""Arguments that cannot be mistaken for their neighbours; swapped, they would prove nothing."""

WRAPPERS = {"abs", "round", "sorted", "reversed", "set"}
"""Functions of which the argument could stand alone."""

METHODS = {"strip", "rstrip", "removesuffix", "clamp", "flip", "cumsum", "repeat", "expand"}
"""Methods of which the object could stand alone."""

Place = tuple[int, int, int, int]
"""First line and column, last line and column; lines from 1, columns in characters from 0."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        function: qualified name of the function or class it lies in; "" at the module's level.
        lines: a test that runs one of them may notice the change.
        site: operator's family and place; one mutant is drawn of a site.
        before, after: the lines that differ.
        source: the whole changed file.
    """

    module: str
    file: str
    function: str
    operator: str
    line: int
    lines: tuple[int, ...]
    site: str
    before: str
    after: str
    source: str = field(repr=False)

    @property
    def key(self) -> str:
        """The same for the same change, wherever in its function or file it moves to."""
        return _hash(self.module, self.function, self.operator, self.site, self.after)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def defined_at(path: Path, line: int) -> frozenset[str]:
    """What a line outside of functions defines: constants, or the class of a field."""
    for node in ast.parse(path.read_text()).body:
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.Assign):
            return frozenset(
                n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
            )
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            return frozenset({node.target.id})
        if isinstance(node, ast.ClassDef):
            inside = (n for n in node.body if isinstance(n, ast.FunctionDef))
            if not any(n.lineno <= line <= (n.end_lineno or n.lineno) for n in inside):
                return frozenset({node.name})
    return frozenset()


def mutants(module: str, root: Path, file: str) -> list[Mutant]:
    """Every mutant of a file that is not of a class left out."""
    code = _Code((root / file).read_text())
    found: dict[str, Mutant] = {}
    for operator, place, changed in [*_by_cosmic_ray(code), *_by_own(code)]:
        if code.leaves_out(place) or changed in found:
            continue
        function = code.function(place[0])
        before, after = _difference(code.source, changed)
        site = f"{_family(operator)} {code.text[place[0] - 1].strip()} {place[1]}"
        found[changed] = Mutant(
            module, file, function, operator, place[0], code.reaching(place), site, before, after,
            changed,
        )  # fmt: skip
    return list(found.values())


def sample(found: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """A seeded sample: one mutant of each site, sites in an order that only a seed changes.

    The order is that of hashes, so that an edit elsewhere leaves the sample as it was. Where there
    are fewer sites than `count`, further mutants of the same sites follow.
    """
    ranked = sorted(found, key=lambda mutant: _hash(str(seed), mutant.key))
    sites = {(mutant.file, mutant.site): mutant for mutant in reversed(ranked)}
    first = [mutant for mutant in ranked if sites[mutant.file, mutant.site] is mutant]
    further = [mutant for mutant in ranked if sites[mutant.file, mutant.site] is not mutant]
    return list(islice((m for m in (*first, *further) if _is_another_program(m)), count))


def _family(operator: str) -> str:
    number = operator in ("NumberReplacer", "ScaleNumber")
    return "Number" if number else operator.partition("Operator_")[0]


def _is_another_program(mutant: Mutant) -> bool:
    """Whether the changed source still is Python, and not the same as before."""
    try:
        ast.parse(mutant.source)
    except SyntaxError:
        return False
    return _shape(mutant.before) != _shape(mutant.after)


def _shape(text: str) -> str:
    """A line without brackets and spaces that do not matter, as far as it is a statement."""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return text


def _difference(source: str, changed: str) -> tuple[str, str]:
    """The lines that differ, of a change in one place."""
    old, new = source.splitlines(), changed.splitlines()
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    last = next(
        (i for i, (a, b) in enumerate(zip(old[::-1], new[::-1], strict=False)) if a != b), 0
    )
    last = min(last, len(old) - first - 1, len(new) - first - 1)
    sides = (old[first : len(old) - last], new[first : len(new) - last])
    before, after = ("\n".join(line.strip() for line in side) for side in sides)
    return before, after


class _Code:
    """A file's text and tree, and what is asked of a place in it."""

    def __init__(self, source: str):
        self.source = source
        self.tree = ast.parse(source)
        self.text = source.splitlines()
        nodes = list(ast.walk(self.tree))
        self.parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self._left_out = [self.place(node) for node in self._without_tests()]
        self._statements = [
            (self.place(node), node)
            for node in nodes
            if isinstance(node, ast.stmt | ast.ExceptHandler)
        ]
        self._named: dict[str, set[int]] = {}
        for node in nodes:
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.id if isinstance(node, ast.Name) else node.attr
                self._named.setdefault(name, set()).add(node.lineno)

    def place(self, node: ast.AST) -> Place:
        """Where a node stands; ast counts columns in bytes."""

        def column(line: int, offset: int) -> int:
            return len(self.text[line - 1].encode()[:offset].decode())

        at = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return (
            at[0], column(at[0], node.col_offset),  # type: ignore[attr-defined]
            at[1], column(at[1], node.end_col_offset),  # type: ignore[attr-defined]
        )  # fmt: skip

    def replaced(self, node: ast.AST, text: str) -> str:
        """The source with a node's text replaced."""
        line, column, last, end = self.place(node)
        above, below = self.text[: line - 1], self.text[last:]
        changed = self.text[line - 1][:column] + text + self.text[last - 1][end:]
        return "\n".join([*above, changed, *below]) + "\n"

    def leaves_out(self, place: Place) -> bool:
        return any(p[:2] <= place[:2] and place[2:] <= p[2:] for p in self._left_out)

    def function(self, line: int) -> str:
        """Qualified name of the innermost function or class around a line."""
        names = [
            node.name
            for (first, _, last, _), node in self._statements
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and first <= line <= last
        ]
        return ".".join(names)

    def _without_tests(self) -> Iterator[ast.AST]:
        for node in ast.walk(self.tree):
            match node:
                case ast.Import() | ast.ImportFrom() | ast.Assert():
                    yield node
                case ast.Expr(value=ast.Constant()):
                    yield node
                case ast.AnnAssign():
                    yield node.annotation
                case ast.Assign() if _is_type(node.value):
                    yield node
                case ast.If() if "TYPE_CHECKING" in ast.unparse(node.test):
                    yield node
                case ast.Call() if _is_error(node.func):
                    yield from (*node.args, *node.keywords)
                case ast.ClassDef() | ast.FunctionDef():
                    yield from _left_out_of_definition(node)

    def reaching(self, place: Place) -> tuple[int, ...]:
        """Lines that run where this place matters.

        Those of the innermost statement (of a compound one, its head). What runs at import alone
        matters where it is used: defaults and decorators in the body of their function, constants
        and fields wherever they are named in the file; if nowhere, in all of the file.
        """
        around = [node for p, node in self._statements if p[:2] <= place[:2] and place[2:] <= p[2:]]
        if any(isinstance(node, ast.FunctionDef) for node in around):
            statement = around[-1]
            if isinstance(statement, ast.FunctionDef):
                return tuple(range(statement.body[0].lineno, (statement.end_lineno or 0) + 1))
            body = getattr(statement, "body", None)
            last = body[0].lineno - 1 if body else statement.end_lineno or 0
            return tuple(range(statement.lineno, max(statement.lineno, last) + 1))
        names = {
            target.id
            for target in (t for node in around[-1:] for t in ast.walk(node))
            if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
        }
        used = {line for name in names for line in self._named[name]}
        used -= {line for node in around for line in (node.lineno,)}
        return tuple(sorted(used)) or tuple(range(1, len(self.text) + 1))


def _is_type(value: ast.expr) -> bool:
    text = ast.unparse(value)
    return text.startswith(("Literal[", "Callable[", "npt.NDArray[", "tuple[", "dict["))


def _is_error(function: ast.expr) -> bool:
    return ast.unparse(function).endswith(("Error", "Cancelled"))


def _left_out_of_definition(node: ast.ClassDef | ast.FunctionDef) -> Iterator[ast.AST]:
    yield from (d for d in node.decorator_list if "dataclass" in ast.unparse(d))
    if isinstance(node, ast.FunctionDef):
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        yield from (argument.annotation for argument in arguments if argument.annotation)
        if node.returns:
            yield node.returns
    elif any("Protocol" in ast.unparse(base) for base in node.bases):
        yield node


def _by_cosmic_ray(code: _Code) -> Iterator[tuple[str, Place, str]]:
    provider = OperatorProvider()
    tree = get_ast(code.source)
    nodes = list(ast_nodes(tree))
    for name in provider:
        if not _chosen(name):
            continue
        operator = provider[name]()
        for node in nodes:
            for index, (start, end) in enumerate(operator.mutation_positions(node)):
                yield name, (*start, *end), _mutated(tree, node, operator, index)


def _mutated(tree: Any, node: Any, operator: Operator, index: int) -> str:
    """The source after one mutation, which is taken back (to parse anew takes 40 ms)."""
    parent, children = node.parent, list(getattr(node, "children", [node]))
    values = [getattr(child, "value", None) for child in children]
    siblings = list(parent.children) if parent else []
    mutated = operator.mutate(node, index)
    if mutated is not node:
        parent.children[siblings.index(node)] = mutated
    code = tree.get_code()
    if parent:
        parent.children[:] = siblings
    for child, value in zip(children, values, strict=True):
        if value is not None:
            child.value = value
    if hasattr(node, "children"):
        node.children = children
    return str(code)


def _chosen(name: str) -> bool:
    family, _, variant = name.partition("Operator_")
    if family in ("ReplaceBinary", "ReplaceComparison"):
        before, after = variant.split("_")
        return after in REPLACED.get(before, ())
    return variant in ("Delete_Not", "Delete_USub", "Delete_Invert") or name in SINGLE


def _by_own(code: _Code) -> Iterator[tuple[str, Place, str]]:
    for node in ast.walk(code.tree):
        for kind, changes in _CHANGES.items():
            if isinstance(node, kind):
                for name, where, text in changes(node):
                    yield name, code.place(where), code.replaced(where, text)
        if isinstance(node, ast.stmt) and _removable(code, node):
            yield "RemoveStatement", code.place(node), code.replaced(node, "pass")


Changes = Iterator[tuple[str, ast.AST, str]]
"""(operator, node whose text is replaced, new text)."""


def _constant_changes(node: ast.Constant) -> Changes:
    if isinstance(node.value, str):
        yield "ReplaceString", node, repr("" if node.value else "other")
    elif isinstance(node.value, int | float) and not isinstance(node.value, bool) and node.value:
        yield "ScaleNumber", node, repr(2 * node.value)


def _text_changes(node: ast.JoinedStr) -> Changes:
    for index, part in enumerate(node.values):
        if isinstance(part, ast.Constant):
            rest = [*node.values[:index], *node.values[index + 1 :]]
            yield "RemoveText", node, ast.unparse(ast.JoinedStr(rest))


def _choice_changes(node: ast.IfExp) -> Changes:
    yield "TakeBody", node, f"({ast.unparse(node.body)})"
    yield "TakeElse", node, f"({ast.unparse(node.orelse)})"


def _logic_changes(node: ast.BoolOp) -> Changes:
    for index in range(len(node.values)):
        rest = [*node.values[:index], *node.values[index + 1 :]]
        kept = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        yield "RemoveOperand", node, f"({ast.unparse(kept)})"


def _sum_changes(node: ast.BinOp) -> Changes:
    yield "KeepLeft", node, f"({ast.unparse(node.left)})"
    yield "KeepRight", node, f"({ast.unparse(node.right)})"
    if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv):
        swapped = ast.BinOp(node.right, node.op, node.left)
        yield "SwapOperands", node, f"({ast.unparse(swapped)})"


def _slice_changes(node: ast.Slice) -> Changes:
    for part in ("lower", "upper", "step"):
        if getattr(node, part) is not None:
            changed = copy.copy(node)
            setattr(changed, part, None)
            yield "RemoveBound", node, ast.unparse(changed) or ":"


def _filter_changes(node: ast.comprehension) -> Changes:
    for test in node.ifs:
        yield "NegateFilter", test, f"(not ({ast.unparse(test)}))"
        yield "RemoveFilter", test, "True"


def _set_changes(node: ast.Set) -> Changes:
    for element in node.elts if len(node.elts) > 1 else ():
        rest = ast.Set([other for other in node.elts if other is not element])
        yield "RemoveElement", node, ast.unparse(rest)


def _except_changes(node: ast.ExceptHandler) -> Changes:
    if isinstance(node.type, ast.Tuple):
        for one in node.type.elts:
            kept = ast.Tuple([other for other in node.type.elts if other is not one], ast.Load())
            yield "NarrowExcept", node.type, ast.unparse(kept)
    elif node.type is not None:
        yield "NarrowExcept", node.type, "()"


def _call_changes(node: ast.Call) -> Changes:
    for keyword in node.keywords:
        if keyword.arg is not None:
            rest = ast.Call(node.func, node.args, [k for k in node.keywords if k is not keyword])
            yield "RemoveKeyword", node, ast.unparse(rest)
    for index in range(len(node.args) - 1):
        args = [*node.args]
        if OWNERS & {ast.unparse(argument) for argument in args[index : index + 2]}:
            continue
        args[index : index + 2] = args[index + 1], args[index]
        if not any(isinstance(argument, ast.Starred) for argument in args):
            swapped = ast.Call(node.func, args, node.keywords)
            yield "SwapArguments", node, ast.unparse(swapped)
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name in SWAPS:
        other = copy.deepcopy(node.func)
        setattr(other, "id" if isinstance(other, ast.Name) else "attr", SWAPS[name])
        yield "SwapFunction", node.func, ast.unparse(other)
    if isinstance(node.func, ast.Name) and name in WRAPPERS and node.args:
        yield "Unwrap", node, f"({ast.unparse(node.args[0])})"
    if isinstance(node.func, ast.Attribute) and name in METHODS:
        yield "Unwrap", node, ast.unparse(node.func.value)


def _return_changes(node: ast.Return) -> Changes:
    match node.value:
        case None | ast.Constant():
            return
        case ast.Compare() | ast.BoolOp():
            yield "NegateReturn", node.value, f"not ({ast.unparse(node.value)})"
        case ast.Tuple(elts=[first, second, *rest]):
            swapped = ast.Tuple([second, first, *rest], ast.Load())
            yield "SwapReturn", node.value, ast.unparse(swapped)
        case _:
            yield "ReturnNone", node.value, "None"


_CHANGES: dict[type[ast.AST], Callable[[Any], Changes]] = {
    ast.Constant: _constant_changes,
    ast.JoinedStr: _text_changes,
    ast.IfExp: _choice_changes,
    ast.BoolOp: _logic_changes,
    ast.BinOp: _sum_changes,
    ast.Slice: _slice_changes,
    ast.comprehension: _filter_changes,
    ast.Set: _set_changes,
    ast.ExceptHandler: _except_changes,
    ast.Call: _call_changes,
    ast.Return: _return_changes,
}
"""The operators that cosmic-ray lacks."""


def _removable(code: _Code, node: ast.stmt) -> bool:
    """Statements without which the rest still runs."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        case ast.Return():
            parent = code.parents[node]
            return isinstance(parent, ast.If) and node in parent.body
    return False
