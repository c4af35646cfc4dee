"""Training on written scores, tiny and on the CPU: the loss falls, a run resumes exactly."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.audiostory import AudioStory
from core.director.progress import Brief
from core.director.score_plan import ScorePlan, decode_score
from core.errors import WeightsError
from core.language.adapter import adapter_weights, add_adapter, add_task_adapter
from core.language.model import merge_adapter
from core.language.score import ScoreEvent
from core.language.task_adapter import TaskAdapter
from core.narratives.score_variations import in_another_length, varied
from core.narratives.scores import Score, read_scores, score_faults, shared_runs
from core.profile import SCORING, WISHES
from core.training.loop import TrainingRun
from core.training.publish import publish_adapter
from core.training.scores import (
    KINDS,
    drawn_batch,
    held_out_losses,
    score_lesson,
    score_terms,
    split_by_writer,
    take_back,
    token_losses,
    train_scores,
)

RAIN = ScoreEvent("rain on a tin roof", 0.0, 20.0, "bed", "quiet", "steady", "calm")
KNOCK = ScoreEvent("a fist knocking on wood", 5.0, 3.0, "spot", "loud", "steady", "tense")
SCORE = Score("rain throughout, a knock", 20.0, "film", "note", "Rain on tin.", (RAIN, KNOCK))
OTHER = Score("a knock", 8.0, "film", "note", "A door.", (replace(KNOCK, start=2.0),))


def test_every_token_of_a_turn_is_learned_as_what_it_is(tiny: AudioStory) -> None:
    lesson = score_lesson(tiny, SCORE)
    texts = {
        kind: tiny.tokenizer.decode(
            [i for i, k in zip(lesson.ids, lesson.kinds, strict=True) if k == place]
        )
        for place, kind in enumerate(KINDS)
    }
    assert texts["reason"] == "Rain on tin.\n"
    assert texts["number"] == "2<|/think|>"
    assert texts["caption"] == "rain on a tin roof<timestamp>a fist knocking on wood<timestamp>"
    assert texts["content"].startswith("<|gen|>0+end bed quiet, calm</timestamp><|/gen|><|gen|>5+3")
    assert texts["content"].endswith("tense</timestamp><|/gen|><|im_end|>")
    read = tiny.tokenizer.decode(
        [i for i, k in zip(lesson.ids, lesson.kinds, strict=True) if k < 0]
    )
    assert "rain throughout, a knock The total duration is 20 seconds." in read
    assert read.endswith("<|think|>")


def test_pairs_in_one_pass_are_learned_as_each_by_itself(tiny: AudioStory) -> None:
    """Shorter lessons are filled up; no loss changes by it."""
    lessons = [score_lesson(tiny, score) for score in (SCORE, OTHER)]
    together = token_losses(tiny, lessons)
    for kind in KINDS:
        alone = torch.cat([token_losses(tiny, [lesson])[kind] for lesson in lessons])
        torch.testing.assert_close(together[kind], alone, rtol=1e-4, atol=1e-4)
    terms = score_terms(tiny, lessons)
    both = torch.cat([together["caption"], together["content"]])
    torch.testing.assert_close(terms["text"], both.mean())
    assert set(terms) == {"reason", "number", "text", "caption", "content"}


def trained(
    model: AudioStory, folder: Path, steps: int = 12, every_step: bool = False, last: int = 99
) -> dict[str, torch.Tensor]:
    """A run on a copy of the model, interrupted as by Ctrl-C after `last` steps; its adapter."""
    left = iter(range(last))

    def terms(*given: Any) -> dict[str, torch.Tensor]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return score_terms(*given)

    run = TrainingRun(steps, 2e-2, warmup=2, average=0.5, save_minutes=1e-9 if every_step else 60.0)
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr("core.training.scores.score_terms", terms)
        pairs = ([SCORE, OTHER], [SCORE])
        train_scores(copy.deepcopy(model), run, folder, pairs, rank=3, batch=2)
    return dict(load_file(folder / "average.safetensors"))


def recorded(folder: Path, term: str) -> list[float]:
    rows = [line.split(",") for line in (folder / "losses.csv").read_text().splitlines()]
    return [float(value) for _, _, name, value in rows if name == term]


def test_a_few_steps_lower_the_loss_of_what_is_held_out(
    tiny: AudioStory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the adapter, at work beside the director, is what was trained."""
    before = held_out_losses(tiny, [score_lesson(tiny, SCORE)])
    trained(tiny, tmp_path)
    (after,) = recorded(tmp_path, "held out all")
    assert after < before["all"] - 0.1
    assert "step 12, held out: reason" in capsys.readouterr().out
    with TaskAdapter.load(tmp_path / "average.safetensors").at_work(tiny.backbone):
        adapted = held_out_losses(tiny, [score_lesson(tiny, SCORE)])
    assert adapted["all"] == pytest.approx(after, abs=0.02)
    assert held_out_losses(tiny, [score_lesson(tiny, SCORE)]) == before


