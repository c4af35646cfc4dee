"""Takes that begin from takes and recordings; what is due; rendering that survives a crash."""

from __future__ import annotations

import copy
import dataclasses
import re
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from diffusers import AutoencoderOobleck
from foreign_sounds import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audiostory import AudioStory, load_audiostory
from core.codec.oobleck import OobleckCodec
from core.errors import AudioFileError, Cancelled, RenderError, StoryError
from core.language.stream import THINK, TURN_END, parse_plan
from core.performer import flow
from core.profile import RenderSettings, load_profile
from core.render.beginnings import Beginning, known
from core.render.perform import KeptTake, perform
from core.render.render import RenderProgress, render_events
from core.render.start_sounds import read_start_sounds
from core.render.takes import (
    TakeRequest,
    due,
    plan_take,
    quality_of,
    repaint,
    take_key,
    use_recording,
    vary,
)
from core.story import timeline
from core.story.context import Context
from core.story.folders import StoryFolder
from core.story.latents import load_latents, save_latents
from core.story.library import Library
from core.story.recording import (
    MAX_RECORDING_BYTES,
    MAX_SECONDS,
    Recording,
    brought_to,
    keep_recording,
    read_recording,
    recording_file,
)
from core.story.story import Event, Story
from core.story.take import Start, Take, TakePart
from tests.soak import disk, kills

SETTINGS = RenderSettings(steps=4, guidance=2.0)
RATE = 44_100
HOP = 2048


def sample_story() -> Story:
    events = (
        Event("e1", "rain falling", 0.0, 1.5),
        Event("e2", "a dog barking", 1.5, 1.5),
        Event("e3", "a long wind", 3.0, 3.5),
        Event("bed", "hum", 0.5, 2.0, layer=1),
    )
    return Story("rain, a dog, wind", 6.5, 5, "tiny", "Three events.", events)


@pytest.fixture
def folder(tmp_path: Path) -> StoryFolder:
    return Library(tmp_path / "stories").create(sample_story(), "Rain")


@pytest.fixture
def rendered(tiny: AudioStory, folder: StoryFolder) -> StoryFolder:
    make(tiny, folder, *(TakeRequest(event.id) for event in folder.story.events))
    return folder


def make(model: AudioStory, folder: StoryFolder, *asked: TakeRequest) -> list[KeptTake]:
    return list(perform(model, folder, asked, SETTINGS, group="g"))


def made(model: AudioStory, folder: StoryFolder, asked: TakeRequest) -> Take:
    (kept,) = make(model, folder, asked)
    return kept.take


def chosen(folder: StoryFolder, event_id: str) -> Take:
    take = folder.story.event(event_id).take
    assert take is not None
    return take


def latents_of(folder: StoryFolder, take: Take) -> torch.Tensor:
    return load_latents(folder.latents_file(take), 64)


def write(path: Path, seconds: float, rate: int = RATE, channels: int = 1) -> Path:
    clock = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 500 * clock)
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), rate)
    return path


