"""The house rules of the code: who may import whom, and that a public name stands once.

Each rule reads the syntax trees alone and reports what breaks it as "file:line: rule". The rules
are themselves tried on a small tree that breaks each of them.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = (
    ("errors", "ownership", "processes", "allocator", "time_format"),
    ("environment", "places", "detached"),
    ("files", "network"),
    ("code_digest",),
    ("schema",),
    ("taxonomy",),
    ("profile",),
    ("audio",),
    ("language",),
    ("performer", "codec"),
    ("story",),
    ("mix",),
    ("bridge",),
    ("listener",),
    ("placement",),
    ("library",),
    ("audiostory",),
    ("render",),
    ("director",),
    ("export",),
    ("release",),
    ("pretrained", "own_sounds"),
    ("performers",),
    ("farm",),
    ("batch",),
    ("corpus",),
    ("narratives",),
    ("evaluation", "training"),
    ("experiments",),
    ("doctor", "commands"),
    ("cli",),
)
"""Rooms of core from the bottom; a room imports what stands before it, never a neighbour."""
STUDIO_LAYERS = (
    ("addresses", "access"),
    ("jobs",),
    ("sessions",),
    ("sound", "editing"),
    ("state",),
    ("page",),
    ("view",),
    ("handlers",),
    ("tools",),
    ("server",),
    ("replicas",),
    ("screenshots",),
)
"""The same for the studio, which may use all of core."""
ONLY = {
    "audio": {"errors"},
    "language": {"errors", "files", "places", "profile"},
    "story": {
        "errors",
        "files",
        "ownership",
        "processes",
        "schema",
        "profile",
        "audio",
        "language",
    },
    "mix": {"errors", "files", "story"},
    "export": {"errors", "files", "ownership", "profile", "audio", "story", "mix"},
}
"""Rooms that need still less than what stands before them: the language model knows no sound, and
a story is data (of the language it knows the text of the stream)."""
MODEL_PACKAGES = {"torch", "diffusers", "transformers", "peft"}
FLUX = {
    "transformer_blocks",
    "single_transformer_blocks",
    "norm1_context",
    "x_embedder",
    "context_embedder",
    "time_text_embed",
}
"""Parts of diffusers' FluxTransformer2DModel."""
DEFINED_TWICE = {
    "main": "every command with a parser of its own has one",
    "add_arguments": "every sub-command has one",
    "run": "every sub-command has one",
}
"""Public names that several modules define, with the reason."""


@dataclass(frozen=True)
class Module:
    """A source file: its dotted name, its path below the root, its syntax tree."""

    name: str
    file: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder or file directly below the package."""
        return (self.name + ".").split(".")[1]

    def imports(self) -> Iterator[tuple[str, int]]:
        """Dotted names that are imported anywhere in the file, with their lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield f"{node.module}.{alias.name}", node.lineno


def read_modules(root: Path) -> dict[str, Module]:
    """The modules of core and studio by dotted name."""
    found = {}
    for package in ("core", "studio"):
        for path in sorted((root / package).rglob("*.py")):
            file = path.relative_to(root)
            name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
            found[name] = Module(name, file.as_posix(), ast.parse(path.read_text("utf-8")))
    return found


def targets(module: Module, modules: dict[str, Module]) -> Iterator[tuple[str, int]]:
    """The modules among `modules` that a module imports, with the lines."""
    for dotted, line in module.imports():
        owner = dotted if dotted in modules else dotted.rpartition(".")[0]
        if owner in modules and owner != module.name:
            yield owner, line


def upward_imports(modules: dict[str, Module]) -> Iterator[str]:
    for module in modules.values():
        package = module.name.partition(".")[0]
        layers = STUDIO_LAYERS if package == "studio" else LAYERS
        level = {room: number for number, rooms in enumerate(layers) for room in rooms}
        if not module.room:
            continue
        if module.room not in level:
            yield f"{module.file}:1: {package}/{module.room} has no place in LAYERS; give it one."
            continue
        for target, line in targets(module, modules):
            its_package, _, rest = target.partition(".")
            room = rest.partition(".")[0]
            if room == module.room or (package, its_package) == ("studio", "core"):
                continue
            below = its_package == package and level.get(room, len(layers)) < level[module.room]
            if not below or (package == "core" and room not in ONLY.get(module.room, {room})):
                yield (
                    f"{module.file}:{line}: {module.room} may not import {target}; "
                    "imports go downwards only (LAYERS, ONLY)."
                )


def import_cycles(modules: dict[str, Module]) -> Iterator[str]:
    """A cycle is reported once, from its first module in the alphabet."""
    edges = {name: dict(targets(module, modules)) for name, module in modules.items()}
    for start in sorted(edges):
        before: dict[str, str] = {}
        waiting = [start]
        while waiting and start not in before:
            here = waiting.pop()
            for there in edges[here]:
                if there not in before and there >= start:
                    before[there] = here
                    waiting.append(there)
        if start in before:
            path = [start]
            while len(path) == 1 or path[0] != start:
                path.insert(0, before[path[0]])
            line = edges[start][path[1]]
            yield f"{modules[start].file}:{line}: imports run in a circle: {' -> '.join(path)}."


