"""Own sounds: learned from few recordings, named in captions, handed on; nothing else moves."""

from __future__ import annotations

import csv
import dataclasses
import json
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from core.audiostory import AudioStory
from core.commands import sound as command
from core.corpus.vocabulary import BY_NAME
from core.errors import AudioFileError, Cancelled, FileError, RenderError, StudioError, WeightsError
from core.experiments import own_sounds as evaluation
from core.own_sounds.base import load_base
from core.own_sounds.own_sound import OwnSound, read_about, read_learned
from core.own_sounds.recordings import (
    SoundRecording,
    read_recordings_of,
    recordings_in,
    trimmed,
    version_of,
)
from core.own_sounds.store import OwnSounds, export_sound, find_sound, import_sound, remove_sound
from core.performer.low_rank import block_layers, merge_updates
from core.performer.naming import names_in
from core.performers import OtherPerformers
from core.profile import OWN, RenderSettings, load_profile
from core.render.perform import perform
from core.render.performers import Performers
from core.render.takes import TakeRequest, due, vary
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.training import own_sound as training
from core.training.own_sound import LessonProgress
from core.training.sound_lessons import (
    SoundToLearn,
    begin_lesson,
    check_wanted,
    drop_lesson,
    finish_lesson,
    lesson_folder,
    lessons_left,
)
from studio.view.performers import performer_choices
from studio.view.takes import made_with

RATE = 44_100
TINY = load_profile("tiny")
STEPS = 12
PING = SoundToLearn("my ping", "CC0-1.0", True, ("the old ping",), "Ada")


def write_pings(folder: Path, count: int = 5) -> list[Path]:
    """Short decaying tones, each of another pitch, with silence around them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        t = np.arange(RATE // 2) / RATE
        tone = 0.5 * np.sin(2 * np.pi * (500 + 40 * number) * t) * np.exp(-6 * t)
        samples = np.concatenate([np.zeros(4000), tone, np.zeros(4000)])
        paths.append(folder / f"ping {number}.wav")
        soundfile.write(paths[-1], samples.astype(np.float32), RATE)
    return paths


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of own sounds with "my ping" in it, learned by the tiny model."""
    home = tmp_path_factory.mktemp("sounds")
    begin_lesson(TINY, home, PING, write_pings(home / "recordings"), steps=STEPS)
    finish_lesson(TINY, home, PING.name)
    return home


@pytest.fixture
def performers(learned: Path) -> Performers:
    return Performers(TINY, OwnSounds(learned, TINY))


@pytest.fixture
def folder(tmp_path: Path) -> StoryFolder:
    events = (
        Event("e1", "rain on a roof", 0.0, 1.0),
        Event("e2", "My Ping, far away", 1.0, 1.0),
    )
    story = Story("rain, then my ping", 2.0, 3, "tiny", "", events)
    return Library(tmp_path / "stories").create(story)


def make(
    model: AudioStory, folder: StoryFolder, performers: Performers, settings: RenderSettings
) -> None:
    requests = [TakeRequest(event.id) for event in folder.story.events]
    list(perform(model, folder, requests, settings, group="g", performers=performers))


def sound_of(folder: StoryFolder, event_id: str) -> np.ndarray:
    take = folder.story.event(event_id).take
    assert take is not None
    samples: np.ndarray = soundfile.read(folder.path / take.file, dtype="int32")[0]
    return samples


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_STEP_TOKENS", 120)


def test_learning_makes_the_recordings_likelier(tmp_path: Path) -> None:
    lesson = begin_lesson(TINY, tmp_path, PING, write_pings(tmp_path / "r"), steps=60)
    training.learn_sound(TINY, lesson)
    with (lesson / "run" / "losses.csv").open() as file:
        losses = [float(row[3]) for row in csv.reader(file)]
    assert len(losses) == 6
    assert np.mean(losses[-2:]) < 0.9 * losses[0]


def test_what_was_learned_says_from_what_under_which_terms_and_for_whom(learned: Path) -> None:
    path, about = find_sound(learned, "MY ping")
    assert path == learned / "my-ping.safetensors"
    assert (about.recordings, about.licence, about.recorded_by) == (5, "CC0-1.0", "Ada")
    assert about.shortest == pytest.approx(0.5, abs=0.05)
    assert "agrees to their being learned" in about.consent
    assert not list((learned / "lessons").glob("*/")), "the recordings' latents are gone"
    sound = read_learned(path)
    assert sound.condition.shape == (4, 32)
    assert any(factors.up.abs().max() > 0 for factors in sound.updates.values())
    assert path.stat().st_size < 200_000


