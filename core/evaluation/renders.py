"""Renders to be judged: one event from a caption, by one of three ways, and their embeddings.

A caption is rendered as the studio renders a story of this one event, planned as the director
plans. The way through the bridge can be cut short, with the same weights, plan and seed, to see
what each part is good for: residual tokens zeroed, or the condition taken from the text encoder
alone.

Embeddings are kept in a file of JSON lines, one a render, so that an evaluation that was stopped
goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.bridge.text_encoder import TextEncoder
from core.language.reasoning import Item, write_items
from core.language.stream import PlannedEvent
from core.listener.aisfx import Embedder
from core.profile import RenderSettings
from core.render.render import render_events
from core.story.story import Event, Story

Way = Literal["bridge", "no residual", "text encoder"]
WAYS: tuple[Way, ...] = ("bridge", "no residual", "text encoder")


@dataclass(frozen=True)
class Request:
    """What is to be rendered: a caption of so many seconds, with a seed."""

    caption: str
    seconds: float
    seed: int


class Renderer:
    """Renders single events.

    Args:
        way: how the caption becomes the performer's condition.
    """

    def __init__(self, model: AudioStory, settings: RenderSettings, way: Way = "bridge"):
        self.model = model
        self.settings = settings
        self.way = way
        tokens = model.profile.bridge.semantic_tokens
        self._encoder = TextEncoder(tokens) if way == "text encoder" else None

    @property
    def name(self) -> str:
        """What makes its renders what they are, besides the request."""
        way = self.settings
        sampled = f"{way.sampler} {way.steps} steps {way.guidance:g}"
        return f"{self.model.weights} {self.way} {sampled}, as a story"

    def __call__(self, request: Request) -> Tensor:
        """Mono (N,), exactly `seconds` long."""
        story = single_event_story(request, self.model.profile.name)
        ids = [event.id for event in story.events]
        rendered = render_events(
            self.model, story, ids, self.settings, conditioning=self.conditions
        )
        return torch.from_numpy(next(rendered).samples).mean(0)

    @torch.inference_mode()
    def conditions(
        self, instruction: str, total: float, reasoning: str, events: Sequence[PlannedEvent]
    ) -> Tensor:
        """The performer's conditions (E, S, width) by this renderer's way."""
        model = self.model
        if self._encoder is not None:
            return self._encoder([event.caption for event in events])
        if self.way == "bridge":
            return model.conditions(instruction, total, reasoning, events)
        model.ready("director")
        stream = model.stream(instruction, total, reasoning, model.paraphrased(events))
        ids = stream.ids[None].to(model.device)
        bridged = model.bridged(model.backbone(input_ids=ids).last_hidden_state[0], stream)
        nothing = torch.zeros_like(bridged.residual)
        return torch.as_tensor(model.bridge.fuse(bridged.semantic, nothing)).float()


def single_event_story(request: Request, profile: str) -> Story:
    """The request as a story of one event, planned as the director plans (`write_items`)."""
    caption, seconds = request.caption, request.seconds
    reasoning = write_items([Item(caption, seconds)])
    event = Event("e1", caption, 0.0, seconds, seed=request.seed)
    return Story(caption, seconds, request.seed, profile, reasoning, (event,))


class Embeddings:
    """Embeddings of sounds by what they were made from, kept in a file where one is given."""

    def __init__(self, embedder: Embedder, file: Path | None = None):
        self._embedder = embedder
        self._file = file
        self._known = _read(file) if file is not None and file.exists() else {}

    def of(self, renderer: Renderer, request: Request) -> Tensor:
        """The embedding (512,) of a render."""
        about = {"renderer": renderer.name, **asdict(request)}
        return self.of_sound(about, lambda: renderer(request))

    def of_sound(self, about: dict[str, str | float], make: Callable[[], Tensor]) -> Tensor:
        """The embedding (512,) of the sound that `make` gives; `about` says which it is."""
        about = {"embedder": self._embedder.name, **about}
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:24]
        if key not in self._known:
            embedding = self._embedder.embed(make())
            self._known[key] = [round(v, 5) for v in embedding.tolist()]
            self._keep({"key": key, **about, "embedding": self._known[key]})
        return torch.tensor(self._known[key])

    def _keep(self, row: dict[str, object]) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _read(file: Path) -> dict[str, list[float]]:
    """The embeddings of a file by key; a last line that was cut off by a stop is left out."""
    known: dict[str, list[float]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            row = json.loads(line)
            known[row["key"]] = row["embedding"]
    return known