def test_a_resumed_run_is_the_uninterrupted_one(tiny: AudioStory, tmp_path: Path) -> None:
    """Also where a checkpoint has judged what is held out after every step."""
    whole = trained(tiny, tmp_path / "whole", 6)
    trained(tiny, tmp_path / "parts", 6, every_step=True, last=3)
    parts = trained(tiny, tmp_path / "parts", 6)
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_fresh_adapter_takes_back_what_the_director_has_learned(
    tiny: AudioStory, tmp_path: Path
) -> None:
    config = replace(tiny.profile.director, rows=False, lora_alpha=6)
    ids = torch.tensor([tiny.encode("rain on a roof")])
    plain = tiny.backbone(input_ids=ids).last_hidden_state
    director = add_adapter(copy.deepcopy(tiny.llm), config, [])
    weights = {name: torch.randn_like(p) * 0.1 for name, p in adapter_weights(director).items()}
    save_file(weights, tmp_path / "director")
    merged = copy.deepcopy(tiny)
    merge_adapter(merged.llm, config, [], tmp_path / "director")
    learned = merged.backbone(input_ids=ids).last_hidden_state
    assert not torch.allclose(learned, plain, atol=1e-2)
    merged.llm = add_task_adapter(merged.llm, 9, first=0)
    take_back(merged.llm, tmp_path / "director", config.lora_alpha)
    fresh = merged.eval().backbone(input_ids=ids).last_hidden_state
    torch.testing.assert_close(fresh, plain, rtol=1e-3, atol=1e-4)
    small = copy.deepcopy(tiny)
    small.llm = add_task_adapter(small.llm, 2, first=0)
    with pytest.raises(WeightsError, match="rank of 4 or more"):
        take_back(small.llm, tmp_path / "director", config.lora_alpha)


def test_one_writer_is_held_out_whole() -> None:
    learned, judged = split_by_writer("g")
    assert 0 < len(judged) <= 48
    shared = shared_runs([*judged, *learned])
    assert not [run for first, second, run in shared if first < len(judged) <= second]
    with pytest.raises(WeightsError, match="no writer 'nobody'"):
        split_by_writer("nobody")


def test_a_batch_holds_pairs_of_like_length_and_every_pair_comes() -> None:
    scores = read_scores()[:64]
    rng = Random(0)
    spread, seen = [], set[str]()
    for _ in range(60):
        batch = drawn_batch(scores, 8, 0.0, rng)
        assert len(batch) == 8
        lengths = [len(score.brief) + len(score.reasoning) for score in batch]
        spread.append(max(lengths) - min(lengths))
        seen.update(score.brief for score in batch)
    assert len(seen) == 64
    everything = [len(score.brief) + len(score.reasoning) for score in scores]
    assert sum(spread) / len(spread) < 0.6 * (max(everything) - min(everything))


def test_another_length_keeps_what_is_true() -> None:
    """Beds go on to the end, spots keep their length, and what overlapped still does."""
    longer = in_another_length(SCORE, 1.5)
    assert longer is not None
    assert longer.seconds == 30.0
    assert [(e.start, e.seconds) for e in longer.events] == [(0.0, 30.0), (7.5, 3.0)]
    assert in_another_length(replace(SCORE, brief="rain for 20 s, a knock"), 1.5) is None
    assert in_another_length(replace(SCORE, reasoning="After five seconds a knock."), 1.5) is None
    assert in_another_length(SCORE, 0.2) is None, "no written score is so short"
    bed = replace(RAIN, count=5)
    assert in_another_length(replace(SCORE, events=(bed, KNOCK)), 1.5) is None
    near = replace(SCORE, events=(RAIN, KNOCK, replace(KNOCK, start=8.0)))
    assert in_another_length(near, 0.75) is None, "they would overlap"


def test_varied_pairs_are_without_fault() -> None:
    rng = Random(1)
    scores = read_scores()[::5]
    others = [varied(score, rng) for score in scores]
    assert not [fault for score in others for fault in score_faults(score)]
    pairs = list(zip(scores, others, strict=True))
    stretched = sum(a.seconds != b.seconds for a, b in pairs)
    assert 0 < stretched < len(pairs)
    for a, b in pairs:
        assert [e.caption for e in a.events] == [e.caption for e in b.events]
        assert a.reasoning == b.reasoning
        digits = [[c for c in text if c.isdigit()] for text in (a.brief, b.brief)]
        assert digits[0] == digits[1]


def test_an_adapter_is_published_part_of_the_way_from_the_shipped_one(tmp_path: Path) -> None:
    save_file({"a": torch.ones(3)}, tmp_path / WISHES)
    save_file({"a": torch.full((3,), 3.0)}, tmp_path / "average.safetensors")
    publish_adapter(tmp_path, tmp_path, "wishes", share=0.25)
    assert load_file(tmp_path / WISHES)["a"].tolist() == [1.5] * 3
    publish_adapter(tmp_path, tmp_path, "wishes")
    assert load_file(tmp_path / WISHES)["a"].tolist() == [3.0] * 3


def test_a_published_adapter_lies_beside_the_directors(tiny: AudioStory, tmp_path: Path) -> None:
    trained(tiny, tmp_path / "run", 1)
    publish_adapter(tmp_path / "run", tmp_path, "scores")
    adapter = TaskAdapter.load(tmp_path / SCORING)
    held = ScorePlan(tiny, Brief("rain", 8.0))
    *_, tokens = decode_score(tiny, held, adapter=adapter)
    assert held.sheet(tokens).events