def test_an_event_that_names_a_sound_is_performed_by_it_and_its_take_says_so(
    tiny: AudioStory, folder: StoryFolder, performers: Performers, learned: Path
) -> None:
    make(tiny, folder, performers, TINY.final)
    ours, theirs = (event.take for event in folder.story.events)
    assert ours is not None
    assert theirs is not None
    assert (ours.performer, theirs.performer) == (OWN, "sound:my ping")
    assert theirs.licence == "CC0-1.0"
    assert theirs.source == "learned from 5 recordings by Ada"
    assert (theirs.steps, theirs.guidance, theirs.context) == (16, 1.0, None)
    assert np.abs(sound_of(folder, "e2")).max() > 0
    assert not due(folder, TINY.final, TINY.crossfade, performers=performers)
    request = vary(folder, "e2", theirs.key, 0.5)
    list(perform(tiny, folder, [request], TINY.final, group="v", performers=performers))
    assert folder.story.event("e2").take.key != theirs.key  # type: ignore[union-attr]


def test_drafts_and_finals_are_both_the_sounds_own_and_equal_seeds_sound_equal(
    tiny: AudioStory, tmp_path: Path, performers: Performers, learned: Path
) -> None:
    found = []
    for number, settings in enumerate((TINY.draft, TINY.draft, TINY.final)):
        story = Story("x", 1.0, 3, "tiny", "", (Event("e1", "my ping", 0.0, 1.0),))
        made = Library(tmp_path / str(number)).create(story)
        make(tiny, made, Performers(TINY, OwnSounds(learned, TINY)), settings)
        found.append((made.story.event("e1").take, sound_of(made, "e1")))
    (draft, first), (again, second), (final, third) = found
    assert draft.key == again.key != final.key  # type: ignore[union-attr]
    np.testing.assert_array_equal(first, second)
    assert (draft.steps, final.steps) == (8, 16)  # type: ignore[union-attr]
    assert not np.array_equal(first, third)


def test_what_the_model_performs_otherwise_stays_to_the_bit(
    tiny: AudioStory, tmp_path: Path, performers: Performers
) -> None:
    events = (Event("e0", "rain", 0.0, 1.0), Event("e1", "my ping", 0.0, 1.0, layer=1))
    story = Story("x", 1.0, 3, "tiny", "", events)

    def rain(name: str, by: Performers) -> tuple[str, np.ndarray]:
        made = Library(tmp_path / name).create(story)
        make(tiny, made, by, TINY.final)
        return made.story.event("e0").take.key, sound_of(made, "e0")  # type: ignore[union-attr]

    key, before = rain("before", Performers(TINY))
    after_key, after = rain("after", performers)
    assert performers.named("sound:my ping")._loaded is not None  # type: ignore[attr-defined]
    assert key == after_key
    np.testing.assert_array_equal(before, after)


def test_what_was_learned_is_heard(tiny: AudioStory, tmp_path: Path, learned: Path) -> None:
    """The updates and the condition both have a part in the sound."""
    sounds = OwnSounds(learned, TINY)
    performer = sounds["sound:my ping"]
    network, _, condition = performer._ready()
    loaded = network.state_dict()
    fresh, _ = load_base(TINY)
    changed = [name for name, value in fresh.state_dict().items() if value.ne(loaded[name]).any()]
    assert set(changed) == {f"{name}.weight" for name in block_layers(fresh)}
    assert not torch.equal(condition, fresh.negative[0])


def test_the_page_says_whom_a_caption_names(folder: StoryFolder, performers: Performers) -> None:
    story = folder.story
    shown = performer_choices(story, story.event("e2"), performers)
    assert "whom its caption names (my ping)" in shown
    assert "licence: CC0-1.0" in shown
    assert "as the story (Tiny" in performer_choices(story, story.event("e1"), performers)


def test_a_sound_learned_anew_has_other_keys(tmp_path: Path) -> None:
    keys = []
    for name in ("a", "b"):
        home = tmp_path / name
        pings = write_pings(home / "recordings", 5 if name == "a" else 6)
        begin_lesson(TINY, home, PING, pings, steps=2)
        finish_lesson(TINY, home, PING.name)
        keys.append(OwnSounds(home, TINY)["sound:my ping"].description.weights)
    assert keys[0] != keys[1]


