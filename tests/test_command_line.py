"""The command line as a user types it, on the tiny profile, and the rules of the repository."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core import cli
from core.audiostory import AudioStory
from core.commands import plan
from core.errors import ProfileError, WeightsError
from core.language.model import load_module
from core.profile import PROFILES, load_profile
from core.story import timeline
from core.story.library import Library
from core.story.story import Event, Story
from core.training.command import main as train

ROOT = Path(__file__).parent.parent


@pytest.fixture
def tiny_only(tiny: AudioStory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands load the tiny model, which no user can name."""
    monkeypatch.setattr(plan, "load_model", lambda profile, **_: tiny)


def run(*arguments: str) -> int:
    return cli.main(list(arguments), serve=lambda _: None)


def sequence(path: Path) -> Story:
    story = Story.load(path)
    assert sum(event.duration for event in story.events) == pytest.approx(story.total)
    return story


@pytest.mark.usefixtures("tiny_only")
def test_render_does_the_whole_job_and_repeats_it_to_the_byte(tmp_path: Path) -> None:
    outs = [tmp_path / "a.wav", tmp_path / "b.wav", tmp_path / "c.wav"]
    for out, seed in zip(outs, ("1", "1", "2"), strict=True):
        written = out.with_suffix(".json")
        asked = ("a storm", "--duration", "4", "--steps", "2", "--story", str(written))
        assert run("render", *asked, "--seed", seed, "--out", str(out)) == 0
    sound, rate = soundfile.read(outs[0])
    assert rate == 44100
    assert len(sound) == 4 * 44100
    assert 0.01 < np.abs(sound).max() <= 10 ** (-1 / 20)
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].read_bytes() != outs[2].read_bytes()
    one, other = (sequence(out.with_suffix(".json")) for out in (outs[0], outs[2]))
    assert [e.caption for e in one.events] == [e.caption for e in other.events]
    assert all(event.take is not None for event in one.events)


@pytest.mark.usefixtures("tiny_only")
def test_the_quality_can_be_chosen_and_a_fast_sampler_that_is_not_there_is_said(
    tmp_path: Path,
    tiny: AudioStory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiny.performer, "fast", None)
    out = tmp_path / "a.wav"
    asked = ("render", "a storm", "--duration", "4", "--out", str(out))
    assert run(*asked, "--draft", "--story", str(tmp_path / "a.json")) == 0
    take = sequence(tmp_path / "a.json").events[0].take
    assert take is not None
    assert (take.steps, take.guidance) == (tiny.profile.draft.steps, tiny.profile.draft.guidance)
    out.unlink()
    assert run(*asked, "--sampler", "fast") == 1
    assert "no fast sampler" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("tiny_only")
def test_an_edited_plan_is_rendered_without_planning(tmp_path: Path) -> None:
    events = (Event("e1", "hail", 0.0, 1.0), Event("e2", "a gong", 1.0, 0.7))
    edited = Story("hail, a gong", 1.7, 3, "tiny", "Two events.", events)
    edited.save(tmp_path / "edited.json")
    out = tmp_path / "out.wav"
    assert run("render", "--from", str(tmp_path / "edited.json"), "--out", str(out)) == 0
    assert soundfile.info(str(out)).frames == round(1.7 * 44100)


@pytest.mark.usefixtures("tiny_only")
def test_a_storys_folder_is_rendered_in_place_and_only_what_changed(tmp_path: Path) -> None:
    events = (Event("e1", "hail", 0.0, 1.0), Event("e2", "a gong", 1.0, 0.7))
    edited = Story("hail, a gong", 1.7, 3, "tiny", "Two events.", events)
    folder = Library(tmp_path).create(edited, "Hail")
    asked = ("render", "--from", str(folder.path), "--out", str(tmp_path / "out.wav"))
    assert run(*asked) == 0
    kept = {p: p.stat().st_mtime_ns for p in (folder.path / "takes").iterdir()}
    assert len(kept) == 4
    changed = Story.load(folder.path / "story.json")
    timeline.change(changed, "e2", caption="a bell").save(folder.path / "story.json")
    assert run(*asked) == 0
    now = {p: p.stat().st_mtime_ns for p in (folder.path / "takes").iterdir()}
    assert now.items() > kept.items()
    assert len(now) == 6
    assert soundfile.info(str(tmp_path / "out.wav")).frames == round(1.7 * 44100)


