"""Recipes: the runs behind the shipped weights, which agree with the records that were kept."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.errors import ProfileError
from core.profile import ASSETS
from core.training.command import main, train_parser
from core.training.recipe import (
    FOLDER,
    RecipeRun,
    TrainingRecipe,
    load_recipe,
    recipe_lines,
    recipe_names,
)

RECORDS = ASSETS / "training"
MANIFEST, RUNS = Path("corpus/manifest.jsonl"), Path("runs")
UNRECORDED = {"states", "examples", "codec", "known"}
"""Steps that leave no record of losses."""
RECORDED_EVERY = 10
"""Steps between two rows of a record."""


def recipes() -> dict[str, TrainingRecipe]:
    return {name: load_recipe(FOLDER / f"{name}.toml") for name in recipe_names()}


def recorded_runs() -> list[RecipeRun]:
    every = [run for recipe in recipes().values() for run in recipe.runs]
    return [run for run in every if run.step not in UNRECORDED]


def test_every_shipped_file_has_one_recipe() -> None:
    written = [file for recipe in recipes().values() for file in recipe.writes]
    there = (ASSETS / "pocket").rglob("*.safetensors")
    assert sorted(written) == sorted(p.relative_to(ASSETS / "pocket").as_posix() for p in there)


@pytest.mark.parametrize("run", recorded_runs(), ids=lambda run: run.name)
def test_a_run_took_the_steps_and_the_losses_that_its_record_shows(run: RecipeRun) -> None:
    with (RECORDS / f"{run.name}.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert run.steps is not None
    assert int(rows[-1][0]) == run.steps // RECORDED_EVERY * RECORDED_EVERY
    losses = {
        "performer": {"flow"},
        "fast": {"flow"},
        "warmup": {"mse"},
        "stage1": {"mse", "flow"},
        "plans": {"text", "reason", "mse"},
        "meaning": {"text", "reason", "mse"},
        "stage2": {"text"},
        "wishes": {"text"},
    }
    assert {row[2] for row in rows} == losses[run.step]


def test_no_record_is_kept_of_a_run_whose_weights_are_not_shipped() -> None:
    assert {path.stem for path in RECORDS.glob("*.csv")} == {run.name for run in recorded_runs()}


def test_every_line_of_a_recipe_is_one_of_the_commands() -> None:
    for recipe in recipes().values():
        for run, line in zip(recipe.runs, recipe_lines(recipe, MANIFEST, RUNS), strict=True):
            arguments = train_parser().parse_args(line)
            assert arguments.step == run.step
            assert vars(arguments).get("steps") == run.steps
            assert vars(arguments).get("start", []) == [
                Path(name) if name == "published" else RUNS / name for name in run.start
            ]
            assert vars(arguments).get("seed", 0) == 0


def test_the_lines_are_printed_as_they_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["recipe", "listener", "--manifest", "my corpus/manifest.jsonl", "--runs", "R", "--lines"])
    assert capsys.readouterr().out == (
        "python app.py train stage2 --manifest 'my corpus/manifest.jsonl' --run R/ear "
        "--from published --steps 700 --average 0.98 --per-class 200 --views 7 --ear-only\n"
    )


RUN = '[[run]]\nname = "{}"\nstep = "plans"\nsteps = 1\n'
HEAD = 'about = ""\nwrites = []\nnot_recorded = []\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + RUN.format("a") + 'from = ["b"]\n' + RUN.format("b"), "a needs b, which no run"),
        (HEAD + RUN.format("a") + "step_count = 3\n", "unknown field 'step_count'"),
        (HEAD + RUN.format("a") + 'rate = "fast"\n', "rate should be a number"),
        ('about = ""\nwrites = []\n' + RUN.format("a"), "lacks the field 'not_recorded'"),
    ],
)
def test_a_slip_in_a_recipe_is_named(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text(text)
    with pytest.raises(ProfileError, match=sentence):
        load_recipe(tmp_path / "new.toml")