def test_a_story_whose_sound_is_not_here_keeps_its_take_and_says_what_lacks(
    tiny: AudioStory, folder: StoryFolder, performers: Performers
) -> None:
    make(tiny, folder, performers, TINY.final)
    without = Performers(TINY)
    take = folder.story.event("e2").take
    assert take is not None
    assert made_with(take, performers).endswith(
        "by my ping, learned from 5 recordings by Ada, CC0-1.0"
    )
    assert "by my ping, an own sound that is not here: import it" in made_with(take, without)
    assert not due(folder, TINY.final, TINY.crossfade, performers=without)
    asked = timeline.change(folder.story, "e2", performer="sound:my ping")
    folder.edit("edit", lambda story: asked)
    with pytest.raises(RenderError, match="own sound 'my ping' is not here; import it"):
        make(tiny, folder, without, TINY.final)
    renamed = timeline.change(folder.story, "e2", performer=None, caption="a bell")
    folder.edit("edit", lambda story: renamed)
    assert [r.event_id for r in due(folder, TINY.final, TINY.crossfade, performers=without)] == [
        "e2"
    ]


@pytest.mark.parametrize(
    ("caption", "named"),
    [
        ("My Ping rings twice", True),
        ("a door, then MY PING.", True),
        ("the old ping", True),
        ("my pinging ears", False),
        ("ping my phone", False),
        ("my-ping", True),
        ("", False),
    ],
)
def test_a_name_counts_where_its_words_stand_together(caption: str, named: bool) -> None:
    assert names_in(caption, ["my ping", "the old ping"]) is named


def test_the_longest_name_wins_and_who_asks_for_another_gets_it(learned: Path) -> None:
    class Other:
        def __init__(self, name: str, answers: tuple[str, ...]) -> None:
            sounds = OwnSounds(learned, TINY)
            self.description = dataclasses.replace(
                sounds["sound:my ping"].description, name=name, answers_to=answers
            )

    both = {
        "sound:ping": Other("sound:ping", ("ping",)),
        "sound:my ping": Other("sound:my ping", ("my ping",)),
    }
    by = Performers(TINY, both)  # type: ignore[arg-type]
    events = (
        Event("e1", "my ping", 0.0, 1.0),
        Event("e2", "a ping", 0.0, 1.0, layer=1),
        Event("e3", "my ping", 0.0, 1.0, layer=2, performer=OWN),
        Event("e4", "rain", 0.0, 1.0, layer=3),
    )
    story = Story("x", 1.0, 3, "tiny", "", events)
    assert by.asked(story) == {"e1": "sound:my ping", "e2": "sound:ping", "e3": OWN, "e4": OWN}


def test_a_lesson_that_was_stopped_goes_on_and_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_SAVED_EVERY", 0.0)
    pings = write_pings(tmp_path / "recordings")
    for home in ("whole", "stopped"):
        begin_lesson(TINY, tmp_path / home, PING, pings, steps=8)
    finish_lesson(TINY, tmp_path / "whole", PING.name)
    stop, seen = threading.Event(), list[int]()

    def at(progress: LessonProgress) -> None:
        seen.append(progress.step)
        if progress.step == 4:
            stop.set()

    stopped = tmp_path / "stopped"
    with pytest.raises(Cancelled):
        finish_lesson(TINY, stopped, PING.name, at, stop)
    assert seen == [0, 1, 2, 3, 4]
    assert list(lessons_left(stopped)) == ["my ping"]
    seen.clear()
    finish_lesson(TINY, stopped, PING.name, at)
    assert seen == [5, 6, 7, 8]
    assert not lessons_left(stopped)
    files = [load_file(tmp_path / home / "my-ping.safetensors") for home in ("whole", "stopped")]
    assert files[0].keys() == files[1].keys()
    assert all(torch.equal(files[0][name], files[1][name]) for name in files[0])


def test_a_lesson_can_be_dropped_and_none_is_gone_on_with_then(tmp_path: Path) -> None:
    begin_lesson(TINY, tmp_path, PING, write_pings(tmp_path / "recordings"), steps=2)
    drop_lesson(tmp_path, PING.name)
    assert not lesson_folder(tmp_path, PING.name).exists()
    with pytest.raises(StudioError, match="name the folder with the recordings again"):
        finish_lesson(TINY, tmp_path, PING.name)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"consent": False}, "takes consent"),
        ({"licence": " "}, "has no licence"),
        ({"name": "ping/../x"}, "cannot be called"),
        ({"name": ""}, "cannot be called"),
        ({"name": "x" * 80}, "cannot be called"),
    ],
)
def test_what_a_lesson_lacks_is_said_before_anything_is_read(
    change: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=sentence):
        check_wanted(TINY, tmp_path, dataclasses.replace(PING, **change))  # type: ignore[arg-type]


