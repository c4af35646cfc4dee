"""A sound that the performer does not know is not performed as another one, unless asked for."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from core.audiostory import AudioStory
from core.bridge.known_sounds import load_known_sounds
from core.commands import plan
from core.errors import FileError, RenderError
from core.export.deliver import export
from core.export.folder import open_story
from core.export.markers import marker_csv, story_markers
from core.export.settings import ExportSettings
from core.profile import RenderSettings, load_profile
from core.render.perform import perform
from core.render.story import render_folder, render_story
from core.render.takes import TakeRequest, due
from core.render.unknown import unknown_sentences, unknown_sounds, with_placeholders
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from studio.editing.table import rows_of

SETTINGS = RenderSettings(steps=1, guidance=1.0)


@pytest.fixture(scope="module")
def knowing(tiny: AudioStory) -> AudioStory:
    """The tiny model, with what the shipped one knows of captions."""
    model = object.__new__(AudioStory)
    model.__dict__ = dict(tiny.__dict__)
    model.profile = dataclasses.replace(tiny.profile, weights="pocket")
    return model


@pytest.fixture
def story() -> Story:
    events = (
        Event("rain", "steady rain falling", 0.0, 0.5),
        Event("kettle", "a kettle whistling on the stove", 0.5, 0.5),
        Event("both", "a dog barks while a kettle whistles", 0.2, 0.5, layer=1),
    )
    return Story("rain, a kettle", 1.0, 5, "tiny", "Two events.", events)


@pytest.fixture
def folder(tmp_path: Path, story: Story) -> StoryFolder:
    return Library(tmp_path).create(story, "Kitchen")


def ignored(progress: object) -> None:
    """Progress goes nowhere."""


def test_unknown_events_stay_without_sound_and_the_others_are_rendered(
    knowing: AudioStory, folder: StoryFolder
) -> None:
    story, sources = render_folder(knowing, folder, SETTINGS, ignored)
    assert set(sources) == {"rain"}
    assert [event.id for event in story.events if event.take] == ["rain"]
    kettle, both = unknown_sentences(story, unknown_sounds(knowing.profile, story))
    assert kettle.startswith("'a kettle whistling on the stove' is not rendered: the model knows ")
    assert "no sound like 'a kettle whistles', only a dog barks." in both


def test_asked_for_by_itself_an_unknown_event_is_refused_in_a_sentence_after_the_others(
    knowing: AudioStory, folder: StoryFolder
) -> None:
    requests = [TakeRequest("kettle"), TakeRequest("rain")]
    with pytest.raises(RenderError, match="begin from a recording, or render a placeholder"):
        list(perform(knowing, folder, requests, SETTINGS, group="a"))
    assert folder.story.event("rain").take is not None
    assert folder.story.event("kettle").take is None


def test_a_placeholder_is_rendered_and_marked_in_table_and_export(
    knowing: AudioStory, folder: StoryFolder, tmp_path: Path
) -> None:
    folder.edit("placeholder", lambda s: timeline.change(s, "kettle", placeholder=True))
    story, sources = render_folder(knowing, folder, SETTINGS, ignored)
    assert set(sources) == {"rain", "kettle"}
    assert [row[-1] for row in rows_of(story)] == ["ready", "placeholder", "new"]
    unknown = unknown_sounds(knowing.profile, story)
    assert [row[-1] for row in rows_of(story, unknown)] == ["ready", "placeholder", "not known"]
    assert Story.load(folder.path / "story.json").event("kettle").placeholder
    labels = [row["label"] for row in csv.DictReader(io.StringIO(_markers(story)))]
    assert "[placeholder] a kettle whistling on the stove" in labels

    with pytest.raises(FileError, match="has not been rendered"):
        open_story(folder.path)
    opened = open_story(folder.path, unknown_sounds(knowing.profile, story))
    made = export(opened, tmp_path / "out", ExportSettings(stems="events"))
    assert made.files[0].name == "Kitchen (placeholders).wav"
    assert any("placeholder a kettle" in path.name for path in made.files)
    sidecar = json.loads(made.files[-1].read_text(encoding="utf-8"))
    marked = {event["id"]: event["placeholder"] for event in sidecar["events"]}
    assert marked == {"rain": False, "kettle": True, "both": False}
    assert made.notes[-2:] == (
        "Placeholders, performed as another sound: 'a kettle whistling on the stove'.",
        "Not in the mix, for want of a sound: 'a dog barks while a kettle whistles'.",
    )


def _markers(story: Story) -> str:
    return marker_csv(story_markers(story, 100), 100)


def test_with_known_words_an_event_is_no_placeholder_any_more(story: Story) -> None:
    marked = timeline.change(story, "kettle", placeholder=True)
    assert timeline.change(marked, "kettle", mood="calm").event("kettle").placeholder
    assert (
        not timeline.change(marked, "kettle", caption="steam hissing").event("kettle").placeholder
    )


def test_a_silence_is_rendered_by_nothing_and_is_not_missed(
    knowing: AudioStory, story: Story, tmp_path: Path
) -> None:
    story = timeline.change(timeline.delete(story, "both"), "kettle", caption="Silence")
    folder = Library(tmp_path).create(story, "Pause")
    requests = [TakeRequest(event.id) for event in story.events]
    list(perform(knowing, folder, requests, SETTINGS, group="a"))
    made, sources = render_folder(knowing, folder, SETTINGS, ignored)
    unknown = unknown_sounds(knowing.profile, made)
    assert set(sources) == {"rain"}
    assert unknown_sentences(made, unknown) == []
    assert [row[-1] for row in rows_of(made, unknown)] == ["ready", "silence"]
    assert not with_placeholders(made, unknown).event("kettle").placeholder
    done = export(open_story(folder.path, unknown), tmp_path / "out", ExportSettings())
    assert not any("want of a sound" in note for note in done.notes)


def test_what_was_rendered_by_earlier_versions_keeps_its_take_and_is_not_due(
    tiny: AudioStory, knowing: AudioStory, folder: StoryFolder
) -> None:
    render_folder(tiny, folder, SETTINGS, ignored)
    unknown = unknown_sounds(knowing.profile, folder.story)
    assert set(unknown) == {"kettle", "both"}
    assert due(folder, SETTINGS, tiny.profile.crossfade, unknown=unknown) == ()
    assert unknown_sentences(folder.story, unknown) == []
    assert len(open_story(folder.path).sources) == 3


def test_a_story_of_unknown_sounds_alone_is_refused_before_anything_is_rendered(
    knowing: AudioStory, story: Story, tmp_path: Path
) -> None:
    alone = timeline.delete(timeline.delete(story, "both"), "rain")
    with pytest.raises(RenderError, match="knows none of the sounds"):
        render_folder(knowing, Library(tmp_path).create(alone, "Alone"), SETTINGS, ignored)
    with pytest.raises(RenderError, match="knows none of the sounds"):
        render_story(knowing, alone, SETTINGS, ignored)
    placed = with_placeholders(alone, unknown_sounds(knowing.profile, alone))
    assert set(render_story(knowing, placed, SETTINGS, ignored)[1]) == {"kettle"}


def test_plan_says_what_stays_without_sound(
    knowing: AudioStory, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    plan.say_unknown(knowing, story)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert said[-1] == (
        "Say it nearer, begin from a recording, or render a placeholder (--placeholders)."
    )


def test_render_has_an_option_for_placeholders() -> None:
    from core.commands.render import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = parser.parse_args(["rain", "--out", "a.wav", "--placeholders"])
    assert given.placeholders


def test_what_was_asked_for_long_ago_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.bridge.known_sounds.MOST_KEPT", 3)
    known = load_known_sounds(load_profile("pocket"))
    assert known is not None
    monkeypatch.setattr(known, "_seen", {})
    captions = [f"{animal} barks" for animal in ("a dog", "a fox", "a seal", "a deer", "a wolf")]
    matches = known.match(captions)
    assert list(known._seen) == captions[-3:]
    assert all(vector._base is None for vector in known._seen.values())
    again = known.match(captions)
    assert [match.known for match in again] == [match.known for match in matches]
    # Another batch of the encoder's may differ in the last bits.
    likely = [match.likelihood for match in matches]
    assert [match.likelihood for match in again] == pytest.approx(likely, abs=1e-5)
