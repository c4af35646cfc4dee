"""Profiles: one TOML file each in core/profiles/, or in the folder of an imported checkpoint.

A profile says which parts make up the model and with which sizes and settings. Unknown keys are
errors, so that a typing slip cannot be half-obeyed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import ProfileError
from core.places import data_folder
from core.schema import read_dataclass

PROFILES = Path(__file__).parent / "profiles"
DEFAULT_PROFILE = "pocket"
ASSETS = Path(__file__).parent.parent / "assets"
EAR = "listener.safetensors"
WISHES = "wishes.safetensors"
"""The adapter with which the director writes edits; like the ear it has no part in any sound."""
SCORING = "scores.safetensors"
"""The adapter with which it writes scores; nor has this one, for the bridge reads without it."""
"""The trained projector of the audio input; a profile may do without."""
NO_GUIDANCE = 1.0
"""The scale at which classifier-free guidance leaves the conditional velocity as it is."""
Sampler = Literal["full", "fast"]
OWN = "own"
"""The name of our own model's performer, whatever the profile."""
AUTO = "auto"
"""In place of a performer's name: whoever knows an event's sound best."""
ConditionedBy = Literal["bridge", "caption", "recording"]
"""How a performer is told an event: by bridging tokens, by its caption alone, or not at all, since
it is a recording that was found for the caption."""
MAX_SAMPLER_STEPS = 10_000
MAX_GUIDANCE = 100.0
"""Guidance of either sign; from some twenty on nothing but clipping is heard."""


@dataclass(frozen=True)
class DirectorConfig:
    """The language model and how it plans.

    Attributes:
        planner: `event-list` (the reasoning is a list of events, held to a grammar), `score` (the
            reasoning is prose, and each event a line of a score, held to a grammar) or `published`
            (the reasoning is free, as the published checkpoint learned it).
        source: where the language model comes from: `package` (a GGUF in an installed package),
            `folder` (a transformers folder) or `random` (tests only).
        model: package and file, or folder (relative to assets/); empty for `random`.
        sha256: hash that the file must have; empty: not checked.
        tokenizer: folder of the tokenizer, relative to assets/.
        lora_rank, lora_alpha, lora_dropout: peft adapter over all linear layers; rank 0: none.
        max_reasoning, max_caption: limits in tokens.
        max_events, max_total: limits of a plan, the total in seconds.
        rows: the adapter holds the embedding rows of the stream's tokens too.
        repetition: in an exact run, scores of tokens seen before are divided by this.
        stops: ids that end the turn in an exact run, besides the end of turn; from the checkpoint.
        max_new_tokens: limit of an exact run.
    """

    planner: Literal["event-list", "score", "published"]
    source: Literal["package", "folder", "random"]
    model: str
    sha256: str
    tokenizer: str
    lora_rank: int
    lora_alpha: int
    lora_dropout: float
    max_reasoning: int
    max_caption: int
    max_events: int
    max_total: float
    rows: bool = True
    repetition: float = 1.0
    stops: tuple[int, ...] = ()
    max_new_tokens: int = 1600

    @property
    def folder(self) -> Path | None:
        """The transformers folder of the language model, where it comes from one."""
        return ASSETS / self.model if self.source == "folder" else None


@dataclass(frozen=True)
class ListenerConfig:
    """The audio input: a Whisper encoder whose states are pooled to `tokens` embeddings.

    Attributes:
        width: size of the encoder's states.
        encoder: folder of the encoder; empty: not imported, so that sound cannot be heard.
    """

    tokens: int
    width: int
    encoder: str = ""


@dataclass(frozen=True)
class BridgeConfig:
    """Sizes of the bridge.

    Attributes:
        semantic_tokens, residual_tokens: bridging tokens an event.
        width: size of the text encoder's and so the condition's tokens.
        heads: heads of the fuser.
        scale: the projected semantic tokens live on `scale` times the text encoder's level.
    """

    semantic_tokens: int
    residual_tokens: int
    width: int
    heads: int
    scale: float


@dataclass(frozen=True)
class PerformerConfig:
    """Which performer renders conditions as latents, its sizes, and how it samples.

    Attributes:
        kind: one of `core.performer.kinds.PERFORMERS`. What another kind does not use is left out.
        latent_channels: channels of the codec's latents.
        condition_width: width of the condition's tokens.
        layers, single_layers, heads, head_dim: sizes of the DiT.
        axes: how the rotary embedding divides a head; sums to `head_dim`.
        max_seconds: the duration at which the duration embedder's input reaches 1.
        fixed_frames: latents always have this many frames (the published checkpoint's habit);
            0: as many as the duration needs.
        window_frames: longer latents are rendered in overlapping windows of this many frames
            (what training saw); 0: in one piece.
        cache: relative change of the first block's output below which the later blocks' last
            output is taken again; 0: never.
        order: of the method by which the full transformer's velocity is integrated, 1 (the
            published checkpoint's) or 2 (`flow.integrate`).
        shift: how much denser a run's steps are near noise than near the sound (`flow.shifted`);
            1, the published checkpoint's: evenly spread.
        temperature: scale of the noise that a run begins from (Kingma & Dhariwal 2018). A small
            transformer smooths what it has learned; a little above 1 gives what it renders the
            spread of the recordings.
        predicts: what the network predicts: the `velocity`, or the `remainder` of it that does not
            follow from the latents themselves (`flux.preconditioned`).
        controls: whether it has learned onsets, level curves and earlier sounds
            (core/performer/controls.py).
    """

    latent_channels: int
    condition_width: int
    kind: str = "flux"
    layers: int = 0
    single_layers: int = 0
    heads: int = 0
    head_dim: int = 0
    axes: tuple[int, int, int] = (0, 0, 0)
    max_seconds: float = 0.0
    fixed_frames: int = 0
    window_frames: int = 0
    cache: float = 0.0
    order: Literal[1, 2] = 1
    shift: float = 1.0
    temperature: float = 1.0
    predicts: Literal["velocity", "remainder"] = "velocity"
    controls: bool = False