def test_a_name_that_the_model_knows_or_another_sound_has_is_refused(learned: Path) -> None:
    with pytest.raises(WeightsError, match="stands in captions that the model knows"):
        check_wanted(
            load_profile("pocket"), learned, dataclasses.replace(PING, name="dog", wordings=())
        )
    with pytest.raises(WeightsError, match="already"):
        check_wanted(TINY, learned, dataclasses.replace(PING, name="The Old Ping"))


def test_recordings_that_cannot_be_learned_from_are_refused(tmp_path: Path) -> None:
    pings = write_pings(tmp_path, 6)
    with pytest.raises(AudioFileError, match=r"There are 4 recordings; .* from 5 at least"):
        read_recordings_of(pings[:4], RATE, 1)
    with pytest.raises(AudioFileError, match="from 50 at most"):
        read_recordings_of(pings * 10, RATE, 1)
    with pytest.raises(AudioFileError, match="no folder"):
        recordings_in(tmp_path / "nowhere")
    pings[5].write_bytes(pings[0].read_bytes())
    with pytest.raises(AudioFileError, match=r"ping 5.wav is the same recording as ping 0.wav"):
        read_recordings_of(pings, RATE, 1)
    soundfile.write(pings[5], np.zeros(RATE, np.float32), RATE)
    with pytest.raises(AudioFileError, match=r"ping 5.wav cannot be learned from. .* silent"):
        read_recordings_of(pings, RATE, 1)
    soundfile.write(pings[5], np.r_[np.zeros(9000), 0.5, np.zeros(9000)].astype("f"), RATE)
    with pytest.raises(AudioFileError, match=r"In ping 5.wav less than 0.1 s is heard"):
        read_recordings_of(pings, RATE, 1)


def test_recordings_are_heard_from_their_beginning_in_versions_that_are_alike() -> None:
    t = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 1000 * t)[None].astype(np.float32)
    silence = np.zeros((1, RATE), np.float32)
    cut = trimmed(np.concatenate([silence, tone, silence], axis=1))
    assert cut.shape[1] == pytest.approx(RATE, abs=100)
    peaks = set()
    for seed in range(6):
        version = version_of(cut, RATE, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(version[0]))
        hertz = spectrum.argmax() * RATE / version.shape[1]
        assert 1000 / 2 ** (1.1 / 12) < hertz < 1000 * 2 ** (1.1 / 12)
        assert version.dtype == np.float32
        assert 0.44 < np.abs(version).max() <= 0.91
        peaks.add(round(hertz))
    assert len(peaks) > 3


def test_a_sound_is_handed_on_as_a_file(learned: Path, tmp_path: Path) -> None:
    there = export_sound(learned, "the old ping", tmp_path)
    assert there == tmp_path / "my-ping.safetensors"
    with pytest.raises(FileError, match="there already"):
        export_sound(learned, "my ping", tmp_path)
    other = tmp_path / "other"
    about = import_sound(other, TINY, there)
    assert about == read_about(learned / "my-ping.safetensors")
    sounds = [OwnSounds(home, TINY) for home in (learned, other)]
    assert sounds[0]["sound:my ping"].description == sounds[1]["sound:my ping"].description
    with pytest.raises(WeightsError, match="already"):
        import_sound(other, TINY, there)
    assert remove_sound(other, "my ping").name == "my ping"
    assert not sounds[1]
    with pytest.raises(WeightsError, match="no own sound 'my ping'"):
        remove_sound(other, "my ping")


