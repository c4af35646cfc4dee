"""What is heard of a road: engines under load, tyres, a vehicle that passes, the town behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.envelopes import swell
from core.corpus.synthesis.filters import moving, resonances, shaped
from core.corpus.synthesis.levels import unit
from core.corpus.synthesis.sampling import Rng, Signal, between, ticks
from core.corpus.synthesis.sources import harmonics, phase, pink, white
from core.corpus.synthesis.space import SPEED_OF_SOUND, at_distance, draw_distance, outdoors

EAR_HEIGHT = 1.5
"""Of who stands at the road, in metres."""
EXHAUST_HEIGHT = 0.35
"""Height above the road from which a car sounds, tyres and exhaust together, in metres."""


REFLECTED = 0.6
"""What a road throws back of a low tone; of high ones less, since it is rough."""


@dataclass(frozen=True)
class Drive:
    """A straight line past the listener.

    Attributes:
        speed: metres a second.
        nearest: metres at the closest point.
        when: seconds into the clip at which the vehicle is there.
    """

    speed: float
    nearest: float
    when: float

    def distances(self, n: int) -> Signal:
        """Metres to the vehicle at each of `n` samples."""
        way: Signal = np.hypot(self.nearest, self.speed * (ticks(n) - self.when))
        return way


def drive_past(x: Signal, drive: Drive) -> Signal:
    """A sound that moves: louder as 1/r, pitch by Doppler's law, and what the way does to it.

    Over the road the direct sound meets its reflection a little later, so that a comb sweeps down
    as the vehicle comes and up as it goes; air takes from the high tones of what is far away.
    """
    n = len(x)
    far = drive.distances(n)
    heard_at = ticks(n) + (far - far[0]) / SPEED_OF_SOUND
    sent = np.interp(ticks(n), heard_at, ticks(n))
    moved = np.interp(sent * SAMPLE_RATE, np.arange(n), x / far)

    def response(times: Signal, hz: Signal) -> Signal:
        where = np.hypot(drive.nearest, drive.speed * (times * n / SAMPLE_RATE - drive.when))
        late = 2 * EAR_HEIGHT * EXHAUST_HEIGHT / where / SPEED_OF_SOUND
        echo = REFLECTED * np.exp(-hz / 5000)
        comb = np.sqrt(1 + echo**2 + 2 * echo * np.cos(2 * np.pi * hz * late))
        air = np.exp(-where * (hz / 1000) ** 1.6 / 1800)
        gains: Signal = comb * air
        return gains

    return moving(moved, response) * drive.nearest


def tyres(n: int, speed: float, rng: Rng, wet: float = 0.0) -> Signal:
    """Tyres on asphalt: noise about 600 to 1200 Hz, where the horn between tread and road opens.

    It grows by 30 dB with a tenfold speed; 1 is its RMS at 14 m/s on a dry road. Water adds the
    hiss of what the tread throws, 1 to 10 kHz, by `wet` from 0 to 1.
    """
    peak = between(rng, 750, 1100)
    rough = between(rng, -2, 3)
    fall = between(rng, 10.5, 13.0)
    x = shaped(
        white(n, rng),
        (30, -18), (90, -8 + rough), (300, -4 + rough), (peak, 0), (1.5 * peak, -3),
        (24 * peak, -3 - 4 * fall),
    )  # fmt: skip
    rolled = unit(x)
    rolled *= swell(n, 4, rng, 0.05)
    if wet > 0:
        spray = shaped(
            white(n, rng),
            (200, -24),
            (900, -4),
            (2000, 0),
            (4500, -4),
            (10_000, -14),
            (18_000, -26),
        )
        rolled += wet * between(rng, 0.25, 0.45) * unit(spray) * swell(n, 16, rng, 0.1)
    louder: Signal = rolled * (speed / 14) ** 1.5
    return louder


def _combustion(crank: Signal, cylinders: int, rng: Rng, uneven: float) -> Signal:
    """Pressure at the exhaust of a four-stroke engine, `crank` turns a second.

    Each cylinder fires once in two turns with a strength of its own, which gives the half orders
    that are heard as roughness; each firing differs a little.
    """
    fires = phase(crank * cylinders / 2)
    which = np.floor(fires).astype(int)
    own = np.exp(uneven * rng.standard_normal(cylinders))[which % cylinders]
    each = np.exp(0.5 * uneven * rng.standard_normal(int(which[-1]) + 2))[which]
    within = fires - which
    pulse = np.exp(-within * between(rng, 5, 9)) * np.minimum(1, within * 20)
    gas: Signal = own * each * (pulse - 0.15)
    return gas


def piston_engine(
    crank: Signal,
    load: Signal,
    cylinders: int,
    rng: Rng,
    size: float = 1.0,
    diesel: float = 0.0,
    whine: float = 0.1,
) -> Signal:
    """An engine with its exhaust, intake and, as far as it is a `diesel` (0 to 1), its knock.

    `size` 1 is a car, 2.5 a lorry: the resonances of pipes fall with it. `load` (0 to 1) is how
    hard it pulls, `whine` the share of its gears. About unit RMS at full load.
    """
    n = len(crank)
    gas = _combustion(crank, cylinders, rng, 0.12 + 0.1 * diesel)
    pipes = [
        (between(rng, 55, 90) / size**0.5, 50.0, 1.0),
        (between(rng, 130, 210) / size**0.5, 90.0, 0.8),
        (between(rng, 300, 480) / size**0.5, 160.0, 0.5),
        (between(rng, 650, 1000) / size**0.3, 400.0, 0.28),
        (between(rng, 1500, 2400), 900.0, 0.14),
    ]
    x = unit(resonances(gas, *pipes)) * (0.35 + 0.65 * load)
    fires = phase(crank * cylinders / 2) % 1.0
    beat = 0.35 + 0.9 * np.exp(-5 * fires)
    knock = shaped(
        white(n, rng), (200, -24), (700, -6), (1400, 0), (2600, -1), (5000, -9), (14_000, -28)
    )
    x += (0.06 + 0.3 * diesel) * unit(knock) * beat * (0.6 + 0.4 * load)
    breath = shaped(pink(n, rng), (60, -10), (200, 0), (900, -3), (3000, -14), (12_000, -34))
    x += between(rng, 0.15, 0.35) * unit(breath) * (0.3 + 0.7 * load) * (0.6 + 0.4 * beat)
    gears = harmonics(crank * between(rng, 9, 14), [1, 0.5, 0.3], rng)
    x += whine * unit(gears) * swell(n, 1.5, rng, 0.2)
    return x


def town(n: int, rng: Rng) -> Signal:
    """A town that never rests, far off: a rumble that falls by 6 dB an octave; of unit RMS."""
    x = shaped(
        pink(n, rng),
        (30, -4),
        (70, 2),
        (200, 0),
        (600, -5),
        (1500, -11),
        (4000, -22),
        (14_000, -36),
    )
    return unit(x * swell(n, 0.6, rng, 0.2))


def in_the_street(
    x: Signal, rng: Rng, far: float, behind: tuple[float, float]
) -> tuple[Signal, str]:
    """What goes through a street, near or, with the chance `far`, distant, and which it is.

    Args:
        behind: least and greatest level of the town behind it.
    """
    distance = draw_distance(rng, far)
    x = outdoors(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    return unit(x) + between(rng, *behind) * town(len(x), rng), distance
