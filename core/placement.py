"""Where the model computes and how precisely: one choice for CUDA, Apple's MPS and the CPU.

A graphics card computes in half precision (bf16 where it can), the CPU in fp32, which an exact run
needs. Where the profile allows it, the director's weights are packed there, still in fp32, and the
performer computes in bf16 if there are units for it. Where a card cannot hold director and
performer together, they take turns on it.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import torch

from core.language.packing import packs
from core.profile import Profile

Stage = Literal["director", "performer"]

_GIB = 2**30
RESERVE = 1.5 * _GIB
"""Bytes of a card that are left for its driver, the desktop, and the codec."""
MOST_EVENTS = 8


@dataclass(frozen=True)
class Placement:
    """Attributes:
    device: `cpu`, `cuda` or `mps`.
    dtype: of director, bridge and performer.
    performing: of the performer, where it is another one.
    staged: director and performer take turns on the device.
    events: how many are rendered at once; 0: the renderer's own choice.
    compiled: the performer's blocks are compiled before the first render, which takes a
        minute. It pays on a graphics card; a CPU spends its time in matrix products anyway.
    packed: the director's weights are packed (core/language/packing.py); they are not to be moved
    then.
    """

    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    performing: torch.dtype | None = None
    staged: bool = False
    events: int = 0
    compiled: bool = False
    packed: bool = False

    @property
    def moves(self) -> bool:
        """Whether weights leave the form in which they were loaded."""
        usual = self.dtype == torch.float32 and self.performing is None
        return self.device != "cpu" or not usual

    def dtype_of(self, stage: Stage) -> torch.dtype:
        """What a stage computes in."""
        own = self.performing if stage == "performer" else None
        return own or self.dtype


def numeric_path(placement: Placement) -> str:
    """What decides the last bits of a sound: processor, precision and threads, as one text.

    On equal paths equal takes have equal bytes.
    """
    precisions = dict.fromkeys(placement.dtype_of(stage) for stage in ("director", "performer"))
    precision = "/".join(str(dtype).removeprefix("torch.") for dtype in precisions)
    if placement.device == "cuda":
        together = f"{placement.events or 1} at once"
        return f"{torch.cuda.get_device_name()}, {precision}, {together}"
    if placement.device != "cpu":
        return f"{placement.device}, {precision}"
    packed = " packed" if placement.packed else ""
    processor = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    threads = torch.get_num_threads()
    plural = "" if threads == 1 else "s"
    return f"{processor}, {precision}{packed}, {threads} thread{plural}"


def best_placement(
    profile: Profile, weights: Mapping[str, int], event_bytes: int, share: float = 1.0
) -> Placement:
    """The fastest choice on this machine.

    Args:
        weights: bytes of each stage in half precision.
        event_bytes: that the performer takes for one event more.
        share: of a graphics card's memory, where several processes have one together.
    """
    if torch.cuda.is_available():
        real = torch.cuda.is_bf16_supported(including_emulation=False)
        dtype = torch.bfloat16 if real else torch.float16
        room = torch.cuda.get_device_properties(0).total_memory * share - RESERVE
        staged = sum(weights.values()) > room
        kept = weights["performer"] if staged else sum(weights.values())
        events = max(1, min(MOST_EVENTS, int((room - kept) // max(1, event_bytes))))
        compiled = find_spec("triton") is not None
        return Placement("cuda", dtype, staged=staged, events=events, compiled=compiled)
    if torch.backends.mps.is_available():
        return Placement("mps", torch.float16)
    return on_processor(profile, multiplies=multiplies_bf16(), packing=packs())


def on_processor(profile: Profile, *, multiplies: bool, packing: bool) -> Placement:
    """The fastest choice that the profile allows without a graphics card.

    Args:
        multiplies: the processor has units for bf16.
        packing: weights can be packed for it.
    """
    performing = torch.bfloat16 if profile.quick and multiplies else None
    return Placement(performing=performing, packed=profile.quick and packing)


def multiplies_bf16() -> bool:
    """Whether the processor multiplies bf16 itself, in tiles (AMX) or in vectors (AVX-512).

    Without such units bf16 is slower than fp32.
    """
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