def test_a_file_of_other_weights_or_of_none_is_refused(learned: Path, tmp_path: Path) -> None:
    path = learned / "my-ping.safetensors"
    with pytest.raises(WeightsError, match=r"learned upon other weights, those of Tiny"):
        import_sound(tmp_path, load_profile("pocket"), path)
    assert not OwnSounds(learned, load_profile("pocket"))
    tensors, about = load_file(path), read_about(path)
    bad = tmp_path / "bad.safetensors"

    def refused(sentence: str) -> None:
        with pytest.raises(WeightsError, match=sentence):
            import_sound(tmp_path / "home", TINY, bad)

    save_file(tensors, bad)
    refused("is no own sound")
    for text, sentence in (
        ("{", "is damaged"),
        ('{"format": 9}', "of a later version"),
        ('{"name": "x"}', "lacks the field"),
    ):
        save_file(tensors, bad, metadata={"about": text})
        refused(sentence)
    good = json.dumps(dataclasses.asdict(about))
    for change, sentence in (
        ({"condition": torch.full((4, 32), float("nan"))}, "no numbers"),
        ({"condition": torch.zeros(4)}, "lacks its condition"),
        ({next(n for n in tensors if n.endswith("lora_B")): torch.zeros(3)}, "incomplete"),
    ):
        save_file({**tensors, **change}, bad, metadata={"about": good})
        refused(sentence)
    bad.write_bytes(b"no weights")
    refused("is damaged")


def test_updates_of_another_network_change_nothing(learned: Path) -> None:
    sound = read_learned(learned / "my-ping.safetensors")
    network, _ = load_base(TINY)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(WeightsError, match="no layer of this performer"):
        merge_updates(network, {**sound.updates, "elsewhere": next(iter(sound.updates.values()))})
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_own_sounds_stand_beside_the_other_performers(learned: Path, tmp_path: Path) -> None:
    here = OtherPerformers({}, OwnSounds(learned, TINY), None, tmp_path / "none")  # type: ignore[arg-type]
    assert list(here) == ["sound:my ping"]
    assert len(here) == 1
    assert here["sound:my ping"].description.answers_to == ("my ping", "the old ping")
    assert here["sound:my ping"].knows(["my ping", "rain"]) == [1.0, 0.0]


def test_the_command_learns_lists_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    write_pings(tmp_path / "recordings")
    given = ["learn", "my ping", str(tmp_path / "recordings"), "--licence", "CC0", "--steps", "2"]
    with pytest.raises(WeightsError, match="takes consent"):
        command.main(["--profile", "tiny", *given])
    command.main(["--profile", "tiny", *given, "--consent", "--by", "Ada"])
    command.main(["list"])
    assert "my ping: 5 recordings by Ada, CC0, learned 2" in capsys.readouterr().out
    command.main(["export", "my ping", str(tmp_path / "mine.safetensors")])
    command.main(["remove", "my ping"])
    command.main(["--profile", "tiny", "import", str(tmp_path / "mine.safetensors")])
    command.main(["remove", "my ping"])
    command.main(["list"])
    assert "There is no own sound yet" in capsys.readouterr().out


def test_what_is_said_of_a_sound_is_whole() -> None:
    fields = {field.name for field in dataclasses.fields(OwnSound)}
    assert {"licence", "consent", "recorded_by", "base"} <= fields
    assert isinstance(SoundRecording(np.zeros((1, 1), np.float32), "x").digest, str)


def test_the_evaluation_learns_kinds_judges_them_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, pitch in (("zipper", 3000), ("sonar", 900)):
        folder = tmp_path / "recorded" / kind
        folder.mkdir(parents=True)
        for number in range(8):
            t = np.arange(RATE) / RATE
            tone = 0.5 * np.sin(2 * np.pi * (pitch + 20 * number) * t) * np.exp(-3 * t)
            soundfile.write(folder / f"{number}.flac", tone, RATE)
    given = ["--profile", "tiny", "--classes", "zipper", "sonar", "--steps", "2"]
    given += ["--renders", "2", "--known", "1", "--run", str(tmp_path / "run")]
    given += ["--recordings", str(tmp_path / "recorded")]
    evaluation.main(given)
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    zipper, sonar = first["classes"]
    assert (zipper["learned"], zipper["held_out"]) == (6, 2)
    assert zipper["clips"] == sonar["clips"] == 1.0, "tones of one pitch are told apart"
    assert first["judged_among"] == 46
    assert first["known"]["equal"] == 1.0
    assert first["reading"]["captions"] >= 300
    assert first["reading"]["asked_for_own"] <= 0.02
    assert zipper["seconds"] > 0
    evaluation.main(given)
    again = capsys.readouterr().out
    assert "learned in" not in again
    assert json.loads(again.splitlines()[-1]) == first


def test_ten_kinds_are_held_out_each_of_another_family() -> None:
    kinds = evaluation.chosen_kinds()
    assert len({kind.family for kind in kinds}) == len(kinds) == 10
    assert not {kind.name for kind in kinds} & set(BY_NAME)
    with pytest.raises(StudioError, match="no candidate 'dog'"):
        evaluation.chosen_kinds(["dog"])
