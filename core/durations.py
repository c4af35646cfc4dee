"""Making event durations sum to the total that was asked, on the timeline's grid."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import StoryError
from core.story import MIN_DURATION

GRID = 0.1


def fit_durations(
    durations: Sequence[float], total: float, fixed: Sequence[bool] | None = None
) -> list[float]:
    """Scale durations so that they sum to `total` exactly; the shares stay as told.

    Args:
        durations: seconds; zero or less stands for "unknown" and gets an average share.
        total: seconds to fill.
        fixed: durations that must stay as they are (explicit or locked).

    Returns:
        Seconds on a grid of 0.1 s (the last one takes what is off the grid), each at least
        0.1 s.

    Raises:
        StoryError: the fixed durations leave no room for the others.
    """
    held = list(fixed or [False] * len(durations))
    free = [i for i, keep in enumerate(held) if not keep]
    room = total - sum(d for d, keep in zip(durations, held, strict=True) if keep)
    fitted = list(durations)
    if not free:
        if abs(room) > 1e-6:
            raise StoryError("All durations are fixed and do not sum to the total; unlock one.")
        return fitted
    if room < MIN_DURATION * len(free) - 1e-9:
        raise StoryError(f"{total:g} s leave no room for {len(durations)} events; make it longer.")
    known = [durations[i] for i in free if durations[i] > 0]
    average = sum(known) / len(known) if known else 1.0
    wanted = [durations[i] if durations[i] > 0 else average for i in free]
    for i, seconds in zip(free, _apportion(wanted, room), strict=True):
        fitted[i] = seconds
    return fitted


def _apportion(weights: Sequence[float], room: float) -> list[float]:
    """Largest remainders on the grid, with every share at least one grid step."""
    steps = int(room / GRID + 1e-6)
    exact = [steps * w / sum(weights) for w in weights]
    shares = [max(1, int(e + 1e-9)) for e in exact]
    while sum(shares) != steps:
        step = 1 if sum(shares) < steps else -1
        candidates = [i for i in range(len(shares)) if shares[i] + step >= 1]
        shares[max(candidates, key=lambda i: step * (exact[i] - shares[i]))] += step
    seconds = [round(share * GRID, 3) for share in shares]
    seconds[-1] = round(room - sum(seconds[:-1]), 6)
    return seconds
