"""Where a sound is heard: rooms, the open, near and far."""

from __future__ import annotations

import numpy as np
from scipy import signal

from core.corpus.synthesis.envelopes import decay
from core.corpus.synthesis.filters import highpass, lowpass
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames

SPEED_OF_SOUND = 343.0
"""In air of 20 degrees, metres a second."""


def reverb(x: Signal, rng: Rng, t60: float, wet: float, damping: float = 3000.0) -> Signal:
    """The signal plus its diffuse tail, as long as the signal.

    The tail is decaying noise, twice as short above `damping` Hz; `wet` is the ratio of
    reverberant to direct energy, as an amplitude.
    """
    n = frames(min(t60, 6.0))
    noise = rng.standard_normal(n)
    low = lowpass(noise, damping, 1)
    tail = low * decay(n, t60) + 0.5 * (noise - low) * decay(n, t60 * 0.45)
    gap = frames(between(rng, 0.002, 0.02) * min(1.0, t60))
    tail = np.concatenate([np.zeros(gap), tail])
    tail /= np.sqrt(np.sum(tail**2))
    wetted: Signal = signal.oaconvolve(x, tail)[: len(x)]
    return x + wet * wetted


def room(x: Signal, rng: Rng) -> Signal:
    """A furnished room: a short, quiet tail."""
    return reverb(x, rng, between(rng, 0.2, 0.6), between(rng, 0.1, 0.3), 4000)


def hall(x: Signal, rng: Rng) -> Signal:
    """A large stone room: a long, loud tail."""
    return reverb(x, rng, between(rng, 1.2, 2.8), between(rng, 0.3, 0.6), 2500)


def outdoors(x: Signal, rng: Rng) -> Signal:
    """The open: one or two faint echoes and a thin tail."""
    out = echoed(x, rng, int(rng.integers(1, 3)), (0.05, 0.35), 2500)
    return reverb(out, rng, between(rng, 0.4, 1.2), between(rng, 0.04, 0.15), 2000)


def echoed(x: Signal, rng: Rng, count: int, seconds: tuple[float, float], hz: float) -> Signal:
    """The signal and faint echoes of it, dulled above `hz`, up to so many seconds later."""
    out = x.copy()
    for _ in range(count):
        late = frames(between(rng, *seconds))
        if late < len(x):
            out[late:] += between(rng, 0.03, 0.12) * lowpass(x[:-late], hz, 1)
    return out


def draw_distance(rng: Rng, far: float = 0.3) -> str:
    """`distant` with probability `far`, else `close`."""
    return "distant" if chance(rng, far) else "close"


def at_distance(x: Signal, distance: str, rng: Rng, dry: bool = False) -> Signal:
    """Near: a touch of the open. Far: high tones lost to the air, and a larger diffuse part."""
    if distance == "close":
        return x if dry else outdoors(x, rng)
    dull = lowpass(highpass(x, 70, 1), between(rng, 1600, 3500), 1)
    dull = lowpass(dull, between(rng, 4000, 7000), 2)
    return reverb(dull, rng, between(rng, 1.0, 2.5), between(rng, 0.5, 0.9), 1800)