def foreign_packages(modules: dict[str, Module]) -> Iterator[str]:
    for module in modules.values():
        within_core = module.name.startswith("core")
        forbidden = {"gradio", "studio"} if within_core else MODEL_PACKAGES
        reason = "core knows no page" if within_core else "the page holds no model code"
        for dotted, line in module.imports():
            if (package := dotted.partition(".")[0]) in forbidden:
                yield f"{module.file}:{line}: {module.name} may not import {package}; {reason}."


def performer_internals(modules: dict[str, Module]) -> Iterator[str]:
    for module in modules.values():
        if module.room == "performer":
            continue
        for node in ast.walk(module.tree):
            if (name := _word(node)) and (name in FLUX or name.startswith("Flux")):
                yield (
                    f"{module.file}:{node.lineno}: {name} is inside of one performer; "
                    "ask the Performer protocol instead."
                )


def _word(node: ast.AST) -> str:
    """A name, an attribute, an imported name or the head of a dotted text."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name.rpartition(".")[2]
        case ast.Constant(value=str(text)):
            return next((part for part in text.split(".") if part in FLUX), "")
    return ""


def codecs_told_apart(modules: dict[str, Module]) -> Iterator[str]:
    for module in modules.values():
        if module.room == "codec":
            continue
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                    named = {n.id for n in ast.walk(kinds) if isinstance(n, ast.Name)}
                    if codecs := sorted(name for name in named if name.endswith("Codec")):
                        yield (
                            f"{module.file}:{node.lineno}: isinstance(…, {codecs[0]}); "
                            "ask the Codec protocol instead."
                        )


def names_defined_twice(modules: dict[str, Module]) -> Iterator[str]:
    places = defaultdict(list)
    for module in modules.values():
        if module.name.startswith("core"):
            for name, line in _public(module):
                places[name].append((module.file, line))
    for name, found in sorted(places.items()):
        if len({file for file, _ in found}) > 1 and name not in DEFINED_TWICE:
            others = ", ".join(dict.fromkeys(file for file, _ in found[1:]))
            yield f"{found[0][0]}:{found[0][1]}: the public name {name} is also that of {others}."


def _public(module: Module) -> Iterator[tuple[str, int]]:
    """Names that the module's top level defines, without a leading underscore."""
    for node in module.tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names = [name]
            case ast.Assign(targets=assigned):
                names = [each.id for each in assigned if isinstance(each, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        yield from ((name, node.lineno) for name in names if not name.startswith("_"))


Rule = Callable[[dict[str, Module]], Iterator[str]]
RULES: tuple[Rule, ...] = (
    upward_imports,
    import_cycles,
    foreign_packages,
    performer_internals,
    codecs_told_apart,
    names_defined_twice,
)

OPEN: dict[Rule, tuple[str, ...]] = {}
"""Files that still break a rule."""


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return read_modules(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Rule, modules: dict[str, Module]) -> None:
    open_still = OPEN.get(rule, ())
    broken = [line for line in rule(modules) if not line.startswith(open_still or ("\0",))]
    assert not broken, "\n" + "\n".join(broken)


def test_every_room_stands_in_one_layer() -> None:
    for layers in (LAYERS, STUDIO_LAYERS):
        rooms = [room for layer in layers for room in layer]
        assert len(rooms) == len(set(rooms))
    assert len(read_modules(ROOT)) > 100, "the tree was not found"


OFFENCES: dict[Rule, tuple[dict[str, str], str]] = {
    upward_imports: (
        {
            "story/story.py": "def f():\n    from core.mix.mix import mix\n",
            "mix/mix.py": "mix = 1\n",
        },
        "core/story/story.py:2: story may not import core.mix.mix",
    ),
    import_cycles: (
        {
            "story/a.py": "from core.story import b\n",
            "story/b.py": "from core.story.c import c\n",
            "story/c.py": "def c():\n    import core.story.a\n",
        },
        "core/story/a.py:1: imports run in a circle: "
        "core.story.a -> core.story.b -> core.story.c -> core.story.a.",
    ),
    foreign_packages: (
        {"../studio/page.py": "import torch.nn\n"},
        "studio/page.py:1: studio.page may not import torch",
    ),
    performer_internals: (
        {"render/render.py": "\n\ndef f(p):\n    return p.transformer_blocks\n"},
        "core/render/render.py:4: transformer_blocks is inside of one performer",
    ),
    codecs_told_apart: (
        {"render/render.py": "def f(c):\n    return isinstance(c, (int, SpectralCodec))\n"},
        "core/render/render.py:2: isinstance(…, SpectralCodec)",
    ),
    names_defined_twice: (
        {
            "story/a.py": "RATE = 1\n",
            "story/b.py": "\nRATE: int = 2\n",
            "story/c.py": "_RATE = 3\n",
        },
        "core/story/a.py:1: the public name RATE is also that of core/story/b.py.",
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_breaks_a_rule_is_named_with_its_file_and_line(rule: Rule, tmp_path: Path) -> None:
    files, sentence = OFFENCES[rule]
    for name, text in files.items():
        path = tmp_path / "core" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = list(rule(read_modules(tmp_path)))
    assert len(found) == 1
    assert found[0].startswith(sentence)
