"""What README, MODEL_CARD and docs/ name is there: paths, links, commands, modules and names."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from test_layout import LAYERS

from core import cli
from core.experiments import card
from core.pretrained.kinds import PRETRAINED
from core.profile import ASSETS, PROFILES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "MODEL_CARD.md", *sorted((ROOT / "docs").glob("*.md"))]
LONGEST_CARD, LONGEST_README = 250, 150

GROUPS = ("train", "evaluate", "bench", "performer", "sound")
"""Commands that have commands of their own."""
FOLDERS = ("core", "studio", "tests", "assets", "docs", "training", "tools", ".ci")
ELSEWHERE = {
    # of other projects, and values
    *("FluxTransformer2DModel", "aisfx", "mn04_as", "chromium", "gradio_client", "published"),
    *(
        "spectral",
        "oobleck",
        "package",
        "folder",
        "random",
        "whisper",
        "none",
        "grammar",
        "all",
        "_cpu",
    ),
    # what the published checkpoint and a story's folder hold
    *(
        "cached.toml",
        "story.json",
        "changes.jsonl",
        "render.json",
        "migration.json",
        "performers.json",
        "manifest.jsonl",
    ),
    *("losses.csv", "state.pt", "average.safetensors", "features.safetensors"),
    # names of earlier days, in the log alone
    *("evaluate manners", "stage1m", "stage1b", "stage3", "fast12"),
}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def spans(page: Path) -> Iterator[str]:
    """What stands in backticks, and the words of code blocks that are paths or modules."""
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    yield from re.findall(r"`([^`\n]+)`", text)
    for line in re.findall(r"(?m)^ {4}(.+)$", text):
        yield from re.findall(r"(?:core|studio|tests)[./][\w./]+", line)


def commands(page: Path) -> Iterator[list[str]]:
    """Command lines of this program as words, in backticks and in code blocks."""
    lines = [line.strip() for line in page.read_text(encoding="utf-8").splitlines()]
    written = [line for line in lines if re.match(r"(\.venv/bin/)?python ", line)]
    for line in [*written, *spans(page)]:
        found = re.match(r"(?:(?:\.venv/bin/)?python )?app\.py\b(.*)", line)
        if found:
            yield shlex.split(found[1].split("#")[0])
        elif line.split()[0] in GROUPS and line not in ELSEWHERE:
            yield shlex.split(line)


@cache
def help_of(command: tuple[str, ...]) -> str:
    """What a command says of itself.

    Raises:
        AssertionError: there is no such command.
    """
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        pytest.raises(SystemExit) as stop,
    ):
        cli.main([*command, "--help"], serve=lambda _: None)
    assert stop.value.code == 0, f"{' '.join(command)}: {printed.getvalue()}"
    return printed.getvalue()


@cache
def defined_in(file: Path) -> frozenset[str]:
    """Names of functions, classes, arguments, keywords and constants in a source file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            found.add(node.arg)
    return frozenset(found)


@cache
def names() -> frozenset[str]:
    """Names that the code defines, and of runs, evaluations, profiles and their fields."""
    found = {*ELSEWHERE, *GROUPS}
    for folder in ("core", "studio", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= {path.stem, *defined_in(path)}
    found |= {
        path.stem for name in ("training", "evaluation") for path in (ASSETS / name).iterdir()
    }
    found |= {path.stem for path in PROFILES.glob("*.toml")} | set(PRETRAINED)
    return frozenset(found)


def resolves(dotted: str) -> bool:
    """Whether this is a module, or names in one."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:count])
        if path.is_dir():
            return count == len(parts)
        if (file := path.with_suffix(".py")).is_file():
            return set(parts[count:]) <= defined_in(file)
    return False


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            heads = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8"))
            slugs = {
                re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads
            }
            assert anchor in slugs, target


@by_page
def test_paths_are_there(page: Path) -> None:
    for span in spans(page):
        path = span.split(":")[0].rstrip("/")
        if (
            "/" in path
            and path.split("/")[0] in FOLDERS
            and not re.search(r"[A-Z]{3,}|[\s…]", path)
        ):
            assert (ROOT / path).exists() or list(ROOT.glob(path)), span


@by_page
def test_commands_parse(page: Path) -> None:
    for words in commands(page):
        wanted = [word.split("=")[0] for word in words if re.match(r"--[a-z]", word)]
        plain = [word for word in words[:2] if re.fullmatch(r"[a-z]\w*", word)]
        command = plain[: 2 if words[:1] and words[0] in GROUPS else 1]
        told = help_of(tuple(command or ["serve"]))
        for option in wanted:
            assert option in told or option in help_of(("--help",)), f"{words}: {option}"


@by_page
def test_modules_and_names_are_defined(page: Path) -> None:
    for span in spans(page):
        if re.fullmatch(r"(core|studio|tests)(\.\w+)+", span):
            assert resolves(span), span
        elif re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*(\(\))?", span) and not re.match(r"app\.py", span):
            missing = [part for part in span.removesuffix("()").split(".") if part not in names()]
            assert not missing or span in ELSEWHERE or (ROOT / span).exists(), span


@by_page
def test_modules_that_are_run_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for module in re.findall(r"python -m ((?:core|studio|tests)[\w.]*)", text):
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@by_page
def test_make_targets_are_there(page: Path) -> None:
    rules = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    text = page.read_text(encoding="utf-8")
    for target in [*re.findall(r"(?m)^ {4}make (\S+)", text), *re.findall(r"`make ([\w-]+)", text)]:
        assert target in rules, target


def test_the_card_is_short_and_the_readme_shows_two_commands() -> None:
    card_lines = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8").splitlines()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(card_lines) < LONGEST_CARD
    assert len(readme.splitlines()) < LONGEST_README
    assert re.findall(r"(?m)^ {4}(make .+)$", readme) == ["make studio", "make test"]


def test_the_card_and_all_tables_are_those_of_the_files_kept() -> None:
    advice = "write them anew: python app.py card"
    tables, runs, page = (
        (ROOT / path).read_text(encoding="utf-8") for path in (card.TABLES, card.RUNS, card.CARD)
    )
    assert tables == card.tables(ASSETS / "evaluation"), advice
    assert runs == card.runs(ASSETS / "training"), advice
    assert card.headlines(ASSETS / "evaluation") in page, advice


def test_the_table_of_folders_stands_in_the_order_of_the_layers() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("## Folders and layers")[2].partition("\n## ")[0]
    shown = re.findall(r"(?m)^\| (`core/.+?) \|", table)
    rows = [re.findall(r"`core/(\w+)", cell) for cell in shown]
    level = {folder: number for number, layer in enumerate(LAYERS) for folder in layer}
    levels = [max(level[folder] for folder in row) for row in rows]
    assert levels == sorted(levels, reverse=True)
    assert {folder for row in rows for folder in row} == set(level)
