"""Performers beside our own: who performs which event, and what a take says of it.

A hum stands for all of them here; those that are installed from elsewhere are in
test_pretrained.py.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from core.audiostory import AudioStory
from core.errors import Cancelled, RenderError
from core.export import ExportSettings, export, open_story, read_bundle
from core.export.provenance import sidecar
from core.performer.event_performer import EventRequest, PerformedEvent, PerformerDescription
from core.profile import RenderSettings, load_profile
from core.render.perform import perform
from core.render.performers import Performers
from core.render.render import RenderProgress
from core.render.takes import TakeRequest, due, plan_take, quality_of, repaint, vary
from core.render.unknown import assigned_performers, unknown_sounds
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Start, Take

RATE = 44_100
SETTINGS = RenderSettings(4, 2.0)


@dataclass
class Hum:
    """A tone for each caption in mono at 16 kHz; it begins from sounds, and knows one sound."""

    name: str = "hum"
    longest: float = 4.0
    asked: list[EventRequest] = field(default_factory=list)

    @property
    def description(self) -> PerformerDescription:
        return PerformerDescription(
            self.name,
            "A hum",
            "caption",
            self.longest,
            16_000,
            RenderSettings(3),
            RenderSettings(5),
            "weights of the hum",
            "CC0",
            "nowhere",
            varies=True,
            repaints=True,
        )

    def knows(self, captions: Sequence[str]) -> list[float]:
        return [0.9 if "kettle whistling" in caption else 0.0 for caption in captions]

    def steps(self, request: EventRequest, settings: RenderSettings) -> int:
        return settings.steps

    def perform(
        self,
        request: EventRequest,
        settings: RenderSettings,
        *,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> PerformedEvent:
        self.asked.append(request)
        for step in range(settings.steps):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Rendering was stopped.")
            if on_step is not None:
                on_step(step)
        clock = np.arange(round(request.seconds * 16_000)) / 16_000
        pitch = 200 + request.seed % 50
        tone = (0.3 * np.sin(2 * np.pi * pitch * clock)).astype(np.float32)[None]
        return PerformedEvent(tone, made_on="here")

    def unload(self) -> None: ...


def sample_story() -> Story:
    events = (
        Event("e1", "rain falling", 0.0, 1.0),
        Event("e2", "a transformer's hum", 1.0, 1.5, performer="hum"),
        Event("bed", "wind", 0.5, 1.0, layer=1),
    )
    return Story("rain, a hum, wind", 2.5, 5, "tiny", "Three events.", events)


@pytest.fixture
def folder(tmp_path: Path) -> StoryFolder:
    return Library(tmp_path / "stories").create(sample_story(), "Hums")


def make(
    model: AudioStory,
    folder: StoryFolder,
    performers: Performers,
    *asked: TakeRequest,
    on_progress: Callable[[RenderProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> None:
    asked = asked or tuple(TakeRequest(event.id) for event in folder.story.events)
    how = {"on_progress": on_progress, "cancel": cancel, "performers": performers}
    for _ in perform(model, folder, asked, SETTINGS, group="g", **how):
        pass


def take_of(folder: StoryFolder, event_id: str) -> Take:
    take = folder.story.event(event_id).take
    assert take is not None
    return take


def test_our_own_takes_keep_their_keys_and_files_bit_for_bit() -> None:
    events = (Event("e1", "rain falling", 0.0, 1.5), Event("e2", "a dog barking", 1.5, 0.5))
    story = Story("rain and a dog", 2.0, 5, "tiny", "Two events.", events)
    start, drafts = Start("recording", "abc", 0.5, 1, 2), RenderSettings(2, 2.0)
    assert plan_take(story, events[0], drafts, 0.5, "w").key == "1bfe9723ad48fe739e21d895"
    assert plan_take(story, events[1], drafts, 0.5, "w", start).key == "505c5f4e666d9a6136149fbe"
    assert "performer" not in story.to_json()


def test_a_story_mixes_performers_and_each_take_names_its_own(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    hum, seen = Hum(), list[RenderProgress]()
    performers = Performers(tiny.profile, {"hum": hum})
    make(tiny, folder, performers, on_progress=seen.append)
    ours, other = take_of(folder, "e1"), take_of(folder, "e2")
    assert (ours.performer, ours.conditioning) == ("own", "bridge")
    assert (other.performer, other.conditioning, other.licence) == ("hum", "caption", "CC0")
    assert other.weights == "weights of the hum"
    assert other.context is None
    assert (other.steps, other.made_on) == (5, "here")
    (request,) = hum.asked
    assert (request.caption, request.seconds) == ("a transformer's hum", 1.5)
    samples, rate = folder.samples(other)
    assert (rate, samples.shape) == (RATE, (1, round(1.5 * RATE)))
    pitch = np.abs(np.fft.rfft(samples[0, :RATE])).argmax()
    assert abs(int(pitch) - (200 + request.seed % 50)) <= 1
    of_hum = [(p.event, p.events, p.step, p.steps) for p in seen if p.event_id == "e2"]
    assert of_hum == [(3, 3, step, 5) for step in range(6)]
    assert {p.events for p in seen} == {3}
    told = json.loads(sidecar(folder.story, folder.path, [folder.take_file(other)], None, None))
    takes = {event["id"]: event["take"] for event in told["events"]}
    assert takes["e2"]["performer"] == "hum"
    assert takes["e2"]["conditioning"] == "caption"
    assert takes["e2"]["licence"] == "CC0"
    assert "performer" not in takes["e1"]


def test_an_event_is_due_when_it_asks_for_another_performer_and_only_then(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    performers = Performers(tiny.profile, {"hum": Hum()})

    def left(quality: RenderSettings = SETTINGS) -> list[str]:
        asked = due(folder, quality, tiny.profile.crossfade, performers=performers)
        return [request.event_id for request in asked]

    make(tiny, folder, performers)
    assert left() == []
    folder.edit("performer", lambda s: timeline.change(s, "e1", performer="hum"))
    assert left() == ["e1"]
    folder.edit("performer", lambda s: timeline.change(s, "e1", performer="auto"))
    assert left() == [], "whoever performed it"
    folder.edit("performer", lambda s: timeline.change(s, "e2", caption="a low hum"))
    assert left() == ["e2"]
    make(tiny, folder, performers, TakeRequest("e2"))
    gone = Performers(tiny.profile)
    assert due(folder, SETTINGS, tiny.profile.crossfade, performers=gone) == ()
    folder.edit("performer", lambda s: timeline.change(s, "e2", performer=None))
    assert left() == ["e2"], "the story's own performer is asked again"


def test_a_take_is_found_again_by_its_key_and_keeps_what_it_says(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    hum = Hum()
    performers = Performers(tiny.profile, {"hum": hum})
    make(tiny, folder, performers, TakeRequest("e2"))
    first = take_of(folder, "e2")
    make(tiny, folder, performers, TakeRequest("e2"))
    assert take_of(folder, "e2") == first
    assert len(hum.asked) == 1
    other = dataclasses.replace(hum.description, name="other")
    story, event = folder.story, folder.story.event("e2")
    made_of = (RenderSettings(5), tiny.profile.crossfade)
    again = plan_take(story, event, *made_of, first.weights, by=hum.description)
    assert again.key == first.key
    assert plan_take(story, event, *made_of, "w", by=hum.description).key != first.key
    assert plan_take(story, event, *made_of, first.weights, by=other).key != first.key


def test_draft_and_final_are_the_performers_own_and_what_was_changed_goes_along() -> None:
    profile = load_profile("tiny")
    hum = Hum()
    performers = Performers(profile, {"hum": hum})
    assert performers.settings_of("hum", profile.draft) == RenderSettings(3)
    assert performers.settings_of("hum", profile.final) == RenderSettings(5)
    assert performers.settings_of("hum", profile.final.with_changes(steps=9)) == RenderSettings(9)
    changed = profile.final.with_changes(guidance=3.0)
    assert performers.settings_of("hum", changed) == RenderSettings(5, 3.0)
    assert performers.settings_of("own", profile.draft) == profile.draft
    made = plan_take(
        sample_story(),
        sample_story().events[1],
        RenderSettings(3),
        0.5,
        "w",
        by=hum.description,
    )
    assert quality_of(made, hum.description) == "draft"


def test_auto_takes_our_own_where_it_knows_the_sound_and_else_who_knows_it_best() -> None:
    """Of what `pocket` knows, as its own captions say."""
    profile = load_profile("pocket")
    events = (
        Event("rain", "steady rain falling", 0.0, 2.0),
        Event("hum", "a kettle whistling on the stove", 2.0, 2.0),
        Event("long", "a kettle whistling on the stove", 4.0, 9.0),
        Event("own", "a kettle whistling on the stove", 13.0, 2.0, performer="own"),
        Event("nobody", "a dog barks while a kettle whistles", 15.0, 2.0),
    )
    story = Story("a kitchen", 17.0, 1, "pocket", "", events, performer="auto")
    performers = Performers(profile, {"hum": Hum()})
    assigned = assigned_performers(story, performers)
    assert assigned == {
        "rain": "own",
        "hum": "hum",
        "long": "own",  # longer than the hum can
        "own": "own",
        "nobody": "own",
    }
    assert set(unknown_sounds(profile, story, performers)) == {"long", "own", "nobody"}


def test_what_cannot_be_performed_is_said_after_the_others_are_done(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    folder.edit("longer", lambda s: timeline.stretch(s, "e2", 6.0))
    with pytest.raises(RenderError, match=r"A hum cannot .* 6 s .* 4 s .*split"):
        make(tiny, folder, Performers(tiny.profile, {"hum": Hum()}))
    assert take_of(folder, "e1")
    with pytest.raises(RenderError, match="'hum' is not here; add it"):
        make(tiny, folder, Performers(tiny.profile))


def test_cancel_stops_another_performer_and_keeps_what_is_done(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    cancel = threading.Event()

    def stop(progress: RenderProgress) -> None:
        if progress.event_id == "e2" and progress.step == 1:
            cancel.set()

    performers = Performers(tiny.profile, {"hum": Hum()})
    with pytest.raises(Cancelled):
        make(tiny, folder, performers, on_progress=stop, cancel=cancel)
    assert take_of(folder, "e1")
    assert folder.story.event("e2").take is None


def test_a_repainted_take_is_as_it_was_around_the_span(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    hum = Hum()
    performers = Performers(tiny.profile, {"hum": hum})
    make(tiny, folder, performers, TakeRequest("e2"))
    first = take_of(folder, "e2")
    make(tiny, folder, performers, repaint(folder, "e2", first.key, 0.5, 1.0, seed=60))
    second = take_of(folder, "e2")
    was, now = folder.samples(first)[0], folder.samples(second)[0]
    known = hum.asked[-1].known
    assert known is not None
    assert known.span == (0.5, 1.0)
    assert known.samples.shape[0] == 1
    around = np.r_[0 : round(0.5 * RATE), round(1.0 * RATE) : now.shape[1]]
    assert np.abs(now - was)[0, around].max() < 1e-6
    assert np.abs(now[0, round(0.6 * RATE) : round(0.9 * RATE)]).max() > 0.2
    assert np.abs(now - was).max() > 0.1


def test_our_own_goes_on_from_another_performers_sound_and_the_other_way_round(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    """Latents of one are nothing to the other: the sound counts."""
    hum = Hum()
    performers = Performers(tiny.profile, {"hum": hum})
    make(tiny, folder, performers)
    folder.edit("performer", lambda s: timeline.change(s, "e2", performer=None))
    make(tiny, folder, performers, vary(folder, "e2", take_of(folder, "e2").key, 0.0))
    samples, _ = folder.samples(take_of(folder, "e2"))
    pitch = np.abs(np.fft.rfft(samples[0, :RATE])).argmax()
    assert abs(int(pitch) - (200 + hum.asked[0].seed % 50)) <= 30, "the hum is still heard"
    folder.edit("performer", lambda s: timeline.change(s, "e1", performer="hum"))
    make(tiny, folder, performers, vary(folder, "e1", take_of(folder, "e1").key, 0.5))
    known = hum.asked[-1].known
    assert known is not None
    assert known.latents is None
    assert known.samples.shape[1] >= 16_000


def test_who_performs_an_event_is_undone_and_goes_along_in_a_bundle(
    tiny: AudioStory, folder: StoryFolder, tmp_path: Path
) -> None:
    performers = Performers(tiny.profile, {"hum": Hum()})
    make(tiny, folder, performers)
    folder.edit("all", lambda s: dataclasses.replace(s, performer="auto"))
    folder.edit("one", lambda s: timeline.change(s, "e1", performer="hum"))
    folder.undo()
    assert folder.story.event("e1").performer is None
    folder.undo()
    assert folder.story.performer == "own"
    folder.redo()
    made = export(open_story(folder.path), tmp_path / "out", ExportSettings(bundle=True))
    (bundle,) = [path for path in made.files if path.suffix == ".zip"]
    read_bundle(bundle, tmp_path / "others" / "Hums")
    opened = Library(tmp_path / "others").open("Hums")
    assert opened.story == folder.story
    assert opened.story.performer == "auto"
    assert Story.from_json(folder.story.to_json()) == folder.story
    assert opened.has_sound(take_of(opened, "e2"))


def test_a_performer_that_gives_nothing_to_hear_is_no_success(
    tiny: AudioStory, folder: StoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = PerformedEvent(np.zeros((1, 64_000), np.float32))
    monkeypatch.setattr(Hum, "perform", lambda *given, **named: silence)
    with pytest.raises(RenderError, match="gave silence"):
        make(tiny, folder, Performers(tiny.profile, {"hum": Hum()}), TakeRequest("e2"))
    assert torch.is_inference_mode_enabled() is False
