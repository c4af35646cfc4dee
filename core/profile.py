"""Profiles: one TOML file each in core/profiles/ (or in an imported checkpoint's folder).

A profile says which parts make up the model and with which sizes and settings. Unknown keys are
errors, so that a typing slip cannot be half-obeyed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.bridge import BridgeConfig
from core.errors import ProfileError
from core.performer import PerformerConfig, RenderSettings
from core.records import read_record

PROFILES = Path(__file__).parent / "profiles"
ASSETS = Path(__file__).parent.parent / "assets"


@dataclass(frozen=True)
class DirectorConfig:
    """The language model and how it plans.

    Attributes:
        source: `package` (a GGUF in an installed package), `folder` (a transformers folder) or
            `random` (tests only).
        model: package and file, or folder; empty for `random`.
        sha256: hash that the file must have; empty: not checked.
        tokenizer: folder of the tokenizer, relative to assets/.
        lora_rank, lora_alpha, lora_dropout: peft adapter over all linear layers.
        max_reasoning, max_caption: limits in tokens.
        max_events, max_total: limits of a plan, the total in seconds.
    """

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


@dataclass(frozen=True)
class CodecConfig:
    """Which codec turns latents into sound; `file` holds its weights, relative to assets/."""

    kind: Literal["spectral", "oobleck"]
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

    @property
    def sample_rate(self) -> int:
        return self.codec.sample_rate

    @property
    def folder(self) -> Path:
        """Where the weights are."""
        return ASSETS / self.weights


def load_profile(name: str) -> Profile:
    """Read a profile by name, or by the path of a profile file.

    Raises:
        ProfileError: there is no such profile, or it has a missing, unknown or ill-typed setting.
    """
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        known = ", ".join(sorted(p.stem for p in PROFILES.glob("*.toml")))
        raise ProfileError(f"There is no profile {name!r}; choose one of {known}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ProfileError(f"{path.name} is not a valid profile ({cause}); mend it.") from None
    return read_record(Profile, data, path.stem, ProfileError)
