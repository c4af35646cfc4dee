"""The kinds of pretrained performers: what is known of each before its code is imported.

A new one is an adapter (core/pretrained/adapter.py) and an entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.performer.event_performer import OPEN_VOCABULARY
from core.profile import RenderSettings

CONFIGURATIONS = ("*.json", "*.txt", "*.model", "README.md", "LICENSE*")
"""What is fetched of a repository beside weights: no program code."""


@dataclass(frozen=True)
class PretrainedKind:
    """One kind of performer.

    Attributes:
        title: as people call the model.
        adapter: module and class that run it.
        pipeline: the class that its model_index.json names; empty: it has none.
        draft, final: settings for the two qualities.
        repository: where its publisher offers it in a layout that is read here; empty: nowhere.
        fetched: patterns of the files that are wanted of it.
        besides: patterns of the files of another repository, by the folder that they go into.
        halves: it computes in 16 bits on a graphics card.
        varies, repaints: see `core.performer.event_performer`.
        knowledge: how well it knows a sound of which it has only words.
        note: what a person should know before it is added.
    """

    title: str
    adapter: tuple[str, str]
    pipeline: str
    draft: RenderSettings
    final: RenderSettings
    repository: str = ""
    fetched: tuple[str, ...] = ("*/*.safetensors", *CONFIGURATIONS)
    besides: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    halves: bool = True
    varies: bool = False
    repaints: bool = False
    knowledge: float = OPEN_VOCABULARY
    note: str = ""


_PIPELINES = "core.pretrained.pipelines"

PRETRAINED: dict[str, PretrainedKind] = {
    "stable-audio-3": PretrainedKind(
        "Stable Audio 3",
        (_PIPELINES, "StableAudio3"),
        "StableAudio3Pipeline",
        RenderSettings(8),
        RenderSettings(8),
        varies=True,
        repaints=True,
        note=(
            "Stability publishes Stable Audio 3 in a layout of its own; turn it into a folder with "
            "scripts/convert_stable_audio_3_to_diffusers.py of diffusers' sources, then add that."
        ),
    ),
    "stable-audio-open": PretrainedKind(
        "Stable Audio Open",
        (_PIPELINES, "StableAudioOpen"),
        "StableAudioPipeline",
        RenderSettings(50, 7.0),
        RenderSettings(100, 7.0),
        "stabilityai/stable-audio-open-1.0",
    ),
    "audioldm2": PretrainedKind(
        "AudioLDM 2",
        (_PIPELINES, "AudioLDM2"),
        "AudioLDM2Pipeline",
        RenderSettings(50, 3.5),
        RenderSettings(200, 3.5),
        "cvssp/audioldm2",
    ),
    "longcat": PretrainedKind(
        "LongCat-AudioDiT",
        (_PIPELINES, "LongCatAudio"),
        "LongCatAudioDiTPipeline",
        RenderSettings(16, 4.0),
        RenderSettings(20, 4.0),
        "ruixiangma/LongCat-AudioDiT-1B-Diffusers",
        halves=False,
        knowledge=0.0,
        note="Its publisher trained it to speak: it reads captions aloud, and auto never takes it.",
    ),
    "tangoflux": PretrainedKind(
        "TangoFlux",
        ("core.pretrained.tangoflux", "TangoFluxAdapter"),
        "",
        RenderSettings(25, 4.5),
        RenderSettings(50, 4.5),
        "declare-lab/TangoFlux",
        fetched=("tangoflux.safetensors", "vae.safetensors", *CONFIGURATIONS),
        besides={"text_encoder": ("google/flan-t5-large", ("*.json", "*.model"))},
        varies=True,
        repaints=True,
    ),
}
"""By the name that `app.py performer add` knows it by."""