@dataclass(frozen=True)
class RenderSettings:
    """How an event is sampled.

    Attributes:
        steps: evaluations of the velocity from noise to sound.
        guidance: scale of classifier-free guidance; 1: none.
        sampler: `full`, or `fast`: the distilled transformer (core/training/distil.py). It has
            learned the guidance, so that its own scale is always 1.
    """

    steps: int
    guidance: float = NO_GUIDANCE
    sampler: Sampler = "full"

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_SAMPLER_STEPS:
            raise ProfileError(
                f"There are {self.steps} steps; choose between 1 and {MAX_SAMPLER_STEPS}."
            )
        if not abs(self.guidance) <= MAX_GUIDANCE:
            raise ProfileError(
                f"The guidance is {self.guidance:g}; choose between {-MAX_GUIDANCE:g} and "
                f"{MAX_GUIDANCE:g}."
            )
        if self.sampler == "fast" and self.guidance != NO_GUIDANCE:
            raise ProfileError(
                "The fast sampler has learned its guidance; leave the guidance out, or choose "
                "the full sampler."
            )

    def with_changes(
        self,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: Sampler | None = None,
    ) -> RenderSettings:
        """These settings with what is given in their place; a guidance alone asks for `full`.

        Raises:
            ProfileError: the fast sampler is asked for with a guidance.
        """
        sampler = sampler or (self.sampler if guidance is None else "full")
        if guidance is None:
            guidance = NO_GUIDANCE if sampler == "fast" else self.guidance
        return RenderSettings(self.steps if steps is None else steps, guidance, sampler)


@dataclass(frozen=True)
class CodecConfig:
    """Which codec turns latents into sound.

    Attributes:
        kind: one of `core.codec.kinds.CODECS`.
        file: file or folder of its weights, relative to assets/.
    """

    kind: str
    sample_rate: int
    file: str


@dataclass(frozen=True)
class Profile:
    """One way to run AudioStory.

    Attributes:
        title: how the studio names it.
        weights: folder of the weights, relative to assets/; empty where they are random.
        crossfade: seconds by which neighbours of the sequence overlap.
        draft, final: the performer's two qualities.
        listener: the audio input path; None where the model has none.
        quick: on a processor, speed counts for more than the last bits (core/placement.py).
        checkpoint: SHA-256 of an imported checkpoint as a whole, whose files are too large to be
            read for it at every start; empty: the weights are hashed when they are loaded.
    """

    name: str
    title: str
    weights: str
    crossfade: float
    director: DirectorConfig
    bridge: BridgeConfig
    performer: PerformerConfig
    codec: CodecConfig
    draft: RenderSettings
    final: RenderSettings
    listener: ListenerConfig | None = None
    quick: bool = False
    checkpoint: str = ""

    @property
    def sample_rate(self) -> int:
        return self.codec.sample_rate

    @property
    def folder(self) -> Path:
        """Where the weights are."""
        return ASSETS / self.weights

    @property
    def hears(self) -> bool:
        """Whether the model can be asked about a sound."""
        ear = self.listener is not None and bool(self.listener.encoder)
        return ear and self.shipped(EAR) is not None

    def shipped(self, file: str) -> Path | None:
        """A file beside the weights that a profile may do without; None where it does."""
        path = self.folder / file
        return path if self.weights and path.is_file() else None


def load_profile(name: str) -> Profile:
    """Read a profile by name, by the folder of an imported checkpoint, or by a profile file.

    Raises:
        ProfileError: there is no such profile, or it has a missing, unknown or ill-typed setting.
    """
    path = _find(name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        known = ", ".join(sorted(p.stem for p in PROFILES.glob("*.toml")))
        raise ProfileError(
            f"There is no profile {name!r}; choose one of {known}, or an imported folder."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ProfileError(f"{path.name} is not a valid profile ({cause}); mend it.") from None
    profile = read_dataclass(Profile, _with_planner(data), path.stem, ProfileError)
    return profile if path.parent == PROFILES else _placed(profile, path.parent.resolve())


def _with_planner(data: dict[str, Any]) -> dict[str, Any]:
    """A profile's data; an imported one of before planners had a name gets its own.

    Only checkpoints were imported into folders then, and the director's hash was the whole one's.
    """
    director = data.get("director")
    if not isinstance(director, dict) or director.get("source") != "folder":
        return data
    if "planner" in director:
        return data
    named = {**director, "planner": "published", "sha256": ""}
    return {**data, "checkpoint": director.get("sha256", ""), "director": named}


def _find(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    shipped, named = PROFILES / f"{name}.toml", Path(name) / "profile.toml"
    models = data_folder()
    imported = models / name / "profile.toml" if models else named
    for path in (shipped, named):
        if path.is_file() and not (path.parent == PROFILES and imported.is_file()):
            return path
    return imported


def _placed(profile: Profile, folder: Path) -> Profile:
    """An imported profile names its parts relative to its own folder."""
    if not (folder / profile.director.tokenizer).is_dir():
        return profile
    director = replace(profile.director, tokenizer=str(folder / profile.director.tokenizer))
    if director.folder is not None:
        director = replace(director, model=str(folder / director.model))
    listener = profile.listener
    if listener is not None and listener.encoder:
        listener = replace(listener, encoder=str(folder / listener.encoder))
    return replace(
        profile,
        weights=str(folder / profile.weights),
        director=director,
        listener=listener,
        codec=replace(profile.codec, file=str(folder / profile.codec.file)),
    )