def test_a_story_of_an_imported_model_is_rendered_again_by_the_same_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, story = tmp_path / "model", tmp_path / "story.json"
    model.mkdir()
    profile = (PROFILES / "tiny.toml").read_text().replace('name = "tiny"', 'name = "mine"')
    (model / "profile.toml").write_text(profile)
    asked = ("--profile", str(model), "--out", str(tmp_path / "out.wav"))
    assert run("plan", "a storm", "--duration", "4", *asked[:2], "--story", str(story)) == 0
    assert Story.load(story).profile == "mine"
    assert run("render", "--from", str(story), *asked) == 0
    assert soundfile.info(str(tmp_path / "out.wav")).frames == 4 * 44100
    assert run("render", "--from", str(story), *asked[2:]) == 1
    assert "no profile 'mine'" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny_only")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["render", "rain", "--out", "x.mp3"], ".wav"),
        (["render", "--out", "x.wav"], "no instruction"),
        (["render", "rain", "--duration", "0.04", "--out", "x.wav"], "lasts"),
        (["render", "rain", "--seed", "-1", "--out", "x.wav"], "seed"),
        (["render", "--from", "absent.json", "--out", "x.wav"], "cannot be read"),
        (["plan", "  ", "--duration", "9"], "empty"),
    ],
)
def test_a_mistake_prints_one_sentence_and_writes_nothing(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_too_long_is_not_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", "--from", "9" * 5000, "--out", "a.mp3") == 1
    assert len(capsys.readouterr().err) < 400


def test_no_command_serves_the_studio() -> None:
    served = []
    assert cli.main([], serve=served.append) == 0
    assert cli.main(["--port", "7999"], serve=served.append) == 0
    assert [arguments.port for arguments in served] == [7860, 7999]


def test_the_random_profile_never_reaches_a_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "rain", "--profile", "tiny") == 1
    assert "for tests only" in capsys.readouterr().err


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    listed = re.search(r"\{([a-z,]+)\}", capsys.readouterr().out)
    assert listed is not None
    commands = listed[1].split(",")
    assert {"serve", "plan", "render", "export", "train", "import", "doctor"} <= set(commands)
    for command in commands:
        with pytest.raises(SystemExit) as leaving:
            run(command, "--help")
        assert leaving.value.code == 0
        assert f"usage: app.py {command}" in capsys.readouterr().out


def test_training_needs_its_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        train(["performer", "--run", str(tmp_path), "--steps", "1"])
    assert leaving.value.code == 2
    assert "--examples" in capsys.readouterr().err


@pytest.mark.parametrize("name", [path.stem for path in PROFILES.glob("*.toml")])
def test_every_profile_reads(name: str) -> None:
    assert load_profile(name).name == name


def test_a_checkpoint_imported_before_planners_had_names_keeps_its_own(tmp_path: Path) -> None:
    text = (PROFILES / "audiostory-3b.toml").read_text()
    older = text.replace('planner = "published"\n', "").replace('sha256 = ""', 'sha256 = "ab12"')
    assert older.count("ab12") == 1
    assert "planner" not in older
    (tmp_path / "profile.toml").write_text(older)
    profile = load_profile(str(tmp_path))
    assert profile.director.planner == "published"
    assert (profile.checkpoint, profile.director.sha256) == ("ab12", "")


def test_a_profile_with_a_typing_slip_is_refused(tmp_path: Path) -> None:
    text = (PROFILES / "tiny.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("crossfade =", "crosfade ="))
    with pytest.raises(ProfileError, match="crosfade"):
        load_profile(str(path))
    with pytest.raises(ProfileError, match="choose one of"):
        load_profile("nothing")


def test_weights_that_do_not_fit_are_refused_by_name(tiny: AudioStory, tmp_path: Path) -> None:
    path = tmp_path / "bridge.safetensors"
    path.write_bytes(b"\x80\x04not safetensors")
    with pytest.raises(WeightsError, match="damaged"):
        load_module(tiny.bridge, path)
    with pytest.raises(WeightsError, match="missing"):
        load_module(tiny.bridge, tmp_path / "absent.safetensors")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_the_fixed_packages_are_used() -> None:
    used = {n.split(".")[0] for p in ROOT.glob("[cs]*/**/*.py") for n in imports(p)}
    fixed = [
        "gradio",
        "torch",
        "transformers",
        "peft",
        "diffusers",
        "pydub",
        "matplotlib",
        "soundfile",
    ]
    assert set(fixed) <= used


def test_shipped_weights_are_small_enough() -> None:
    sizes = [path.stat().st_size for path in (ROOT / "assets").rglob("*") if path.is_file()]
    assert max(sizes) < 60_000_000
    assert sum(sizes) < 150_000_000
    assert json.loads((ROOT / "assets/pocket/tokenizer/tokenizer.json").read_text())