class TestVariations:
    def test_at_strength_zero_the_take_itself_comes_back(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        source = chosen(rendered, "e1")
        again = made(tiny, rendered, vary(rendered, "e1", source.key, 0.0))
        assert again.key != source.key
        assert torch.equal(latents_of(rendered, again), latents_of(rendered, source))
        assert np.array_equal(rendered.samples(again)[0], rendered.samples(source)[0])

    @pytest.mark.parametrize("event_id", ["e1", "e3"])
    def test_strength_says_how_far_it_goes(
        self, tiny: AudioStory, rendered: StoryFolder, event_id: str
    ) -> None:
        """e3 is longer than the window that tiny renders in one piece."""
        source = chosen(rendered, event_id)
        was = latents_of(rendered, source)
        distances = []
        for strength in (0.2, 0.5, 1.0):
            take = made(tiny, rendered, vary(rendered, event_id, source.key, strength))
            distances.append(float((latents_of(rendered, take) - was).square().mean()))
        assert 0 < distances[0] < distances[1] < distances[2]

    def test_each_asking_is_another_variation_and_each_can_be_made_again(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        source = chosen(rendered, "e1")
        first = made(tiny, rendered, vary(rendered, "e1", source.key, 0.5))
        second = made(tiny, rendered, vary(rendered, "e1", source.key, 0.5))
        assert not torch.equal(latents_of(rendered, first), latents_of(rendered, second))
        sound = rendered.take_file(first).read_bytes()
        rendered.take_file(first).unlink()
        (kept,) = make(tiny, rendered, TakeRequest("e1", first.start))
        assert not kept.adopted
        assert kept.take == dataclasses.replace(first, file="")
        assert rendered.take_file(first).read_bytes() == sound

    def test_a_variation_of_a_variation_does_not_depend_on_its_sound(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        take = chosen(rendered, "e1")
        for _ in range(3):
            take = made(tiny, rendered, vary(rendered, "e1", take.key, 0.0))
        first = rendered.story.event("e1").takes[0]
        assert torch.equal(latents_of(rendered, take), latents_of(rendered, first))

    def test_a_take_without_latents_is_varied_from_its_sound(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        source = chosen(rendered, "e2")
        rendered.latents_file(source).unlink()
        asked = vary(rendered, "e2", source.key, 0.3)
        assert asked.start is not None
        assert asked.start.of == "sound"
        assert rendered.has_sound(made(tiny, rendered, asked))

    def test_a_take_is_continued_when_its_event_became_longer(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        source = chosen(rendered, "e1")
        rendered.edit("longer", lambda s: timeline.stretch(s, "e1", 2.5))
        take = made(tiny, rendered, vary(rendered, "e1", source.key, 0.0))
        was, now = latents_of(rendered, source), latents_of(rendered, take)
        assert len(now) == tiny.codec.frames(3.0)
        assert torch.equal(now[: len(was)], was)
        assert now[len(was) :].std() > 0.1
        assert rendered.samples(take)[0].shape[1] == 3 * RATE

    def test_a_seed_that_is_asked_for_is_taken_and_else_the_first_that_is_free(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        source = chosen(rendered, "e1")
        assert made(tiny, rendered, vary(rendered, "e1", source.key, 0.5, 2)).start == Start(
            "take", source.key, 0.5, 2, source.seed
        )
        for free in (1, 3):
            start = made(tiny, rendered, vary(rendered, "e1", source.key, 0.5)).start
            assert start is not None
            assert start.seed == free

    def test_what_cannot_be_varied_is_refused(self, rendered: StoryFolder) -> None:
        key = chosen(rendered, "e1").key
        for strength in (-0.1, 1.1, float("nan")):
            with pytest.raises(StoryError, match="strength"):
                vary(rendered, "e1", key, strength)
        with pytest.raises(StoryError, match="no longer"):
            vary(rendered, "e1", "gone", 0.5)
        lost = chosen(rendered, "e2")
        rendered.take_file(lost).unlink()
        with pytest.raises(StoryError, match="no longer"):
            vary(rendered, "e2", lost.key, 0.5)
        rendered.edit("lock", lambda s: timeline.lock(s, "e1"))
        with pytest.raises(StoryError, match="locked"):
            vary(rendered, "e1", key, 0.5)


class TestRepainting:
    @pytest.mark.parametrize(("event_id", "span"), [("e1", (0.5, 1.0)), ("e3", (1.0, 3.0))])
    def test_outside_the_span_nothing_changes(
        self, tiny: AudioStory, rendered: StoryFolder, event_id: str, span: tuple[float, float]
    ) -> None:
        source = chosen(rendered, event_id)
        take = made(tiny, rendered, repaint(rendered, event_id, source.key, *span))
        was, now = latents_of(rendered, source), latents_of(rendered, take)
        first, last = (round(s * RATE / HOP) for s in span)
        assert torch.equal(now[:first], was[:first])
        assert torch.equal(now[last:], was[last:])
        assert (now[first:last] != was[first:last]).any(dim=1).all()

    def test_outside_the_span_it_sounds_as_before(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        """Phases are searched for over the whole take, which is felt some windows away."""
        source = chosen(rendered, "e3")
        take = made(tiny, rendered, repaint(rendered, "e3", source.key, 2.0, 2.5))
        was, now = rendered.samples(source)[0], rendered.samples(take)[0]
        level = float(np.sqrt(np.mean(np.square(was))))
        for part in (slice(0, RATE), slice(round(3.4 * RATE), None)):
            error = float(np.sqrt(np.mean(np.square(now[:, part] - was[:, part]))))
            assert error < 0.05 * level

    def test_a_repainted_take_keeps_its_grain_when_the_events_seed_changed(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        source = chosen(rendered, "e1")
        rendered.edit("seed", lambda s: timeline.change(s, "e1", seed=77))
        take = made(tiny, rendered, repaint(rendered, "e1", source.key, 1.5, 2.0, 0.0))
        assert take.seed == 77
        assert np.array_equal(rendered.samples(take)[0], rendered.samples(source)[0])
        assert timeline.status(rendered.story.event("e1")) == "rendered"

    @pytest.mark.parametrize("span", [(-1, 1), (1, 1.01), (1, 0.5), (0, 9), (float("nan"), 1)])
    def test_an_impossible_span_is_refused(
        self, rendered: StoryFolder, span: tuple[float, float]
    ) -> None:
        with pytest.raises(StoryError, match="span"):
            repaint(rendered, "e1", chosen(rendered, "e1").key, *span)

    def test_the_shortest_span_is_a_tenth_of_a_second_and_spans_are_in_milliseconds(
        self, rendered: StoryFolder
    ) -> None:
        asked = repaint(rendered, "e1", chosen(rendered, "e1").key, 0.50009, 0.59909)
        assert asked.start is not None
        assert asked.start.span == (0.5, 0.599)


class TestRecordings:
    @pytest.mark.parametrize(("seconds", "notices"), [(1.7, 0), (1.8, 1)])
    def test_a_recording_of_which_a_notable_part_is_cut_off_is_said(
        self, folder: StoryFolder, tmp_path: Path, seconds: float, notices: int
    ) -> None:
        said: list[str] = []
        use_recording(folder, "e2", write(tmp_path / "mine.wav", seconds), 0.0, tell=said.append)
        assert len(said) == notices
        assert all("lasts 1.5 s" in one and "1.8 s only the beginning" in one for one in said)

    def test_a_recording_sounds_through_and_is_kept_with_the_story(
        self, tiny: AudioStory, folder: StoryFolder, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "mine.wav", 5.0, 48_000, 2)
        take = made(tiny, folder, use_recording(folder, "e2", path, 0.0))
        samples, rate = folder.samples(take)
        assert (rate, samples.shape) == (RATE, (1, 2 * RATE))
        spectrum = np.abs(np.fft.rfft(samples[0, RATE // 2 : RATE // 2 + RATE]))
        assert abs(int(spectrum.argmax()) - 500) <= 25
        (kept,) = (folder.path / "recordings").iterdir()
        assert soundfile.info(kept).channels == 2
        path.unlink()
        copy_of_it = Library(folder.path.parent).duplicate(folder.title)
        assert made(tiny, copy_of_it, vary(copy_of_it, "e2", take.key, 0.5)).start

    def test_what_was_read_before_is_not_read_again_unless_more_of_it_is_needed(
        self, tiny: AudioStory, folder: StoryFolder, tmp_path: Path
    ) -> None:
        asked = use_recording(folder, "e2", write(tmp_path / "mine.wav", 5.0, 48_000, 2), 0.0)
        start = asked.start
        assert start is not None
        sounds = read_start_sounds(folder, [asked, TakeRequest("e1")], tiny.profile.crossfade)
        assert list(sounds) == [start]
        assert sounds[start].samples.shape[1] < 5.0 * 48_000
        latents = known(tiny, folder, start, 2.0)
        recording_file(folder.path, start.source).unlink()
        assert torch.equal(known(tiny, folder, start, 2.0, sounds[start]), latents)
        (kept,) = perform(tiny, folder, [asked], SETTINGS, group="g", sounds=sounds)
        first = RATE // HOP  # where the reading ends, the resampling differs
        assert torch.equal(latents_of(folder, kept.take)[:first], latents[:first])
        with pytest.raises(AudioFileError):
            known(tiny, folder, start, 4.0, sounds[start])
        assert read_start_sounds(folder, [asked], tiny.profile.crossfade) == {}

    def test_a_short_recording_is_continued(
        self, tiny: AudioStory, folder: StoryFolder, tmp_path: Path
    ) -> None:
        asked = use_recording(folder, "e2", write(tmp_path / "mine.wav", 0.5), 0.0)
        take = made(tiny, folder, asked)
        assert asked.start is not None
        source = known(tiny, folder, asked.start, 2.0)
        now = latents_of(folder, take)
        assert len(source) == int(0.5 * RATE / HOP)
        assert torch.equal(now[: len(source)], source)
        assert len(now) == tiny.codec.frames(2.0)

    def test_a_take_from_a_phones_recording_is_repainted(
        self, tiny: AudioStory, folder: StoryFolder, tmp_path: Path
    ) -> None:
        path = encode(tmp_path / "memo.m4a", "-c:a aac", "-f lavfi -i sine=f=500:d=2")
        take = made(tiny, folder, use_recording(folder, "e2", path, 0.0))
        again = made(tiny, folder, repaint(folder, "e2", take.key, 1.2, 1.5))
        for each in (take, again):
            spectrum = np.abs(np.fft.rfft(folder.samples(each)[0][0, :RATE]))
            assert abs(int(spectrum.argmax()) - 500) <= 25
        first, second = latents_of(folder, take), latents_of(folder, again)
        assert torch.equal(first[: RATE // HOP], second[: RATE // HOP])
        assert not torch.equal(first, second)

    def test_the_event_keeps_its_recording_when_its_caption_changes(
        self, tiny: AudioStory, folder: StoryFolder, tmp_path: Path
    ) -> None:
        asked = use_recording(folder, "e2", write(tmp_path / "mine.wav", 2.0), 0.6)
        made(tiny, folder, asked)
        folder.edit("caption", lambda s: timeline.change(s, "e2", caption="a wolf"))
        assert asked in due(folder, SETTINGS, 0.5)

    @pytest.mark.parametrize(
        ("seconds", "rate", "channels", "sentence"),
        [
            (0.01, RATE, 1, "shorter"),
            (MAX_SECONDS + 1, 4000, 1, "longer"),
            (1.0, RATE, 9, "channels"),
            (1.0, 1000, 1, "rate"),
        ],
    )
    def test_a_recording_out_of_bounds_is_refused(
        self, tmp_path: Path, seconds: float, rate: int, channels: int, sentence: str
    ) -> None:
        with pytest.raises(AudioFileError, match=sentence):
            read_recording(write(tmp_path / "a.wav", seconds, rate, channels))

    def test_what_is_no_recording_is_refused(self, tmp_path: Path, folder: StoryFolder) -> None:
        soundfile.write(tmp_path / "zero.wav", np.zeros(RATE), RATE)
        soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan), RATE, "FLOAT")
        (tmp_path / "text.wav").write_text("RIFF but not really")
        with (tmp_path / "big.wav").open("wb") as file:
            file.truncate(MAX_RECORDING_BYTES + 1)
        for name, sentence in (
            ("zero", "silent"),
            ("nan", "damaged"),
            ("text", "not a sound file"),
            ("big", "larger"),
            ("none", "cannot be read"),
        ):
            with pytest.raises(AudioFileError, match=sentence):
                use_recording(folder, "e1", tmp_path / f"{name}.wav", 0.5)
        assert not (folder.path / "recordings").exists()

    def test_a_small_file_that_unpacks_to_gigabytes_is_refused_unread(self, tmp_path: Path) -> None:
        path, rate, channels = tmp_path / "packed.flac", 192_000, 8
        soundfile.write(path, np.zeros((38 * rate, channels), np.int16), rate)
        assert path.stat().st_size < 1_000_000
        tracemalloc.start()
        try:
            with pytest.raises(AudioFileError, match="convert it to 48000 Hz"):
                read_recording(path)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()

    def test_a_recording_that_was_kept_can_be_read_however_well_its_file_was_packed(
        self, tmp_path: Path
    ) -> None:
        """Four minutes of MP3 are 5 MB; kept, they are as large as noise."""
        random = np.random.default_rng(0)
        noise = random.uniform(-0.5, 0.5, (2, 240 * 48_000)).astype(np.float32)
        path = keep_recording(tmp_path, Recording(noise, 48_000, "a" * 24))
        assert path.stat().st_size > 64_000_000
        assert read_recording(path).samples.shape == noise.shape

    def test_reading_a_recording_takes_little_more_memory_than_its_samples(
        self, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "mine.wav", 20.0, 48_000, 2)
        tracemalloc.start()
        try:
            samples = read_recording(path).samples
            assert tracemalloc.get_traced_memory()[1] < 2.2 * samples.nbytes
        finally:
            tracemalloc.stop()

    def test_channels_and_rate_are_brought_to_the_codecs(self) -> None:
        stereo = np.stack([np.ones(4000), -np.ones(4000)]).astype(np.float32)
        assert np.allclose(np.abs(brought_to(stereo, 8000, 8000, 1)), 1.0)
        assert brought_to(stereo, 8000, 16_000, 2).shape == (2, 8000)
        assert brought_to(stereo[:1], 8000, 8000, 2).shape == (2, 4000)


class TestBatches:
    def test_an_event_has_its_bits_whatever_else_is_rendered_and_its_sound_in_any_batch(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        story = rendered.story
        starts = {
            event_id: vary(rendered, event_id, chosen(rendered, event_id).key, 0.5).start
            for event_id in ("e1", "e2")
        }
        varied = {
            i: Beginning(s, latents_of(rendered, chosen(rendered, i)))
            for i, s in starts.items()
            if s
        }
        for beginnings in ({}, varied):
            every, shared = (
                {
                    done.event_id: done
                    for done in render_events(
                        tiny, story, ["e1", "e2"], SETTINGS, beginnings=beginnings, **batch
                    )
                }
                for batch in ({}, {"batch": 2})
            )
            for event_id, done in every.items():
                (alone,) = render_events(tiny, story, [event_id], SETTINGS, beginnings=beginnings)
                assert torch.equal(done.latents, alone.latents)
                assert np.array_equal(done.samples, alone.samples)
                assert torch.allclose(done.latents, shared[event_id].latents, atol=1e-4)

    def test_events_of_one_length_share_a_batch_and_the_first_told_comes_first(
        self, tiny: AudioStory, folder: StoryFolder
    ) -> None:
        steps: list[RenderProgress] = []
        ids = [event.id for event in folder.story.events]
        done = list(
            render_events(tiny, folder.story, ids, SETTINGS, batch=2, on_progress=steps.append)
        )
        assert [take.event_id for take in done] == ["e1", "bed", "e2", "e3"]
        assert [s.event_id for s in steps[:2]] == ["e1", "bed"]


@pytest.fixture(scope="module")
def stereo() -> AudioStory:
    """A model of the published checkpoint's kind: neural stereo codec, canvas of fixed length."""
    profile = load_profile("tiny")
    sizes = dataclasses.replace(profile.performer, fixed_frames=96, window_frames=0)
    model = load_audiostory(dataclasses.replace(profile, performer=sizes))
    torch.manual_seed(0)
    model.codec = OobleckCodec(
        AutoencoderOobleck(
            encoder_hidden_size=128,
            downsampling_ratios=[8, 16, 16],
            channel_multiples=[1, 1, 1],
            decoder_channels=8,
            decoder_input_channels=64,
        )
    )
    return model


def test_the_neural_codec_and_a_fixed_canvas_vary_repaint_and_take_recordings(
    stereo: AudioStory, folder: StoryFolder, tmp_path: Path
) -> None:
    source = made(stereo, folder, TakeRequest("e1"))
    was = latents_of(folder, source)
    assert len(was) == 44
    assert torch.equal(
        latents_of(folder, made(stereo, folder, vary(folder, "e1", source.key, 0.0))), was
    )
    painted = latents_of(folder, made(stereo, folder, repaint(folder, "e1", source.key, 0.5, 1)))
    assert torch.equal(painted[:10], was[:10])
    assert torch.equal(painted[22:], was[22:])
    assert not torch.equal(painted[11:21], was[11:21])
    recorded = use_recording(folder, "e1", write(tmp_path / "mine.wav", 1.0), 0.5)
    samples, _ = folder.samples(made(stereo, folder, recorded))
    assert samples.shape == (2, 2 * RATE)


class TestKeys:
    def test_a_key_stays_what_it_is(self) -> None:
        """Another one would make every take of every story due."""
        context = Context("<|gen|>rain", Context("<|think|>Rain.<|/think|>"))
        take = Take("", context, "rain", 4.0, 0.5, 7, 12, 3.0, "pocket", "abc", "takes/a.flac")
        assert take_key(take) == "6d6fdd07f4b3f4fe7d569f23"

    def test_a_key_covers_every_field_that_makes_the_sound(self) -> None:
        others = {
            "context": Context("<|gen|>hail"),
            "caption": "hail",
            "duration": 4.1,
            "tail": 0.4,
            "seed": 8,
            "steps": 13,
            "guidance": 2.0,
            "profile": "tiny",
            "weights": "abd",
            "start": Start("take", "a", 0.5, 1, 2),
            "sampler": "fast",
            "performer": "another",
            "conditioning": "caption",
        }
        context = Context("<|gen|>rain")
        take = Take("", context, "rain", 4.0, 0.5, 7, 12, 3.0, "pocket", "abc", "takes/a.flac")
        changed = [dataclasses.replace(take, **{name: other}) for name, other in others.items()]
        assert len({take_key(take), *map(take_key, changed)}) == len(others) + 1
        fields = {field.name for field in dataclasses.fields(Take)}
        said = {name: "other" for name in ("key", "file", "made_on", "source", "licence")}
        assert fields - others.keys() == {"part", *said}
        for free, other in [("part", TakePart("e1", 1.0)), *said.items()]:
            assert take_key(dataclasses.replace(take, **{free: other})) == take_key(take)

    def test_a_key_covers_what_the_take_began_from(self, folder: StoryFolder) -> None:
        event = folder.story.event("e1")
        first = Start("take", "a", 0.5, 1, 2)
        others = [
            dataclasses.replace(first, **{name: value})
            for name, value in (
                ("of", "sound"),
                ("source", "b"),
                ("strength", 0.6),
                ("seed", 2),
                ("grain", 3),
                ("span", (0.0, 1.0)),
            )
        ]
        starts = [None, first, *others]
        keys = {plan_take(folder.story, event, SETTINGS, 0.5, "w", s).key for s in starts}
        assert len(keys) == len(starts)

    def test_a_take_is_made_again_from_what_is_stored_with_it_alone(
        self, tiny: AudioStory, rendered: StoryFolder, tmp_path: Path
    ) -> None:
        """The story that asked for it has since become another."""
        rendered.edit("caption", lambda s: timeline.change(s, "e1", caption="snow falling"))
        take = Library(rendered.path.parent).open(rendered.title).story.event("e2").takes[0]
        assert take.context is not None
        prompt, plan = take.context.text.split(THINK)
        read = re.search(r"user\n(.*) The total duration is (.*) seconds", prompt)
        assert read is not None
        planned = parse_plan(f"{THINK}{plan}{TURN_END}")
        events, clock = [], 0.0
        for number, event in enumerate(planned.events):
            events.append(Event(f"n{number}", event.caption, clock, event.duration))
            clock += event.duration
        events[-1] = dataclasses.replace(events[-1], seed=take.seed)
        total = float(read[2])
        after = Event("after", "whatever follows", clock, total - clock)
        story = Story(read[1], total, 99, take.profile, planned.reasoning, (*events, after))
        folder = Library(tmp_path / "elsewhere").create(story, "Anew")
        asked = RenderSettings(take.steps, take.guidance, take.sampler)
        (kept,) = perform(tiny, folder, [TakeRequest(events[-1].id)], asked, group="g")
        assert kept.take.key == take.key
        assert torch.equal(latents_of(folder, kept.take), latents_of(rendered, take))
        assert np.array_equal(folder.samples(kept.take)[0], rendered.samples(take)[0])

    def test_a_story_with_starts_survives_json_and_undo(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        before = rendered.story
        asked = repaint(rendered, "e1", chosen(rendered, "e1").key, 0.5, 1.0)
        list(perform(tiny, rendered, [asked], SETTINGS, group="another"))
        story = rendered.story
        assert Story.from_json(story.to_json()) == story
        again = Library(rendered.path.parent).open(rendered.title)
        assert again.story == story
        undone = again.undo()
        assert undone.event("e1").takes == story.event("e1").takes
        assert undone.event("e1").take == before.event("e1").take
        assert again.redo() == story

    @pytest.mark.parametrize("source", ["../../etc/passwd", "", "a/b", "x" * 200])
    def test_a_start_cannot_name_files_elsewhere(self, source: str) -> None:
        with pytest.raises(StoryError, match="unusable"):
            Start("take", source, 0.5, 1, 1)


class TestDue:
    def ids(self, folder: StoryFolder, *accept: RenderSettings) -> list[str]:
        return [asked.event_id for asked in due(folder, SETTINGS, 0.5, accept)]

    def test_nothing_is_due_after_rendering_and_nothing_is_rendered_twice(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        assert self.ids(rendered) == []
        stamps = {p: p.stat().st_mtime_ns for p in (rendered.path / "takes").iterdir()}
        rendered.undo()
        assert len(self.ids(rendered)) == 4
        kept = make(tiny, rendered, *due(rendered, SETTINGS, 0.5))
        assert all(take.adopted for take in kept)
        assert {p: p.stat().st_mtime_ns for p in (rendered.path / "takes").iterdir()} == stamps

    def test_the_work_is_told_before_it_begins_and_what_is_on_disk_is_none(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        rendered.undo()
        rendered.edit("s", lambda s: timeline.change(s, "e1", seed=9))
        rendered.edit("s", lambda s: timeline.change(s, "e3", seed=9))
        told: list[object] = []
        asked = due(rendered, SETTINGS, 0.5)
        for kept in perform(
            tiny, rendered, asked, SETTINGS, group="g", on_work=told.append, on_progress=told.append
        ):
            told.append(kept)
        adopted = [t.event_id for t in told if isinstance(t, KeptTake) and t.adopted]
        work = next(t for t in told if isinstance(t, dict))
        assert set(work) == {"e1", "e3"}
        assert set(adopted) == {"e2", "bed"}
        assert told.index(work) == len(adopted)
        seconds = {e.id: e.duration for e in rendered.story.events}
        assert work["e3"] / work["e1"] == pytest.approx(
            seconds["e3"] / (seconds["e1"] + 0.5), rel=0.05
        )

    def test_only_what_changed_is_due(self, rendered: StoryFolder) -> None:
        rendered.edit("c", lambda s: timeline.change(s, "e1", caption="hail"))
        assert self.ids(rendered) == ["e1"]
        rendered.edit("g", lambda s: timeline.change(s, "e2", gain_db=-3.0))
        assert self.ids(rendered) == ["e1"]
        rendered.edit("s", lambda s: timeline.change(s, "e3", seed=9))
        rendered.edit("d", lambda s: timeline.stretch(s, "bed", 1.0))
        assert self.ids(rendered) == ["e1", "e3"]  # it is a part of its take
        rendered.edit("d", lambda s: timeline.stretch(s, "bed", 2.1))
        assert self.ids(rendered) == ["e1", "e3", "bed"]
        rendered.edit("l", lambda s: timeline.lock(s, "e1"))
        assert self.ids(rendered) == ["e3", "bed"]

    def test_a_last_event_that_is_followed_now_needs_its_crossfade(
        self, rendered: StoryFolder
    ) -> None:
        rendered.edit("add", lambda s: timeline.add(s, "bells", 1.0)[0])
        assert self.ids(rendered) == ["e3", "e4"]

    def test_a_take_with_a_longer_tail_than_is_needed_is_not_due(
        self, rendered: StoryFolder
    ) -> None:
        assert due(rendered, SETTINGS, 0.25) == ()
        assert [r.event_id for r in due(rendered, SETTINGS, 0.75)] == ["e1", "e2"]
        rendered.edit("last", lambda s: timeline.reorder(s, "e1", 2))
        assert self.ids(rendered) == ["e3"]

    def test_a_chosen_take_with_another_seed_or_start_is_what_was_asked(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        made(tiny, rendered, vary(rendered, "e1", chosen(rendered, "e1").key, 0.5))
        assert self.ids(rendered) == []

    def test_other_settings_are_due_unless_they_are_accepted(self, rendered: StoryFolder) -> None:
        better = RenderSettings(9, 2.0)
        assert len(due(rendered, better, 0.5)) == 4
        assert due(rendered, better, 0.5, accept=(SETTINGS,)) == ()

    def test_a_lost_file_is_due_even_where_it_is_locked(self, rendered: StoryFolder) -> None:
        rendered.edit("l", lambda s: timeline.lock(s, "e2"))
        rendered.take_file(chosen(rendered, "e2")).unlink()
        assert self.ids(rendered) == ["e2"]


def test_a_killed_rendering_keeps_its_takes_and_goes_on_where_it_stopped(
    tiny: AudioStory, tmp_path: Path
) -> None:
    kills.killed_render(0, tiny, tmp_path)


@pytest.mark.parametrize("write", disk.WRITERS)
def test_a_full_disk_is_said_and_no_take_recording_or_latents_are_left_cut_off(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    disk.writing(0, write, tmp_path)


def test_a_cancelled_rendering_leaves_no_half_written_file_and_the_next_works(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    cancel = threading.Event()

    def stop(progress: RenderProgress) -> None:
        if progress.event_id == "e3" and progress.step == 2:
            cancel.set()

    asked = [TakeRequest(event.id) for event in folder.story.events]
    with pytest.raises(Cancelled):
        list(perform(tiny, folder, asked, SETTINGS, group="g", on_progress=stop, cancel=cancel))
    takes = sorted(path.stem for path in (folder.path / "takes").iterdir())
    finished = sorted(chosen(folder, i).key for i in ("e1", "e2", "bed"))
    assert takes == sorted([*finished, *finished])
    assert sorted(p.name for p in folder.path.iterdir()) == [
        ".lock",
        "changes.jsonl",
        "story.json",
        "takes",
    ]
    (kept,) = make(tiny, folder, *due(folder, SETTINGS, 0.5))
    assert kept.event_id == "e3"


def test_an_event_that_was_deleted_meanwhile_is_not_rendered(
    tiny: AudioStory, folder: StoryFolder
) -> None:
    folder.edit("delete", lambda s: timeline.delete(s, "e2"))
    assert [k.event_id for k in make(tiny, folder, TakeRequest("e1"), TakeRequest("e2"))] == ["e1"]


def test_a_take_is_of_the_quality_whose_settings_made_it() -> None:
    profile, story = load_profile("tiny"), sample_story()
    other = dataclasses.replace(profile.draft, steps=profile.draft.steps + 1)
    asked = {"final": profile.final, "draft": profile.draft, "other": other}
    made_with = {
        name: plan_take(story, story.event("e1"), settings, profile.crossfade, "w")
        for name, settings in asked.items()
    }
    assert {name: quality_of(take, profile) for name, take in made_with.items()} == {
        name: name for name in asked
    }


def test_a_missing_or_foreign_source_is_told_in_a_sentence(
    tiny: AudioStory, rendered: StoryFolder
) -> None:
    asked = vary(rendered, "e1", chosen(rendered, "e1").key, 0.5)
    path = rendered.latents_file(chosen(rendered, "e1"))
    save_latents(path, torch.zeros(9, 3))
    with pytest.raises(AudioFileError, match="another model"):
        make(tiny, rendered, asked)
    save_latents(path, torch.full((9, 64), torch.nan))
    with pytest.raises(AudioFileError, match="damaged"):
        make(tiny, rendered, asked)
    path.write_bytes(b"no")
    with pytest.raises(AudioFileError, match="cannot be read"):
        make(tiny, rendered, asked)


def test_an_event_too_long_for_the_memory_is_named_after_the_others_are_rendered(
    tiny: AudioStory, tmp_path: Path
) -> None:
    longest = tiny.performer.longest_seconds
    events = (Event("e1", "wind", 0.0, longest + 1), Event("e2", "a bell", longest + 1, 1.0))
    story = Story("wind, a bell", longest + 2, 5, "tiny", "Two events.", events)
    folder = Library(tmp_path / "stories").create(story, "Wind")
    kept: list[str] = []
    running = perform(tiny, folder, [TakeRequest("e1"), TakeRequest("e2")], SETTINGS, group="g")
    with pytest.raises(RenderError, match=r"'wind' lasts 301 s.*split it"):
        kept.extend(take.event_id for take in running)
    assert kept == ["e2"]
    assert folder.unfinished is None
    with pytest.raises(RenderError, match="'wind' lasts 301 s"):
        next(render_events(tiny, story, ["e1", "e2"], SETTINGS))


def test_an_event_whose_recording_is_gone_is_named(
    tiny: AudioStory, folder: StoryFolder, tmp_path: Path
) -> None:
    asked = use_recording(folder, "e2", write(tmp_path / "mine.wav", 2.0), 0.6)
    assert asked.start is not None
    recording_file(folder.path, asked.start.source).unlink()
    with pytest.raises(AudioFileError, match="'a dog barking' cannot begin from its recording"):
        make(tiny, folder, TakeRequest("e1"), asked)


@pytest.mark.parametrize("seconds", [0.5, 0.51, 7.77, 60.0])
def test_an_event_of_any_length_is_rendered_to_exactly_that_length(
    tiny: AudioStory, seconds: float
) -> None:
    story = Story("wind", seconds, 1, "tiny", "One event.", (Event("e1", "wind", 0.0, seconds),))
    (done,) = render_events(tiny, story, ["e1"], RenderSettings(1, 1.0))
    assert done.samples.shape == (1, round(seconds * RATE))


@settings(max_examples=settings().max_examples // 8)
@given(st.floats(0.5, 8.0), st.floats(0.5, 8.0))
def test_neighbours_of_any_length_are_rendered_to_length_and_crossfade(
    tiny: AudioStory, one: float, two: float
) -> None:
    events = (Event("e1", "wind", 0.0, one), Event("e2", "sea", one, two))
    story = Story("wind", one + two, 1, "tiny", "Two events.", events)
    lengths = {
        done.event_id: done.samples.shape[1]
        for done in render_events(tiny, story, ["e1", "e2"], RenderSettings(1, 1.0))
    }
    assert lengths == {"e1": round((one + 0.5) * RATE), "e2": round(two * RATE)}


def test_levels_pass_every_stop_and_are_as_fine_as_the_steps() -> None:
    assert flow.levels_through(4, (0.0,)).tolist() == [0.0]
    assert flow.levels_through(4, (1.0, 0.0)).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    levels = flow.levels_through(10, (1.0, 0.37, 0.0))
    assert np.float32(0.37) in levels.numpy()
    assert (levels.diff() < 0).all()
    assert (-levels.diff()).max() <= 0.1 + 1e-6


@pytest.mark.parametrize("steps", [1, 8, 16])
def test_levels_from_noise_to_sound_are_the_samplers(steps: int) -> None:
    for shift in (1.0, 2.0):
        through = flow.levels_through(steps, (1.0, 0.0), shift)
        assert torch.allclose(through, flow.sigmas(steps, shift), atol=1e-6)
    assert torch.equal(flow.sigmas(steps), torch.linspace(1.0, 0.0, steps + 1))


@given(st.integers(1, 40), st.floats(0.01, 0.99), st.floats(1.0, 4.0))
def test_shifted_levels_pass_a_stop_exactly_and_fall(steps: int, stop: float, shift: float) -> None:
    levels = flow.levels_through(steps, (1.0, stop, 0.0), shift)
    assert np.float32(stop) in levels.numpy()
    assert levels[0] == 1.0
    assert levels[-1] == 0.0
    assert (levels.diff() < 0).all()
    even = flow.shifted(levels, 1.0 / shift)
    assert (-even.diff()).max() <= 1.0 / steps + 1e-5


def test_a_run_from_known_latents_passes_each_of_their_strengths() -> None:
    strength = torch.tensor([[0.0, 0.37, 0.37], [0.37, 0.0, 1.0]])
    known = flow.KnownLatents(torch.zeros(2, 3, 1), strength)
    assert torch.equal(known.levels(10, 2.0), flow.levels_through(10, (1.0, 0.37, 0.0), 2.0))
    kept = flow.KnownLatents(torch.zeros(2, 3, 1), torch.zeros(2, 3))
    assert kept.levels(10, 2.0).tolist() == [0.0]


@pytest.mark.parametrize("order", [1, 2])
def test_by_the_true_velocity_known_latents_are_kept_and_the_rest_ends_right(
    order: int,
) -> None:
    """Held frames are re-noised to the run's level at every step, as in RePaint."""
    data, noise = torch.randn(2, 6, 3), torch.randn(2, 6, 3)
    other = torch.randn(2, 6, 3)
    strength = torch.tensor([0.0, 0.0, 0.5, 0.5, 1.0, 1.0]).expand(2, -1)
    known = flow.KnownLatents(data, strength)
    seen = []

    def velocity(latents: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        seen.append((float(t), latents))
        return (latents - other) / t

    reached = flow.integrate(velocity, noise, known.levels(6, 1.0), order=order, known=known)
    assert torch.equal(reached[:, :2], data[:, :2])
    assert torch.allclose(reached[:, 2:], other[:, 2:], atol=1e-5)
    for t, latents in seen:
        on_path = flow.interpolate(data, noise, torch.full((2,), t))
        assert torch.allclose(latents[:, :2], on_path[:, :2])
        assert t < 0.5 or torch.allclose(latents[:, 2:4], on_path[:, 2:4])


def test_a_performer_that_gives_no_sound_is_told(
    tiny: AudioStory, folder: StoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = copy.copy(tiny)
    broken.weights = "broken"
    monkeypatch.setattr(
        type(broken.codec), "decode", lambda self, latents, seed: torch.full((1, 1, 9), torch.nan)
    )
    with pytest.raises(RenderError, match="no sound"):
        make(broken, folder, TakeRequest("e1"))
    assert not (folder.path / "takes").exists() or not list((folder.path / "takes").glob("*.flac"))
