"""Distances, combinations, ways through the bridge and durations: each measure can tell apart."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.corpus.captions import PHRASES
from core.errors import WeightsError
from core.evaluation import combine, command, distance, duration, tagger
from core.evaluation.recognise import Judge, LabelledRecording
from core.evaluation.renders import Embeddings, Renderer, Request, single_event_story
from core.language.reasoning import Item, read_items
from core.listener.nearest import MIXTURE_SECONDS, nearest_classes
from core.profile import RenderSettings
from core.render.render import render_events
from core.render.takes import planned

RATE = 44100


def normal(count: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(count, 8, generator=draw)


def test_the_frechet_distance_is_that_of_the_normals() -> None:
    a, b = normal(4000, 1), normal(4000, 2, shift=0.5, scale=2.0)
    expected = 8 * (0.5**2 + (2.0 - 1.0) ** 2)
    assert distance.frechet(a, b) == pytest.approx(expected, rel=0.05)
    assert distance.frechet(a, a) == pytest.approx(0.0, abs=1e-9)
    few = normal(5, 3)
    assert distance.frechet(few, few) == pytest.approx(0.0, abs=1e-9)


def test_the_kernel_distance_is_unbiased_and_grows_with_the_shift() -> None:
    bandwidth = distance.median_distance(normal(200, 0))
    same = [
        distance.kernel_distance(normal(40, 2 * s), normal(40, 2 * s + 1), bandwidth)
        for s in range(40)
    ]
    assert abs(sum(same) / 40) < 2.0
    shifted = [
        distance.kernel_distance(normal(200, 1), normal(200, 2, shift), bandwidth)
        for shift in (0.3, 0.6, 1.2)
    ]
    assert 2.0 < shifted[0] < shifted[1] < shifted[2]


def judge_of(names: list[str]) -> Judge:
    """Recordings around one point a class, the codec a small step away."""
    labels = [name for name in names for _ in range(6)]
    draw = torch.Generator().manual_seed(1)
    places = {name: 3.0 * torch.randn(512, generator=draw).abs() for name in names}
    noise = torch.randn(len(labels), 512, generator=draw)
    plain = torch.stack([places[label] for label in labels]) + noise
    coded = plain + 0.3 * torch.randn(plain.shape, generator=draw)
    return Judge(labels, [2.0] * len(labels), plain, coded, None)  # type: ignore[arg-type]


def test_fidelity_ranks_faithful_renders_before_wrong_ones() -> None:
    judge = judge_of(["rain", "dog", "horn"])
    faithful = judge.plain + 0.1 * torch.randn(
        judge.plain.shape, generator=torch.Generator().manual_seed(2)
    )
    found = distance.fidelity(judge, {"faithful": faithful, "wrong": faithful.flip(1)})
    assert found.sounds == 9
    assert found.renders["wrong"].frechet > 2 * found.renders["faithful"].frechet
    assert found.renders["wrong"].kernel > 2 * found.renders["faithful"].kernel
    assert found.codec.frechet > 0.8 * found.halves.frechet
    ratio = found.ratios()["faithful"]
    assert ratio.frechet == pytest.approx(found.renders["faithful"].frechet / found.codec.frechet)
    assert len(str(found).splitlines()) == 5


def test_combinations_are_forty_unseen_pairs_of_two_families() -> None:
    names = ["rain", "wind", "fire", "crowd", "engine", "dog", "horn", "sword", "owl", "thunder"]
    pairs = combine.combinations(names)
    assert len({pair.classes for pair in pairs}) == combine.PAIRS
    assert pairs == combine.combinations(names)
    seen = {phrase for phrases in PHRASES.values() for phrase in phrases}
    assert not seen & {pair.request.caption for pair in pairs}


def test_a_combination_counts_when_both_classes_are_near() -> None:
    names = ["rain", "fire", "engine", "dog", "horn", "sword", "owl", "bees"]
    judge = judge_of(names)
    pairs = combine.combinations(names, count=6)

    def both(pair: combine.Combination) -> Tensor:
        return sum((judge.classes[name] for name in pair.classes), start=torch.zeros(512))

    lines: list[str] = []

    def nearest(_: combine.Combination, embedding: Tensor) -> list[str]:
        return nearest_classes(embedding, judge.classes)

    found = combine.combined("both", pairs, both, nearest, lines.append)
    assert (found.count, found.both, len(lines)) == (6, 1.0, 6)
    opposite = -both(pairs[0])
    nothing = combine.combined("neither", pairs, lambda _: opposite, nearest)
    assert nothing.both < 1.0
    one = combine.combined("one", pairs, lambda pair: judge.classes[pair.classes[0]], nearest)
    assert one.one == 1.0


class Spectrum:
    """A judge that hears a sound's spectrum in 512 bands."""

    name = "spectrum"

    def embed(self, waveform: Tensor) -> Tensor:
        return torch.fft.rfft(waveform, 2**18).abs()[: 512 * 256].reshape(512, 256).mean(1)


