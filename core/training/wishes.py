"""`python app.py train wishes --run DIR --steps N`: the director learns to write edits.

An adapter beside its own (core/language/adapter.py) learns from wishes about random stories
(core/narratives/wishes.py); everything else stays as it is, so that no sound changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import pad_sequence

from core.audiostory import AudioStory
from core.director.wishes import NEXT, wish_prompt
from core.language.adapter import add_task_adapter
from core.language.stream import TURN_END
from core.narratives.wishes import Wish, wish
from core.story.edits import edit_slots
from core.training.loop import TrainingRun, train
from core.training.stages import halved

WISHES_A_STEP = 12
MOST_TOKENS = 420
"""Of a prompt and its edits; longer ones are drawn again."""


def answer_slots(wished: Wish) -> list[str]:
    """What the director is to write: the edits' slots, with what separates and ends them."""
    slots: list[str] = []
    for edit in wished.edits:
        slots += [*edit_slots(edit), NEXT]
    return [*slots[:-1], TURN_END]


def wish_tokens(model: AudioStory, wished: Wish) -> tuple[list[int], list[int]]:
    """Token ids of a wish's prompt and of its answer, slot by slot as the grammar writes them."""
    answer = [token for slot in answer_slots(wished) for token in model.encode(slot)]
    return model.encode(wish_prompt(wished.story, wished.text)), answer


def wishes_loss(model: AudioStory, wishes: list[tuple[list[int], list[int]]]) -> Tensor:
    """Cross-entropy of the answers given the prompts; shorter rows are filled up at their end."""
    rows = [torch.tensor(prompt + answer[:-1]) for prompt, answer in wishes]
    ids = pad_sequence(rows, batch_first=True)
    # On a processor the gradient of the fused attention takes longer than all matrices together.
    with sdpa_kernel(SDPBackend.MATH):
        states = model.backbone(input_ids=ids, use_cache=False).last_hidden_state
    answering = [
        row[len(prompt) - 1 : len(prompt) - 1 + len(answer)]
        for row, (prompt, answer) in zip(states, wishes, strict=True)
    ]
    targets = torch.tensor([token for _, answer in wishes for token in answer])
    return functional.cross_entropy(model.head(torch.cat(answering)).float(), targets)


def _step_losses(model: AudioStory, generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
    rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
    drawn: list[tuple[list[int], list[int]]] = []
    while len(drawn) < WISHES_A_STEP:
        prompt, answer = wish_tokens(model, wish(rng))
        if len(prompt) + len(answer) <= MOST_TOKENS:
            drawn.append((prompt, answer))
    yield {"text": wishes_loss(model, drawn)}


def train_wishes(model: AudioStory, run: TrainingRun, folder: Path) -> None:
    """Train the adapter on the model with the director's own adapter merged into it.

    Args:
        model: loaded for use, its weights not packed.
        folder: of the run; `average.safetensors` is the adapter.
    """
    torch.manual_seed(run.seed)
    model.requires_grad_(False)
    model.llm = add_task_adapter(model.llm)
    with halved(model.llm):
        train(
            model.llm, lambda generator: _step_losses(model, generator), {"text": 1.0}, run, folder
        )
