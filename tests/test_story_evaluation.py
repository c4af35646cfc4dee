"""Whole stories are judged: what is wanted is heard, what returns is alike, joints are whole."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
import torch
from http_servers import Request, served
from small_performers import write_performer
from torch import Tensor
from transformers import (
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapProcessor,
    RobertaConfig,
    RobertaTokenizer,
)

from core.audiostory import AudioStory
from core.corpus.synthesis import synthesise_clip
from core.errors import (
    AudioFileError,
    PlanError,
    RenderError,
    StoryJudgeError,
    WeightsError,
)
from core.evaluation.recognise import Judge, LabelledRecording
from core.evaluation.story.brief import StoryBrief, WantedSound, read_story_briefs
from core.evaluation.story.clap import ClapScore
from core.evaluation.story.coherence import click_at, coherence, level_step, spectral_step
from core.evaluation.story.command import main
from core.evaluation.story.corruptions import (
    CORRUPTIONS,
    SOUNDS,
    brief_of,
    composed_story,
    judged_corruptions,
    judged_recordings,
    mixed,
)
from core.evaluation.story.following import follow, hearing_windows
from core.evaluation.story.judge import PerformedStory, StoryJudge
from core.evaluation.story.language_judge import LanguageJudge
from core.evaluation.story.source_consistency import source_consistency
from core.evaluation.story.systems import (
    folder_system,
    model_system,
    performer_system,
    written_story,
)
from core.evaluation.story.table import judge_system
from core.evaluation.tagger import Tagger
from core.listener.aisfx import AISFX_RATE, SoundEmbedder
from core.pretrained.checking import found_in
from core.pretrained.registry import RegisteredPerformers, register
from core.profile import ASSETS, RenderSettings
from core.render.performers import Performers

KINDS = ("birds", "rain", "saw", "horn", "dog", "helicopter", "wind")
"""Classes whose synthesised clips the tagger hears."""
SETTINGS = RenderSettings(steps=1, guidance=1.0)


@pytest.fixture(scope="module")
def judge() -> StoryJudge:
    recordings = Judge.load(ASSETS / "evaluation" / "held_out.safetensors", SoundEmbedder())
    return StoryJudge(recordings, Tagger.load(ASSETS / "evaluation" / "tagger-aisfx.safetensors"))


def sine(hertz: float, seconds: float, amplitude: float = 0.1) -> Tensor:
    return amplitude * torch.sin(
        2 * torch.pi * hertz * torch.arange(round(seconds * AISFX_RATE)) / AISFX_RATE
    )


def brief_line(**changes: object) -> str:
    event = {"caption": "rain falls", "kind": "rain", "start": 0.0, "seconds": 4.0}
    row = {"brief": "Rain, please.", "seconds": 10.0, "events": [event], "implied": ["wind"]}
    return json.dumps(row | changes)


def test_a_brief_says_what_is_wanted_when_and_from_which_source(tmp_path: Path) -> None:
    file = tmp_path / "briefs.jsonl"
    again = {"caption": "rain again", "kind": "rain", "start": 6, "seconds": 4, "timed": True}
    rain = {"caption": "rain falls", "kind": "rain", "start": 0, "seconds": 4}
    file.write_text(brief_line(events=[rain, again | {"source": 0}]) + "\n", encoding="utf-8")
    (brief,) = read_story_briefs(file)
    assert brief.wanted[1] == WantedSound("rain again", "rain", 6.0, 10.0, True, 0)
    assert (brief.name, brief.joints, brief.implied) == ("001", (6.0,), ("wind",))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"events": [{"caption": "a", "kind": "rain", "start": 8, "seconds": 4}]}, "outside"),
        ({"events": [{"caption": "a", "kind": "xylo", "start": 0, "seconds": 4}]}, "no class"),
        ({"implied": ["xylo"]}, "xylo is no class"),
        ({"events": [{"caption": "a"}]}, "mend the line"),
    ],
)
def test_a_brief_that_cannot_be_judged_is_refused(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    file = tmp_path / "briefs.jsonl"
    file.write_text(brief_line(**changes), encoding="utf-8")
    with pytest.raises(PlanError, match=sentence):
        read_story_briefs(file)


def test_the_shipped_briefs_can_be_judged() -> None:
    briefs = read_story_briefs()
    assert len(briefs) == 120
    returning = [brief for brief in briefs if any(w.source is not None for w in brief.wanted)]
    assert len(returning) == 59
    for brief in returning:
        for sound in brief.wanted:
            if sound.source is not None:
                assert sound.timed
                assert brief.wanted[sound.source].timed


def test_every_moment_of_a_story_is_heard() -> None:
    assert hearing_windows(3.0) == [(0.0, 3.0)]
    windows = hearing_windows(11.0)
    assert windows[0][0] == 0.0
    assert windows[-1] == (7.0, 11.0)
    assert all(later[0] < earlier[1] for earlier, later in pairwise(windows))


def test_order_and_time_are_judged_by_where_a_sound_is_heard_best() -> None:
    """A tagger of two classes whose embedding is the level of two tones."""
    tagger = Tagger(["low", "high"], 2).eval()
    with torch.no_grad():
        tagger.layers = torch.nn.Linear(2, 2)  # type: ignore[assignment]
        tagger.layers.weight.copy_(torch.eye(2))
        tagger.layers.bias.zero_()
    tagger.requires_grad_(False)

    def embed(sound: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(sound).abs().square() / len(sound)
        return torch.stack(
            [spectrum[: len(sound) // 100].sum(), spectrum[len(sound) // 100 :].sum()]
        )

    story = torch.cat([sine(200, 8.0), sine(2000, 8.0)])
    first, second = WantedSound("a", "low", 0.0, 8.0), WantedSound("b", "high", 8.0, 16.0)
    brief = StoryBrief("1", "low then high", 16.0, (first, second))
    assert follow(brief, story, embed, tagger).order == 1.0
    turned = replace(brief, wanted=(replace(first, kind="high"), replace(second, kind="low")))
    assert follow(turned, story, embed, tagger).order == 0.0
    timed = tuple(replace(wanted, timed=True) for wanted in brief.wanted)
    wrong = tuple(replace(wanted, timed=True) for wanted in turned.wanted)
    right = follow(replace(brief, wanted=timed), story, embed, tagger).certainty
    assert right > follow(replace(brief, wanted=wrong), story, embed, tagger).certainty


def test_a_wanted_sound_in_whose_time_nothing_sounds_is_not_heard(judge: StoryJudge) -> None:
    wanted = (WantedSound("rain", "rain", 0.0, 3.0, timed=True),)
    brief = StoryBrief("1", "rain at the beginning", 6.0, wanted)
    silent = torch.cat([torch.zeros(3 * AISFX_RATE), sine(440, 3.0)])
    verdict = judge.judge(brief, PerformedStory(silent)).following
    assert (verdict.heard, verdict.certainty) == (0.0, 0.0)


def test_a_returning_sound_is_compared_with_its_source_and_with_all_others() -> None:
    rain, wind = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    wanted = (
        WantedSound("rain", "rain", 0.0, 1.0),
        WantedSound("wind", "wind", 1.0, 2.0),
        WantedSound("rain", "rain", 2.0, 3.0, timed=True, source=0),
    )
    brief = StoryBrief("1", "rain, wind, rain", 3.0, wanted)
    found = source_consistency(brief, [rain, wind, rain], torch.zeros(3))
    assert (found.same, found.margin) == (pytest.approx(1.0), pytest.approx(1.0))
    other = source_consistency(brief, [rain, wind, wind], torch.zeros(3))
    assert (other.same, other.margin) == (pytest.approx(0.0), pytest.approx(-1.0))


def test_a_joint_is_measured_in_decibels() -> None:
    steady = sine(440, 4.0)
    louder = torch.cat([steady[: 2 * AISFX_RATE], 4.0 * steady[2 * AISFX_RATE :]])
    assert level_step(steady, 2.0) == pytest.approx(0.0, abs=0.1)
    assert level_step(louder, 2.0) == pytest.approx(12.04, abs=0.1)
    assert spectral_step(torch.cat([sine(440, 2.0), sine(3000, 2.0)]), 2.0) > 10.0
    assert spectral_step(steady, 2.0) < 3.0


def test_a_click_is_a_corner_where_all_around_is_smooth() -> None:
    smooth = sine(440, 2.0)
    clicked = smooth.clone()
    clicked[AISFX_RATE] += 0.2
    noise = 0.1 * torch.randn(2 * AISFX_RATE, generator=torch.Generator().manual_seed(0))
    struck = torch.cat([torch.zeros(AISFX_RATE), noise[:AISFX_RATE]])
    assert click_at(smooth, 1.0) < 1.5
    assert click_at(struck, 1.0) < 1.5
    assert click_at(clicked, 1.0) > 20.0


def test_silence_beside_a_joint_is_no_break(judge: StoryJudge) -> None:
    sound = torch.cat([torch.zeros(2 * AISFX_RATE), sine(440, 2.0)])
    found = coherence(sound, [2.0], [], judge.embed)
    assert np.isnan(found.level)
    assert np.isnan(found.spectrum)


def test_each_planned_fault_makes_its_figure_worse(judge: StoryJudge) -> None:
    rng = np.random.default_rng(0)
    clips = [
        LabelledRecording(kind, torch.from_numpy(synthesise_clip(kind, 6.0, rng).samples).float())
        for kind in KINDS
        for _ in range(2)
    ]
    by_kind = judged_recordings(clips, KINDS)
    shares = judged_corruptions(judge, by_kind, 2, lambda line: None)
    assert set(shares) == {corruption.name for corruption in CORRUPTIONS}
    assert sum(shares.values()) >= len(shares) - 1 / 2
    parts = composed_story(by_kind, Random(0))
    assert len(parts) == SOUNDS
    brief = brief_of(parts)
    whole = judge.judge(brief, mixed(parts, round(brief.seconds * AISFX_RATE)))
    assert whole.consistency.margin > 0.0


def test_a_folder_of_sounds_is_a_system(tmp_path: Path) -> None:
    brief = StoryBrief("007", "a tone", 2.0, (WantedSound("rain", "rain", 0.0, 2.0),))
    tone = sine(440, 2.0).numpy()[::2]
    soundfile.write(tmp_path / "007.wav", np.stack([tone, tone], 1), AISFX_RATE // 2)
    story = folder_system(tmp_path)(brief)
    assert len(story.sound) == 2 * AISFX_RATE
    with pytest.raises(AudioFileError, match=r"008\.wav"):
        folder_system(tmp_path)(replace(brief, name="008"))


def test_the_writers_own_times_make_lanes(tiny: AudioStory) -> None:
    wanted = (
        WantedSound("rain", "rain", 0.0, 8.0),
        WantedSound("a dog barks", "dog", 2.0, 4.0),
        WantedSound("a bell rings", "church_bell", 5.0, 7.0),
    )
    story = written_story(tiny, StoryBrief("1", "rain, dog, bell", 8.0, wanted))
    assert [event.layer for event in story.events] == [0, 1, 1]
    assert [event.start for event in story.events] == [0.0, 2.0, 5.0]


def test_systems_perform_a_brief_and_those_that_cannot_have_no_row(
    tiny: AudioStory, judge: StoryJudge
) -> None:
    wanted = (WantedSound("rain", "rain", 0.0, 2.0), WantedSound("a dog barks", "dog", 2.0, 4.0))
    brief = StoryBrief("1", "rain falls, then a dog barks", 4.0, wanted)
    recordings = Judge.load(ASSETS / "evaluation" / "held_out.safetensors", SoundEmbedder())
    row = judge_system(model_system("oracle", tiny, SETTINGS), [brief], judge, recordings, print)
    assert row is not None
    assert (row.stories, row.refused) == (1, 0)
    assert row.longest == pytest.approx(4.0, abs=0.1)
    assert judge_system(folder_system(Path("/nowhere")), [brief], judge, recordings, print) is None


def test_what_is_not_here_has_a_row_that_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    briefs = tmp_path / "briefs.jsonl"
    briefs.write_text(brief_line(), encoding="utf-8")
    main(["--systems", "--briefs", str(briefs), "--folder", f"other={tmp_path}"])
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"other": "no story was made"}


def test_a_registered_performer_makes_each_event_by_its_caption_alone(
    tiny: AudioStory, tmp_path: Path
) -> None:
    register(tmp_path, found_in(write_performer("tangoflux", tmp_path), "tangoflux", "the test"))
    performers = Performers(tiny.profile, RegisteredPerformers(tmp_path))
    wanted = (WantedSound("rain", "rain", 0.0, 0.8), WantedSound("a dog barks", "dog", 0.8, 1.4))
    brief = StoryBrief("1", "rain falls, then a dog barks", 1.4, wanted)
    oracle = performer_system("oracle", tiny, performers, "tangoflux")(brief)
    assert oracle.events == ("0 to 0.8 s: rain", "0.8 to 1.4 s: a dog barks")
    assert oracle.sound.abs().max() > 0.0
    whole = performer_system("whole", tiny, performers, "tangoflux")(replace(brief, seconds=60.0))
    longest = performers.named("tangoflux").description.longest_seconds - tiny.profile.crossfade
    assert whole.spans == ((0.0, longest),)
    assert whole.captions == (brief.text,)
    with pytest.raises(RenderError, match="performer add"):
        performer_system("whole", tiny, performers, "audioldm2")


def test_baselines_and_profiles_that_are_not_here_are_rows_that_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    briefs = tmp_path / "briefs.jsonl"
    briefs.write_text("", encoding="utf-8")
    main(["--briefs", str(briefs), "--systems", "whole", "--profile", "tiny", "audiostory-3b"])
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(rows) == [
        "whole (tiny)",
        "whole (audiostory-3b)",
        "whole (audioldm2)",
        "whole (tangoflux)",
    ]
    assert rows["whole (audiostory-3b)"].startswith("not run here: ")
    assert rows["whole (tangoflux)"].startswith("not run here: ")
    assert "performer add tangoflux" in rows["whole (tangoflux)"]


PIECES = ("<s>", "<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyzĠ")


@pytest.fixture(scope="module")
def clap_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLAP model in its publisher's layout, small and random."""
    folder = tmp_path_factory.mktemp("clap")
    torch.manual_seed(3)
    text = RobertaConfig(
        vocab_size=300,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=40,
    )
    audio = {
        "hidden_size": 32,
        "patch_embeds_hidden_size": 4,
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [2, 2, 2, 2],
        "spec_size": 64,
        "num_mel_bins": 32,
        "window_size": 2,
        "enable_fusion": False,
    }
    config = ClapConfig(
        text_config={**text.to_dict(), "projection_dim": 8},
        audio_config={**audio, "projection_dim": 8},
        projection_dim=8,
    )
    ClapModel(config).save_pretrained(folder)
    extractor = ClapFeatureExtractor(
        feature_size=32,
        sampling_rate=16_000,
        hop_length=256,
        frequency_min=50,
        frequency_max=8_000,
        max_length_s=2,
        fft_window_size=1024,
        truncation="rand_trunc",
    )
    tokenizer = RobertaTokenizer(
        vocab={
            word: place
            for place, word in enumerate(
                ("<s>", "<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyzĠ")
            )
        },
        merges=[],
        model_max_length=30,
    )
    ClapProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder


