"""The director learns to write scores, from pairs of brief and score that were written one by one.

    python app.py train scores --run DIR --steps 6000 [--rank 32] [--fresh] [--varied 0.5]

What is trained is an adapter beside the director's own (core/language/task_adapter.py), so that no
state changes that the bridge reads. As in the paper (section 3.1) the reasoning's loss is a sum: of
the number of events and of its prose; captions and what a line says beside them are L_text, logged
apart. One writer's pairs are held out, and their losses are printed with every checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from core.audiostory import AudioStory
from core.director.plan import check_instruction
from core.errors import WeightsError
from core.language.adapter import add_task_adapter
from core.language.score import CueSheet, score_text
from core.language.stream import prompt_text
from core.language.task_adapter import ALPHA
from core.narratives.score_variations import varied
from core.narratives.scores import Score, scores_by_writer, shared_runs
from core.training.devices import moved_to
from core.training.loop import TrainingRun, train, trainable
from core.training.objective import LAMBDA
from core.training.stages import halved

KINDS = ("reason", "number", "caption", "content")
"""What a token of a turn belongs to: the prose, the number of events, a caption, or the rest."""
SCORE_WEIGHTS = {"reason": LAMBDA["reason"], "number": LAMBDA["reason"], "text": LAMBDA["text"]}
"""Of the loss terms; the two parts of L_text are logged and do not count again."""
_LOGGED = ("caption", "content")
BATCH = 8
"""Pairs a step, in one pass."""
_BATCHES_DRAWN = 4
"""Batches that are drawn at once and sorted by length, so that little is filled up."""
_JUDGED = 48
"""Pairs of the writer that is held out, evenly chosen, on which every checkpoint is judged."""
_DIRECTOR = "director.safetensors"


@dataclass(frozen=True)
class ScoreLesson:
    """A pair as tokens.

    Attributes:
        kinds: place in `KINDS` of each token, -1 where it is only read.
    """

    ids: tuple[int, ...]
    kinds: tuple[int, ...]


def score_lesson(model: AudioStory, score: Score) -> ScoreLesson:
    """A pair as the director reads and writes it; marks belong to what they end."""
    ids = model.ids
    brief = check_instruction(model, score.brief, score.seconds)
    prompt = model.encode(prompt_text(brief, score.seconds))
    turn = model.encode(score_text(CueSheet(score.reasoning, score.events), score.seconds))
    after = {
        model.score_ids.newline: "number",
        ids.think_end: "content",
        ids.gen: "caption",
        ids.time: "content",
    }
    kinds, kind = [-1] * len(prompt), "reason"
    for token in turn:
        kinds.append(-1 if token == ids.think else KINDS.index(kind))
        kind = after.get(token, kind)
    return ScoreLesson((*prompt, *turn), tuple(kinds))


def token_losses(model: AudioStory, lessons: Sequence[ScoreLesson]) -> dict[str, Tensor]:
    """Cross-entropy of every token that is learned, by kind.

    The lessons go through in one pass. Shorter ones are filled up at their end, which a causal
    model does not see.
    """
    ids = pad_sequence([torch.tensor(lesson.ids) for lesson in lessons], batch_first=True)
    kinds = pad_sequence(
        [torch.tensor(lesson.kinds) for lesson in lessons], batch_first=True, padding_value=-1
    )
    read = model.backbone(input_ids=moved_to(model.backbone, ids)[0], use_cache=False)
    targets, learned = ids[:, 1:], kinds[:, 1:]
    scores = model.head(read.last_hidden_state[:, :-1][learned >= 0]).float()
    wanted = targets[learned >= 0].to(scores.device)
    losses = functional.cross_entropy(scores, wanted, reduction="none")
    own = learned[learned >= 0]
    return {kind: losses[own == place] for place, kind in enumerate(KINDS)}


def score_terms(model: AudioStory, lessons: Sequence[ScoreLesson]) -> dict[str, Tensor]:
    """The loss terms of a batch, those of the parts of L_text without a gradient."""
    losses = token_losses(model, lessons)
    text = torch.cat([losses[kind] for kind in _LOGGED])
    terms = {"reason": losses["reason"].mean(), "number": losses["number"].mean()}
    return terms | {"text": text.mean()} | {k: losses[k].detach().mean() for k in _LOGGED}


@torch.no_grad()
def held_out_losses(model: AudioStory, lessons: Sequence[ScoreLesson]) -> dict[str, float]:
    """Mean loss of a token by kind, and as they count together."""
    found: dict[str, list[Tensor]] = {kind: [] for kind in KINDS}
    for begin in range(0, len(lessons), BATCH):
        for kind, losses in token_losses(model, lessons[begin : begin + BATCH]).items():
            found[kind].append(losses)
    means = {kind: float(torch.cat(parts).mean()) for kind, parts in found.items()}
    text = torch.cat([part for kind in _LOGGED for part in found[kind]])
    terms = {**means, "text": float(text.mean())}
    return {**terms, "all": sum(weight * terms[name] for name, weight in SCORE_WEIGHTS.items())}


def drawn_batch(scores: Sequence[Score], batch: int, share: float, rng: Random) -> list[Score]:
    """Pairs of like length, each pair as likely as any other.

    Args:
        share: of the pairs that are varied (`core.narratives.score_variations`).
    """
    several = min(_BATCHES_DRAWN, max(1, len(scores) // batch))
    drawn = rng.sample(scores, min(len(scores), several * batch))
    drawn.sort(key=lambda score: len(score.brief) + len(score.reasoning) + 80 * len(score.events))
    begin = batch * rng.randrange(several)
    return [varied(s, rng) if rng.random() < share else s for s in drawn[begin : begin + batch]]


def split_by_writer(held_out: str) -> tuple[list[Score], list[Score]]:
    """The pairs to learn from, and some of the writer's that is held out.

    Two writers may have had the same thought: no brief to learn from shares a run of words with one
    that is held out.

    Raises:
        WeightsError: there is no such writer, or no other.
    """
    writers = scores_by_writer()
    if held_out not in writers or len(writers) < 2:
        raise WeightsError(f"There is no writer {held_out!r} of scores; name one of {[*writers]}.")
    own = writers.pop(held_out)
    judged = own[:: max(1, len(own) // _JUDGED)][:_JUDGED]
    others = [score for scores in writers.values() for score in scores]
    alike = {second for first, second, _ in shared_runs([*judged, *others]) if first < len(judged)}
    return [s for place, s in enumerate(others, len(judged)) if place not in alike], judged


def train_scores(
    model: AudioStory,
    run: TrainingRun,
    folder: Path,
    split: tuple[Sequence[Score], Sequence[Score]],
    *,
    rank: int,
    batch: int = BATCH,
    share: float = 0.0,
    fresh: bool = False,
) -> None:
    """Train an adapter on the model with the director's own adapter merged into it.

    Args:
        model: loaded for use, its weights not packed.
        folder: of the run; `average.safetensors` is the adapter.
        split: pairs to learn from, and pairs that are held out.
        share: of the pairs that are varied.
        fresh: begin as the language model is without the director's adapter, which the new one
            takes back, and for which it lies on all layers; otherwise it lies on the upper ones.

    Raises:
        WeightsError: the rank is too small to take the director's adapter back.
    """
    learned, held_out = split
    torch.manual_seed(run.seed)
    model.requires_grad_(False)
    model.llm = add_task_adapter(model.llm, rank, first=0 if fresh else None)
    if fresh:
        take_back(model.llm, model.profile.folder / _DIRECTOR, model.profile.director.lora_alpha)
    judged = [score_lesson(model, score) for score in held_out]

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
        scores = drawn_batch(learned, batch, share, rng)
        yield score_terms(model, [score_lesson(model, score) for score in scores])

    weights = {**SCORE_WEIGHTS, **dict.fromkeys(_LOGGED, 0.0)}
    with halved(model.llm):
        train(model.llm, losses, weights, run, folder, lambda: held_out_losses(model, judged))


@torch.no_grad()
def take_back(llm: nn.Module, path: Path, alpha: float) -> None:
    """Let an untrained adapter subtract another one, which is merged into the model.

    Args:
        path, alpha: of the merged adapter.

    Raises:
        WeightsError: its rank is larger.
    """
    merged = load_file(path)
    for name, parameter in trainable(llm).items():
        factor = merged[name].float()
        if name.endswith("lora_A.default.weight"):
            if len(factor) > len(parameter):
                raise WeightsError(f"A fresh adapter needs a rank of {len(factor)} or more.")
            parameter[: len(factor)] = factor
        else:
            rank, own = factor.shape[1], parameter.shape[1]
            parameter[:, :rank] = -factor * (alpha / rank) / (ALPHA / own)
