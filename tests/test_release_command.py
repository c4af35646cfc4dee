"""What `render --exact` understands: the published command's habits, each by an option."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import pytest

from core import cli
from core.commands import render
from core.director.published import read_caption
from core.errors import FileError, PlanError, StoryError
from core.language.stream import prompt_text
from core.release.command import ExactRun, read_exact_run
from core.release.exact import Joining

PHRASES = ["Tell at length ", "Paint in sound ", "Let me hear "]


def asked(*options: str) -> ExactRun:
    parser = argparse.ArgumentParser()
    render.add_arguments(parser)
    return read_exact_run(parser.parse_args(["rain", "--exact", "--out", "a.wav", *options]))


def test_what_is_not_given_is_as_the_published_command_has_it() -> None:
    """50 s, told as "50" since that is an int there; noise of seed 0; 3 s of cross-fade, 32 kHz."""
    for options in ((), ("--total-seconds-as-float",)):
        assert asked(*options) == ExactRun("rain", 50.0, False, 0, None, Joining(3.0, 32_000))
    assert "duration is 50 seconds." in prompt_text("rain", 50.0)


@pytest.mark.parametrize(
    ("duration", "plain", "as_float"),
    [("50", "50", "50.0"), ("7.5", "7.5", "7.5"), ("100.25", "100.25", "100.25")],
)
def test_a_length_that_is_given_can_be_told_as_a_float(
    duration: str, plain: str, as_float: str
) -> None:
    for options, told in (((), plain), (("--total-seconds-as-float",), as_float)):
        run = asked("--duration", duration, *options)
        text = prompt_text(run.instruction, run.total, as_float=run.as_float)
        assert f" The total duration is {told} seconds.<|im_end|>" in text


@pytest.mark.parametrize("seed", range(6))
def test_the_phrase_is_the_one_that_the_release_draws_and_the_noise_stays_at_seed_0(
    tmp_path: Path, seed: int
) -> None:
    """The release's own file is read and not run."""
    code = tmp_path / "inference.py"
    code.write_text(f"import hydra\nGEN_PROMPT_ALL = {PHRASES!r}\nraise SystemExit('was run')\n")
    lines = tmp_path / "phrases.txt"
    lines.write_text("\n".join(PHRASES))
    random.seed(seed)
    right = (random.choice(PHRASES) + "rain").strip()
    for path in (code, lines):
        run = asked("--phrase-seed", str(seed), "--phrases", str(path))
        assert run.instruction == right
        assert run.seed == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.py", "GEN_PROMPT_ALL = [1]"), ("a.py", "def (:"), ("a.py", "X = ['a']"), ("a.txt", " \n")],
)
def test_a_file_without_phrases_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match="no phrases"):
        asked("--phrase-seed", "1", "--phrases", str(tmp_path / name))
    with pytest.raises(FileError, match="cannot be read"):
        asked("--phrase-seed", "1", "--phrases", str(tmp_path / "missing.py"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--phrase-seed", "1"), "--phrases"),
        (("--draft",), "--draft"),
        (("--director", "http://localhost:1"), "--director"),
        (("--sampler", "fast"), "--sampler"),
        (("--crossfade-sec", "-1"), "cross-fade"),
        (("--crossfade-sec", "nan"), "cross-fade"),
        (("--target-sr", "0"), "sample rate"),
        (("--max-new-tokens", "0"), "tokens"),
        (("--seed", "-1"), "seed"),
        (("--duration", "inf"), "duration"),
    ],
)
def test_what_does_not_suit_is_said_before_the_model_is_loaded(
    options: tuple[str, ...], said: str
) -> None:
    with pytest.raises(StoryError, match=said):
        asked(*options)


@pytest.mark.parametrize(
    "option",
    [
        ["--total-seconds-as-float"],
        ["--phrase-seed", "1"],
        ["--phrases", "a.py"],
        ["--crossfade-sec", "1"],
        ["--target-sr", "44100"],
        ["--max-new-tokens", "9"],
    ],
)
def test_its_options_mean_nothing_without_it(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["render", "rain", "--out", "a.wav", *option], serve=lambda _: None) == 1
    assert f"{option[0]} is of an exact run; add --exact." in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("-2", -2.0), (" 3.5 ", 3.5)])
def test_any_number_is_a_length_in_an_exact_run(text: str, seconds: float) -> None:
    head = f"rain<timestamp>{text}</timestamp>"
    assert read_caption(head, any_number=True) == ("rain", seconds)
    if seconds <= 0:
        with pytest.raises(PlanError, match="no duration"):
            read_caption(head)


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-inf"])
def test_what_is_no_number_is_no_length(text: str) -> None:
    with pytest.raises(PlanError, match="no duration"):
        read_caption(f"rain<timestamp>{text}</timestamp>", any_number=True)
