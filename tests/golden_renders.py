"""Golden renders: what the pocket model performs, for each numeric path of a processor.

    python -m tests.golden renders

A file a path in tests/golden/: the latents of each take, and the levels of its sound by band. They
are compared by tolerance, since bits hold on one kind of processor only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.audiostory import AudioStory, load_audiostory
from core.files import atomic_path
from core.language.packing import packs
from core.language.reasoning import Item, write_items
from core.placement import Placement, multiplies_bf16
from core.profile import load_profile
from core.render.beginnings import Beginning
from core.render.render import render_events
from core.render.rendered_take import RenderedTake
from core.story.story import Event, Story
from core.story.take import Start

GOLDEN = Path(__file__).parent / "golden"

PATHS: dict[str, Placement] = {
    "fp32": Placement(),
    "bf16": Placement(performing=torch.bfloat16, packed=packs()),
}
"""The plain path, which every processor has, and the quick one of those that multiply bf16."""

BANDS = (0.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 12_800.0, 22_050.0)
"""Edges in Hz."""
QUIETEST = -100.0
"""dB below which a band's level is not compared."""

EVENTS = (
    ("rain", "steady rain on a tin roof", 1.5, "final"),
    ("dog", "a dog barks twice", 1.0, "draft"),
    ("storm", "heavy rain with distant thunder", 1.5, "draft"),
    ("wind", "wind howls around the house", 9.5, "draft"),
)
"""A guided render, a distilled one, two sounds performed at once, and one in several windows."""


def story() -> Story:
    """The events one after another, planned as the director plans."""
    events, clock = [], 0.0
    for number, (event_id, caption, seconds, _) in enumerate(EVENTS):
        events.append(Event(event_id, caption, clock, seconds, seed=11 + number))
        clock += seconds
    reasoning = write_items([Item(event.caption, event.duration) for event in events])
    return Story("a stormy night", clock, 1, "pocket", reasoning, tuple(events))


def takes(model: AudioStory) -> Iterator[tuple[str, RenderedTake]]:
    """Every golden take by its name: the events, and a variation of the first."""
    whole, profile = story(), model.profile
    found = {}
    for quality, settings in (("final", profile.final), ("draft", profile.draft)):
        ids = [event_id for event_id, _, _, made in EVENTS if made == quality]
        for take in render_events(model, whole, ids, settings):
            found[take.event_id] = take
            yield take.event_id, take
    start = Start("take", "golden", 0.6, seed=5, grain=11)
    beginnings = {"rain": Beginning(start, found["rain"].latents)}
    (varied,) = render_events(model, whole, ["rain"], profile.final, beginnings=beginnings)
    yield "rain varied", varied


def levels(samples: Tensor, rate: int) -> Tensor:
    """Power of a sound (channels, N) in each band, dB of full scale."""
    power = torch.fft.rfft(samples.double()).abs().square().sum(0) / samples.shape[1] ** 2
    hertz = torch.fft.rfftfreq(samples.shape[1], 1.0 / rate)
    found = [power[(hertz >= low) & (hertz < high)].sum() * 2.0 for low, high in pairwise(BANDS)]
    return 10.0 * torch.log10(torch.stack(found) + 1e-20).float()


def measured(model: AudioStory) -> dict[str, Tensor]:
    """Latents and levels of every golden take, by name.

    Latents of simultaneous sounds are left out: they are encoded from the mixed sound, where what
    the phases do makes small differences five times as large.
    """
    values: dict[str, Tensor] = {}
    for name, take in takes(model):
        if name != "storm":
            values[f"{name}/latents"] = take.latents.half().contiguous()
        values[f"{name}/levels"] = levels(torch.from_numpy(take.samples), model.sample_rate)
    return values


def write_renders() -> None:
    """Render all with each path that this processor has; the file of another stays as it is."""
    GOLDEN.mkdir(exist_ok=True)
    for path, placement in PATHS.items():
        if path == "bf16" and not multiplies_bf16():
            continue
        values = measured(load_audiostory(load_profile("pocket"), placement))
        with atomic_path(GOLDEN / f"renders-{path}.safetensors") as temporary:
            save_file(values, temporary)


if __name__ == "__main__":
    write_renders()
