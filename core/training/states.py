"""What the bridge reads in stage I: the director's states at the bridging tokens, computed once.

    python app.py train states --from RUN --run DIR --examples DIR --lessons 2000

Most of a step's cost is the language model, and in stage I nothing that it does not yet know is
asked of it. Its states over many stories are kept, and the bridge and the performer train on them
(core/training/bridging.py) some thirty times faster than through the language model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.audiostory import AudioStory
from core.corpus.captions import MOODS, Caption
from core.corpus.clauses import MarkedClause
from core.corpus.examples import Examples
from core.files import atomic_path
from core.language.stream import PlannedEvent
from core.narratives.narratives import Narrative, narrative, narrative_of_sounds
from core.narratives.skeletons import Sound, sound
from core.training.devices import moved_to, own_device
from core.training.lesson import ALIKE, Ablation
from core.training.ranks import Ranks

_ALONE = Ranks()
NO_EXAMPLE = -1
SHARD = 100
FROM_EXAMPLES = 0.6
EDITED = 0.25
UNREASONED = 0.35
_UNUSUAL = 0.4
"""Share of the examples written about that are chosen among those with something unusual."""


@dataclass(frozen=True)
class BridgingStates:
    """The director's last hidden states at the bridging tokens of N events.

    Attributes:
        semantic: (N, S, hidden), half precision.
        residual: (N, R, hidden), half precision.
        captions: what each event's caption says, and what it means.
        classes: what can perform each event.
        examples: index of the very example that a caption describes, or `NO_EXAMPLE`.
    """

    semantic: Tensor
    residual: Tensor
    captions: list[Caption]
    classes: list[tuple[str, ...]]
    examples: list[int]

    def of(self, events: list[int]) -> tuple[Tensor, Tensor]:
        """The states of these events, (B, S, hidden) and (B, R, hidden)."""
        return self.semantic[events].float(), self.residual[events].float()

    @staticmethod
    def load(folder: Path) -> BridgingStates:
        """All shards of a folder, in order."""
        semantic, residual, rows = [], [], []
        for path in sorted(folder.glob("states-*.safetensors")):
            with safe_open(path, framework="pt") as file:
                semantic.append(file.get_tensor("semantic"))
                residual.append(file.get_tensor("residual"))
                rows += json.loads(file.metadata()["events"])
        return BridgingStates(
            torch.cat(semantic),
            torch.cat(residual),
            [Caption(*row["caption"]) for row in rows],
            [tuple(row["classes"]) for row in rows],
            [row["example"] for row in rows],
        )


@dataclass(frozen=True)
class ReadLesson:
    """A story to read, with the example that each event's caption was written for."""

    story: Narrative
    reasoning: str
    examples: tuple[int, ...]


def lesson(examples: Examples, rng: Random) -> ReadLesson:
    """A story from the skeletons, or one of examples in the words of their own captions.

    Some have captions that were edited after the reasoning, some no reasoning at all, for that is
    what people render.
    """
    if rng.random() < FROM_EXAMPLES:
        chosen = [_example(examples, rng) for _ in range(rng.randint(1, 5))]
        story = narrative_of_sounds([_as_sound(examples, i, rng) for i in chosen], rng)
    else:
        story = narrative(rng)
        chosen = [NO_EXAMPLE] * len(story.events)
    reasoning = "" if rng.random() < UNREASONED else story.reasoning
    if rng.random() < EDITED:
        order = rng.sample(range(len(chosen)), len(chosen))
        story, chosen = _edited(story, order), [chosen[i] for i in order]
    return ReadLesson(story, reasoning, tuple(chosen))


def _example(examples: Examples, rng: Random) -> int:
    if examples.unusual and rng.random() < _UNUSUAL:
        return rng.choice(examples.unusual)
    return rng.randrange(len(examples.captions))


def _as_sound(examples: Examples, index: int, rng: Random) -> Sound:
    classes = tuple(examples.classes[index])
    caption = rng.choice(examples.captions[index])
    return replace(
        sound(MarkedClause(caption.said), MOODS[classes[0]], classes), meant=caption.meant
    )


def _edited(story: Narrative, order: Sequence[int]) -> Narrative:
    """The same timeline with the captions moved to other events."""
    lengths = [event.seconds for event in story.events]
    events = tuple(
        replace(story.events[i], seconds=seconds) for seconds, i in zip(lengths, order, strict=True)
    )
    return replace(story, events=events)


@torch.inference_mode()
def read_states(model: AudioStory, read: ReadLesson, ablation: Ablation) -> tuple[Tensor, Tensor]:
    """States at the bridging tokens, (E, S, hidden) and (E, R, hidden), on the processor."""
    story = read.story
    events = [PlannedEvent(e.caption if ablation.captions else "", e.seconds) for e in story.events]
    reasoning = read.reasoning if ablation.reasoning else ""
    events = model.paraphrased(events, ALIKE)
    stream = model.stream(story.instruction, story.total, reasoning, events)
    (ids,) = moved_to(model.backbone, stream.ids[None])
    states = model.backbone(input_ids=ids).last_hidden_state[0]
    return states[stream.semantic].half().cpu(), states[stream.residual].half().cpu()


def collect(
    model: AudioStory,
    examples: Examples,
    folder: Path,
    lessons: int,
    ablation: Ablation,
    ranks: Ranks = _ALONE,
) -> None:
    """Read `lessons` stories and keep their states; shards that are there already stay.

    Args:
        ranks: the processes among which the shards are shared out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.backbone.to(own_device())
    for shard in ranks.own(lessons // SHARD):
        path = folder / f"states-{shard:04d}.safetensors"
        if path.exists():
            continue
        semantic, residual, rows = [], [], []
        for index in range(shard * SHARD, (shard + 1) * SHARD):
            read = lesson(examples, Random(index))
            states = read_states(model, read, ablation)
            semantic.append(states[0])
            residual.append(states[1])
            rows += [
                {
                    "caption": (event.caption, event.meant),
                    "classes": event.classes,
                    "example": example,
                }
                for event, example in zip(read.story.events, read.examples, strict=True)
            ]
        with atomic_path(path) as temporary:
            tensors = {"semantic": torch.cat(semantic), "residual": torch.cat(residual)}
            save_file(tensors, temporary, metadata={"events": json.dumps(rows)})
