"""`python app.py train wishes --run DIR --steps N`: the director learns to write edits.

An adapter beside its own (core/language/adapter.py) learns from wishes about random stories
(core/narratives/wishes.py); everything else stays as it is, so that no sound changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import pad_sequence

from core.audiostory import AudioStory
from core.director.wishes import NEXT, wish_prompt
from core.language.adapter import add_task_adapter, load_adapter
from core.language.stream import TURN_END
from core.narratives.wishes import Wish, random_story, wish_about
from core.story.edits import edit_slots
from core.training.devices import moved_to
from core.training.loop import TrainingRun, train
from core.training.stages import halved

STORIES_A_STEP, WISHES_A_STORY = 8, 8
"""A story is read once for all its wishes: most of a wish's prompt is the story."""
MOST_TOKENS = 600
"""Of a story with its wishes and their edits; longer ones are drawn again."""


def answer_slots(wished: Wish) -> list[str]:
    """What the director is to write: the edits' slots, with what separates and ends them."""
    slots: list[str] = []
    for edit in wished.edits:
        slots += [*edit_slots(edit), NEXT]
    return [*slots[:-1], TURN_END]


@dataclass(frozen=True)
class StoryWishes:
    """Wishes about one story as tokens.

    Attributes:
        story: what the prompts of all begin with.
        wishes: the rest of each prompt, and its answer slot by slot as the grammar writes it.
    """

    story: tuple[int, ...]
    wishes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

    @property
    def tokens(self) -> int:
        return len(self.story) + sum(len(rest) + len(answer) for rest, answer in self.wishes)


def story_wishes(model: AudioStory, wishes: Sequence[Wish]) -> StoryWishes:
    """Tokens of wishes that are about the same story."""
    prompts = [model.encode(wish_prompt(wished.story, wished.text)) for wished in wishes]
    columns = zip(*(prompt[:-1] for prompt in prompts), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    return StoryWishes(
        tuple(prompts[0][:shared]),
        tuple(
            (
                tuple(prompt[shared:]),
                tuple(token for slot in answer_slots(wished) for token in model.encode(slot)),
            )
            for prompt, wished in zip(prompts, wishes, strict=True)
        ),
    )


def wishes_loss(model: AudioStory, stories: Sequence[StoryWishes]) -> Tensor:
    """Cross-entropy of the answers given their prompts.

    A row is a story and its wishes one after the other; each sees the story and itself alone, at
    the places where it would stand by itself.
    """
    rows = [_row(story) for story in stories]
    ids = pad_sequence([row.ids for row in rows], batch_first=True)
    places = pad_sequence([row.places for row in rows], batch_first=True)
    seen = torch.eye(ids.shape[1], dtype=torch.bool).repeat(len(rows), 1, 1, 1)
    for mask, row in zip(seen, rows, strict=True):
        mask[0, : len(row.ids), : len(row.ids)] = row.seen
    ids, places, seen = moved_to(model.backbone, ids, places, seen)
    # On a processor the gradient of the fused attention takes longer than all matrices together.
    with sdpa_kernel(SDPBackend.MATH):
        states = model.backbone(
            input_ids=ids, position_ids=places, attention_mask=seen, use_cache=False
        ).last_hidden_state
    answering = torch.cat([state[row.answering] for state, row in zip(states, rows, strict=True)])
    targets = [token for story in stories for _, answer in story.wishes for token in answer]
    scores = model.head(answering).float()
    return functional.cross_entropy(scores, torch.tensor(targets, device=scores.device))


class _Row(NamedTuple):
    """Ids (n), places (n), which token sees which (n, n), and where answers are predicted."""

    ids: Tensor
    places: Tensor
    seen: Tensor
    answering: list[int]


def _row(story: StoryWishes) -> _Row:
    shared = len(story.story)
    ids, places = list(story.story), list(range(shared))
    owners = [-1] * shared
    answering: list[int] = []
    for number, (rest, answer) in enumerate(story.wishes):
        first = len(ids) + len(rest) - 1
        answering += range(first, first + len(answer))
        length = len(rest) + len(answer) - 1
        ids += [*rest, *answer[:-1]]
        places += range(shared, shared + length)
        owners += [number] * length
    owner = torch.tensor(owners)
    common = (owner[None, :] == -1) | (owner[None, :] == owner[:, None])
    return _Row(torch.tensor(ids), torch.tensor(places), common.tril(), answering)


def _step_losses(model: AudioStory, generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
    rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
    drawn: list[StoryWishes] = []
    while len(drawn) < STORIES_A_STEP:
        story, kinds = random_story(rng)
        wishes = [wish_about(story, kinds, rng) for _ in range(WISHES_A_STORY)]
        tokens = story_wishes(model, wishes)
        if tokens.tokens <= MOST_TOKENS:
            drawn.append(tokens)
    yield {"text": wishes_loss(model, drawn)}


def train_wishes(
    model: AudioStory, run: TrainingRun, folder: Path, start: Path | None = None
) -> None:
    """Train the adapter on the model with the director's own adapter merged into it.

    Args:
        model: loaded for use, its weights not packed.
        folder: of the run; `average.safetensors` is the adapter.
        start: file of the adapter to go on from; None: an untrained one.

    Raises:
        WeightsError: `start` is missing, or no such adapter.
    """
    torch.manual_seed(run.seed)
    model.requires_grad_(False)
    model.llm = add_task_adapter(model.llm)
    if start is not None:
        load_adapter(model.llm, start)
    with halved(model.llm):
        train(
            model.llm, lambda generator: _step_losses(model, generator), {"text": 1.0}, run, folder
        )
