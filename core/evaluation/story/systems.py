"""The systems of the paper's main table, each of which makes the sound of a story from a brief.

ours        the director's plan, bridged whole and performed event by event
cascade     the same plan, each caption alone from the text encoder (LLM + text-to-audio)
oracle      the captions and times of the brief's writer, each alone ("oracle captions")
whole       the brief as one caption from the text encoder (text-to-audio)
recordings  held-out recordings of the wanted kinds in the wanted times

Another text-to-audio model that is registered here (`core/pretrained/`) performs the last three in
our place. Any other system is a folder of WAV files, each named after its brief.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Literal

import soundfile
import soxr
import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.director.plan import plan
from core.errors import AudioFileError, PlanError
from core.evaluation.renders import Renderer
from core.evaluation.story.brief import StoryBrief
from core.evaluation.story.corruptions import ByKind, placed_excerpt
from core.evaluation.story.judge import PerformedStory
from core.language.reasoning import Item, write_items
from core.language.stream import PlannedEvent
from core.listener.aisfx import AISFX_RATE
from core.mix.mix import MixSettings, mix
from core.profile import RenderSettings
from core.render.performers import Performers
from core.render.render import Conditioning, render_events
from core.render.story import render_story
from core.story.story import Event, Story

System = Callable[[StoryBrief], PerformedStory]
ModelSystem = Literal["ours", "cascade", "oracle", "whole"]
MODEL_SYSTEMS: tuple[ModelSystem, ...] = ("ours", "cascade", "oracle", "whole")
PerformerSystem = Literal["cascade", "oracle", "whole"]
PERFORMER_SYSTEMS: tuple[PerformerSystem, ...] = ("cascade", "oracle", "whole")
PAPER_BASELINES: tuple[tuple[PerformerSystem, str], ...] = (
    ("whole", "audioldm2"),
    ("whole", "tangoflux"),
    ("cascade", "tangoflux"),
    ("oracle", "tangoflux"),
)
"""The paper's rows beside its own, with the performer's registered name."""
_SEED = 0


def model_system(kind: ModelSystem, model: AudioStory, settings: RenderSettings) -> System:
    """A system that this model is a part of.

    The system raises PlanError and RenderError for a brief that it cannot plan or perform.
    """
    by_text = Renderer(model, settings, "text encoder").conditions
    if kind == "oracle":
        return lambda b: _performed(model, settings, written_story(model, b), alone(model))
    if kind == "whole":
        longest = model.performer.longest_seconds
        return lambda b: _performed(model, settings, _as_one_event(model, b, longest), by_text)
    condition = by_text if kind == "cascade" else None
    return lambda b: _performed(model, settings, _planned(model, b), condition)


def performer_system(
    kind: PerformerSystem, model: AudioStory, performers: Performers, name: str
) -> System:
    """A system in which a registered performer makes every event from its caption alone.

    Args:
        model: plans where the brief has to be planned.

    The system raises PlanError, RenderError and WeightsError for a brief that it cannot plan or
    perform.
    """
    by = performers.named(name)

    def perform(brief: StoryBrief) -> PerformedStory:
        if kind == "whole":
            longest = by.description.longest_seconds - model.profile.crossfade
            story = _as_one_event(model, brief, longest)
        else:
            story = written_story(model, brief) if kind == "oracle" else _planned(model, brief)
        story = replace(story, performer=name)
        return _performed(model, model.profile.final, story, None, performers)

    return perform


def alone(model: AudioStory) -> Conditioning:
    """Conditions of every event as if it were a story of its own."""

    def conditions(
        instruction: str, total: float, reasoning: str, events: Sequence[PlannedEvent]
    ) -> Tensor:
        each = []
        for event in events:
            single = PlannedEvent(event.caption, event.duration)
            listed = write_items([Item(event.caption, event.duration)])
            each.append(model.conditions(event.caption, event.duration, listed, [single]))
        return torch.cat(each)

    return conditions


def recordings_system(by_kind: ByKind) -> System:
    """What could be reached: recordings of the wanted kinds, of one source where one is wanted.

    The system raises PlanError for a brief that wants a kind of which there is no recording.
    """

    def perform(brief: StoryBrief) -> PerformedStory:
        rng = Random(brief.name)
        sound = torch.zeros(round(brief.seconds * AISFX_RATE))
        chosen: list[Tensor] = []
        for wanted in brief.wanted:
            if wanted.kind not in by_kind:
                raise PlanError(f"There is no held-out recording of {wanted.kind}.")
            new = wanted.source is None
            chosen.append(rng.choice(by_kind[wanted.kind]) if new else chosen[wanted.source or 0])
            start, end = round(wanted.start * AISFX_RATE), round(wanted.end * AISFX_RATE)
            piece = placed_excerpt(chosen[-1], end - start, rng)
            sound[start : start + len(piece)] += piece
        return PerformedStory(sound)

    return perform


def folder_system(folder: Path) -> System:
    """The WAV files of another system; one that is missing raises AudioFileError."""

    def perform(brief: StoryBrief) -> PerformedStory:
        path = folder / f"{brief.name}.wav"
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise AudioFileError(f"{path} is no sound: {error}.") from error
        mono = soxr.resample(samples.mean(1), rate, AISFX_RATE)
        return PerformedStory(torch.from_numpy(mono))

    return perform


def written_story(model: AudioStory, brief: StoryBrief) -> Story:
    """The writer's captions at the writer's times, each on the lowest layer that is free."""
    ends: list[float] = []
    events = []
    for place, wanted in enumerate(brief.wanted):
        layer = next((n for n, end in enumerate(ends) if end <= wanted.start), len(ends))
        ends[layer : layer + 1] = [wanted.end]
        length = wanted.end - wanted.start
        events.append(
            Event(f"e{place + 1}", wanted.caption, wanted.start, length, layer=layer, seed=_SEED)
        )
    listed = write_items([Item(e.caption, e.duration) for e in events])
    return Story(brief.text, brief.seconds, _SEED, model.profile.name, listed, tuple(events))


def _as_one_event(model: AudioStory, brief: StoryBrief, longest: float) -> Story:
    length = min(brief.seconds, longest)
    event = Event("e1", brief.text, 0.0, length, seed=_SEED)
    listed = write_items([Item(brief.text, length)])
    return Story(brief.text, brief.seconds, _SEED, model.profile.name, listed, (event,))


def _planned(model: AudioStory, brief: StoryBrief) -> Story:
    progress = list(plan(model, brief.text, brief.seconds, _SEED))[-1]
    if progress.story is None:
        raise PlanError(f"The director gave no story for brief {brief.name}.")
    return progress.story


def _performed(
    model: AudioStory,
    settings: RenderSettings,
    story: Story,
    conditioning: Conditioning | None,
    performers: Performers | None = None,
) -> PerformedStory:
    render = partial(render_events, conditioning=conditioning)
    story, sources = render_story(model, story, settings, lambda progress: None, render, performers)
    rate = model.sample_rate
    sound = mix(story, sources, MixSettings(rate=rate)).mean(1)
    sound = sound if rate == AISFX_RATE else soxr.resample(sound, rate, AISFX_RATE)
    starts = sorted({event.start for event in story.events})
    joints = tuple(second for first, second in pairwise([0.0, *starts]) if second > first)
    spans = tuple((event.start, event.start + event.duration) for event in story.events)
    captions = tuple(event.caption for event in story.events)
    return PerformedStory(torch.from_numpy(sound), joints, spans, captions)