def test_the_clap_score_is_the_cosine_of_each_wanted_sound_and_its_caption(
    clap_folder: Path,
) -> None:
    score = ClapScore(clap_folder)
    high, low = sine(3000, 4.0), sine(200, 4.0)
    story = torch.cat([low, high])

    def figure(*wanted: WantedSound) -> float:
        return score(StoryBrief("1", "", 8.0, wanted), story)

    first = figure(WantedSound("a low tone", "rain", 0.0, 4.0, timed=True))
    second = figure(WantedSound("a low tone", "rain", 4.0, 8.0, timed=True))
    anywhere = figure(WantedSound("a low tone", "rain", 0.0, 4.0))
    assert -1.0 <= first <= 1.0
    assert abs(first - second) > 1e-4
    assert anywhere >= max(first, second) - 1e-5
    both = figure(
        WantedSound("a low tone", "rain", 0.0, 4.0, timed=True),
        WantedSound("a low tone", "rain", 4.0, 8.0, timed=True),
    )
    assert both == pytest.approx((first + second) / 2, abs=1e-5)
    with pytest.raises(WeightsError, match="holds no CLAP model"):
        ClapScore(clap_folder / "nothing")


RAIN_BRIEF = StoryBrief("1", "rain falls", 2.0, (WantedSound("rain", "rain", 0.0, 2.0),))
MARKS = {"instruction": 4, "reasoning": 3, "consistency": 5, "coherence": 2.5}
GOOD = f'Thinking {{"instruction": 1}} aloud. {json.dumps(MARKS)}'