PITCHES = {"rain": 700.0, "dog": 1900.0, "horn": 4100.0}


def tones(pitches: dict[str, float] = PITCHES) -> list[LabelledRecording]:
    """Three recordings a class, of a second each, at neighbouring pitches."""
    labels = [name for name in pitches for _ in range(3)]
    time = 2 * math.pi * torch.arange(RATE) / RATE
    sounds = [(n + 1) * torch.sin((50 * n + pitches[x]) * time) for n, x in enumerate(labels)]
    return [LabelledRecording(label, sound) for label, sound in zip(labels, sounds, strict=True)]


def test_recordings_have_no_part_in_the_classes_by_which_their_mixture_is_judged() -> None:
    recordings = tones()
    sounds, labels = [r.waveform for r in recordings], [r.name for r in recordings]
    heard = torch.stack([Spectrum().embed(sound) for sound in sounds])
    judge = Judge(labels, [1.0] * len(labels), heard, heard, Spectrum())
    mixtures = combine.Mixtures(recordings, judge)
    pair = combine.Combination(("rain", "horn"), Request("both", 4.0, seed=4))

    own = torch.nn.functional.normalize(heard, dim=1)
    kept = {"rain": own[[0, 2]], "dog": own[[3, 4, 5]], "horn": own[[6, 8]]}
    others = {name: rows.mean(0) for name, rows in kept.items()}
    for embedding in heard:
        assert mixtures.nearest(pair, embedding) == nearest_classes(embedding, others)

    parts = [sounds[row].repeat(4) / sounds[row].square().mean().sqrt() for row in (1, 7)]
    expected = Spectrum().embed(parts[0] + parts[1])
    assert torch.allclose(mixtures.heard(pair), expected, rtol=1e-3)


def test_a_tagger_hears_both_sounds_of_a_mixture_that_it_has_not_heard(tmp_path: Path) -> None:
    pitches = PITCHES | {"owl": 7000.0, "bees": 9500.0}
    fitted = tagger.fit_tagger(tones(pitches), Spectrum(), count=200)
    fitted.save(tmp_path / "tagger.safetensors")
    read = tagger.Tagger.load(tmp_path / "tagger.safetensors")
    assert read.names == sorted(pitches)
    unheard = tagger.mixtures(tones({n: p + 20.0 for n, p in pitches.items()}), 20, seed=1)
    found = [set(read.rank(Spectrum().embed(waveform))[:2]) == set(p) for waveform, p in unheard]
    assert sum(found) >= 18  # by chance 2


def test_mixtures_are_of_two_classes_at_like_levels_and_always_the_same() -> None:
    recordings = tones()
    length = round(MIXTURE_SECONDS * RATE)
    made, again = (list(tagger.mixtures(recordings, 12)) for _ in range(2))
    for (waveform, pair), (other, _) in zip(made, again, strict=True):
        assert torch.equal(waveform, other)
        assert len(waveform) == length
        assert len(set(pair)) == 2
        power = torch.fft.rfft(waveform).abs().square()
        hertz = torch.fft.rfftfreq(length, 1 / RATE)
        within = [power[(hertz - PITCHES[name] - 200.0).abs() < 300.0].sum() for name in pair]
        assert abs(10 * math.log10(within[1] / within[0])) < tagger.LEVELS_DB + 0.5


def test_combinations_are_judged_by_both_judges_on_the_same_renders() -> None:
    told = ["combine", "--profile", "tiny", "--steps", "1", "--classes", "rain", "wind", "dog"]
    found = command.combination(command.Evaluation(command.parser().parse_args(told)))
    assert set(found) == {"renders, nearest", "renders, tagged"}
    assert [row["count"] for row in found.values()] == [2, 2]  # rain and wind are of one family


