"""Recipes: the runs that made a shipped file, in their order, as data.

    python app.py train recipe performer --manifest CORPUS/manifest.jsonl --runs RUNS [--lines]

A recipe is a file of core/training/recipes/. Each of its runs is one line of `python app.py train`;
`--lines` prints them and does nothing. Every step resumes, so that a recipe that was stopped goes
on when it is started again. What was not written down when the shipped weights were made is named
in the recipe (`not_recorded`), so that a reproduction comes near and not to the bit.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from core.errors import ProfileError
from core.schema import read_dataclass

FOLDER = Path(__file__).parent / "recipes"
PUBLISHED_RUN = "published"
"""In place of a run to start from: the weights in assets/."""
_CORPUS = ("codec", "examples", "stage2")
"""Steps that read the corpus."""
_OPTIONS = ("steps", "rate", "lessons", "average", "per_class", "views")


@dataclass(frozen=True)
class RecipeRun:
    """One run.

    Attributes:
        name: also that of its folder among the runs.
        step: of `python app.py train`.
        start: runs whose weights it begins from, later ones last; `from` in the file.
        examples, states: earlier runs that made the sounds and the director's states.
        steps, rate, lessons, average, per_class, views, ear_only: options of the step; where
            nothing is said, the step's own. All seeds are 0.
        note: how the run that was shipped differed.
    """

    name: str
    step: str
    start: tuple[str, ...] = ()
    examples: str = ""
    states: str = ""
    steps: int | None = None
    rate: float | None = None
    lessons: int | None = None
    average: float | None = None
    per_class: int | None = None
    views: int | None = None
    ear_only: bool = False
    note: str = ""

    def line(self, manifest: Path, runs: Path) -> list[str]:
        """The arguments of `python app.py train` for this run."""
        line = [self.step]
        if self.step in _CORPUS:
            line += ["--manifest", str(manifest)]
        if self.step not in ("codec", "known"):
            line += ["--out" if self.step == "examples" else "--run", str(runs / self.name)]
        if self.start:
            line += ["--from", *(str(_folder(name, runs)) for name in self.start)]
        for option, made in (("--examples", self.examples), ("--states", self.states)):
            line += [option, str(runs / made)] if made else []
        for name in _OPTIONS:
            value = getattr(self, name)
            line += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
        return line + (["--ear-only"] if self.ear_only else [])


@dataclass(frozen=True)
class TrainingRecipe:
    """The runs behind some shipped files.

    Attributes:
        writes: the files, below assets/pocket/.
        not_recorded: what is not known of the runs that made them.
        after: recipes whose runs these begin from.
    """

    about: str
    writes: tuple[str, ...]
    not_recorded: tuple[str, ...]
    runs: tuple[RecipeRun, ...]
    after: tuple[str, ...] = ()


def recipe_names() -> list[str]:
    """The recipes that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(path: Path) -> TrainingRecipe:
    """Read a recipe.

    Raises:
        ProfileError: it has fields that it should not have or lacks some, or a run begins from one
            that is made later or never.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    data["runs"] = [
        {"start" if key == "from" else key: value for key, value in run.items()}
        for run in data.pop("run", [])
    ]
    recipe = read_dataclass(TrainingRecipe, data, path.name, ProfileError)
    made = {PUBLISHED_RUN}
    for before in recipe.after:
        made.update(run.name for run in load_recipe(path.with_name(f"{before}.toml")).runs)
    for run in recipe.runs:
        for needed in (*run.start, run.examples, run.states):
            if needed and needed not in made:
                raise ProfileError(
                    f"{path.name}: {run.name} needs {needed}, which no run before it makes; "
                    "put that run before it."
                )
        made.add(run.name)
    return recipe


def recipe_lines(recipe: TrainingRecipe, manifest: Path, runs: Path) -> list[list[str]]:
    """The lines of `python app.py train` that a recipe consists of."""
    return [run.line(manifest, runs) for run in recipe.runs]


def _folder(name: str, runs: Path) -> Path:
    return Path(name) if name == PUBLISHED_RUN else runs / name