def answering(text: str) -> Callable[[Request], None]:
    return lambda request: request.reply({"choices": [{"message": {"content": text}}]})


def test_a_language_model_marks_what_it_hears_or_reads() -> None:
    sound = sine(440, 2.0)
    with served(answering(GOOD)) as (url, seen):
        marks = LanguageJudge(url, "m", hears=True, key="k").marks(RAIN_BRIEF, sound, None)
        reader = LanguageJudge(url, "m")
        assert reader.marks(RAIN_BRIEF, sound, ("0 to 2 s: rain",)) == marks
        assert reader.marks(RAIN_BRIEF, sound, None) == {}, "there is nothing to read"
    assert marks == MARKS
    heard, read = (request.asked["messages"][0]["content"] for request in seen)
    assert seen[0].headers["Authorization"] == "Bearer k"
    wav = io.BytesIO(base64.b64decode(heard[1]["input_audio"]["data"]))
    samples, rate = soundfile.read(wav)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.01)
    assert "rain falls" in heard[0]["text"]
    assert "0 to 2 s: rain" in read


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (answering("Lovely."), "gave no marks"),
        (
            answering('{"instruction": 9, "reasoning": 3, "consistency": 5, "coherence": 2}'),
            "no marks",
        ),
        (lambda request: request.reply({"error": "no"}, 401), r"refused \(401\)"),
        (lambda request: request.reply(b"<html>"), "no chat completion"),
    ],
)
def test_a_judge_that_gives_no_marks_is_a_sentence_and_the_other_figures_stand(
    judge: StoryJudge, answer: Callable[[Request], None], sentence: str
) -> None:
    said: list[str] = []
    with served(answer) as (url, _):
        language = LanguageJudge(url, "m", hears=True)
        recordings = Judge.load(ASSETS / "evaluation" / "held_out.safetensors", SoundEmbedder())
        tone = PerformedStory(sine(440, 2.0))
        row = judge_system(lambda _: tone, [RAIN_BRIEF], judge, recordings, said.append, language)
    assert re.search(sentence, said[0])
    assert row is not None
    assert (row.stories, row.marked) == (1, 0)
    with pytest.raises(StoryJudgeError):
        LanguageJudge("not an address", "m")