def test_a_tagger_that_is_missing_or_damaged_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="evaluate tagger"):
        tagger.Tagger.load(tmp_path / "none.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="evaluate tagger"):
        tagger.Tagger.load(tmp_path / "cut.safetensors")


SETTINGS = RenderSettings(2, 1.0)


def test_the_ways_through_the_bridge_differ_in_their_condition_alone(tiny: AudioStory) -> None:
    request = Request("rain on a roof", 1.0, 3)
    whole = Renderer(tiny, SETTINGS)
    without = Renderer(tiny, SETTINGS, "no residual")
    assert whole(request).shape == (RATE,)
    assert torch.equal(whole(request), Renderer(tiny, SETTINGS)(request))
    story = single_event_story(request, "tiny")
    events = planned(story.events)
    one, other = (
        way.conditions(story.instruction, story.total, story.reasoning, events)
        for way in (whole, without)
    )
    assert one.shape == other.shape
    assert not torch.equal(one, other)
    assert whole.name != without.name


def test_what_is_judged_is_what_the_studio_renders(tiny: AudioStory) -> None:
    """As a story planned like the director's: its list, in its words, is what it reads back."""
    request = Request("rain on a roof", 1.0, 3)
    story = single_event_story(request, "tiny")
    assert read_items(story.reasoning) == (Item("rain on a roof", 1.0, "plain"),)
    take = next(render_events(tiny, story, ["e1"], SETTINGS))
    assert take.take.seed == 3
    assert np.array_equal(Renderer(tiny, SETTINGS)(request).numpy(), take.samples.mean(0))


def test_kept_renders_are_not_made_again(tiny: AudioStory, tmp_path: Path) -> None:
    class Counting:
        name = "counting"
        calls = 0

        def embed(self, sound: Tensor) -> Tensor:
            self.calls += 1
            return torch.full((512,), float(sound.abs().mean()))

    file = tmp_path / "kept" / "renders.jsonl"
    renderer, request = Renderer(tiny, SETTINGS), Request("rain", 0.5, 1)
    first, second = Counting(), Counting()
    made = Embeddings(first, file).of(renderer, request)
    with file.open("a") as cut:
        cut.write('{"key": "cut off')
    kept = Embeddings(second, file)
    assert torch.allclose(kept.of(renderer, request), made, atol=1e-5)
    kept.of(renderer, Request("rain", 0.5, 2))
    assert (first.calls, second.calls) == (1, 1)
    assert json.loads(file.read_text().splitlines()[0])["caption"] == "rain"


@pytest.mark.parametrize("seconds", [0.5, 0.77, 3.3, 12.0, 60.0])
def test_any_duration_is_rendered_exactly(tiny: AudioStory, seconds: float) -> None:
    sound = Renderer(tiny, RenderSettings(1, 1.0))(Request("rain", seconds, 0))
    assert len(sound) == round(seconds * RATE)
    assert torch.isfinite(sound).all()


def noise(seconds: float, seed: int) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(round(seconds * RATE), generator=draw)


def test_a_loop_has_a_period_and_steady_noise_has_none() -> None:
    strength, period = duration.periodicity(noise(3.7, 1).repeat(10))
    assert strength > 0.9
    assert min(abs(period - k * 3.7) for k in (1, 2, 3, 4)) < 0.05
    assert duration.periodicity(noise(37.0, 1))[0] < 0.3


def test_a_seam_shows_where_it_is() -> None:
    low = torch.cumsum(noise(10.0, 2), 0)
    joined = torch.cat([noise(10.0, 1), 0.02 * low, noise(10.0, 3)])
    assert duration.seam_contrast(joined, [10.0, 20.0]) > 5.0
    assert duration.seam_contrast(noise(30.0, 1), [10.0, 20.0]) < 1.6


def test_a_level_that_wanders_is_measured_in_decibels() -> None:
    rising = torch.linspace(0.0, 6.0, round(30 * RATE))
    assert duration.wandering(noise(30.0, 1) * 10 ** (rising / 20)) == pytest.approx(5.4, abs=0.2)
    assert duration.wandering(noise(30.0, 1)) < 0.2


def test_windows_meet_where_the_performer_blends_them() -> None:
    assert duration.window_joints(192, 192, 0.05) == []
    joints = duration.window_joints(300, 192, 1.0)
    assert joints == [75.0, 150.0, 225.0]
