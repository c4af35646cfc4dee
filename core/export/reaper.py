"""Reaper projects (.rpp): the story as tracks, items, fades, gains, takes, markers and colours.

Each layer is a track. All takes of an event are in its item, the chosen one selected. Reaper's own
fade shapes stand for the curves; what the studio normalises by correlation is close to them, not
the same. Shapes and envelopes of level, and silences that cut into an event, are volume envelopes
of its takes; pan envelopes are such, and a layer's fader and envelopes are its track's. How bright
and how wide what approaches is, equalisers and rooms are left to the ear: stems hold them.
"""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Mapping, Sequence

import numpy as np

from core.export.markers import Marker
from core.mix.automation import SILENCE_FALL, SILENCE_RISE, Envelope
from core.mix.crossfade import Curve
from core.mix.mix import PlacedEvent
from core.mix.ramp import Ramp
from core.mix.strip import PlacedStrip
from core.mix.voices import PlacedLane
from core.story.story import Event, Story
from core.story.take import Take

PALETTE = (0x4E79A7, 0xF28E2B, 0x59A14F, 0xE15759, 0x76B7B2, 0xEDC948, 0xB07AA1, 0x9C755F)
_SHAPES: dict[Curve, int] = {
    "linear": 0, "equal-power": 1, "exponential": 4, "logarithmic": 3, "s-curve": 5,
}  # fmt: skip
"""Reaper's steep slow and fast starts are the ones nearest to exponential and logarithmic fades."""
_NAMESPACE = uuid.UUID("6d0c5a1e-7d0b-4f5e-9f6e-2c9b4a3f1e70")


STEP_DB = 2.0
"""Decibels between neighbouring points of an envelope, whose lines are straight in gain: they lie
within 0.06 dB of those that are straight in decibels."""
SILENCE_STEPS = 12
"""Points on each edge of a silence."""
FADE_STEPS = 24
"""Points on each fade of a track, which has no fade handles."""


def level_envelope(placement: PlacedEvent) -> tuple[tuple[float, float], ...]:
    """Points of an event's volume envelope: seconds from its beginning, and linear gain; none where
    it is steady."""
    frames = {0.0, float(placement.frames)}
    curve, strip = placement.automation, placement.strip
    envelope = strip.gain if strip is not None else None
    curves = [Envelope(curve.frames, curve.levels)] if curve is not None else []
    for each in (*curves, envelope):
        frames |= set(_knots(each)) if each is not None else set()
    for begin, stop in placement.silences:
        fall = min(SILENCE_FALL * placement.rate, stop - begin)
        for edge, length in ((begin, fall), (stop, SILENCE_RISE * placement.rate)):
            frames |= set(np.linspace(edge, edge + length, SILENCE_STEPS + 1).tolist())
    if curve is None and envelope is None and not placement.silences:
        return ()
    inside = np.array(sorted(frame for frame in frames if 0.0 <= frame <= placement.frames))
    gains = placement.level(inside) / _direct(placement.strip)
    return tuple(zip((inside / placement.rate).tolist(), gains.tolist(), strict=True))


def _knots(envelope: Envelope) -> list[float]:
    """Frames of an envelope's points, and of as many between them as a line in gain needs."""
    frames = list(envelope.frames)
    knots = list(zip(envelope.frames, envelope.values, strict=True))
    for (start, low), (end, high) in itertools.pairwise(knots):
        steps = math.ceil(abs(high - low) / STEP_DB)
        frames += np.linspace(start, end, steps + 1).tolist()
    return frames


def pan_envelope(strip: PlacedStrip | None, frames: int) -> tuple[tuple[float, float], ...]:
    """Points of a pan envelope of so many frames: seconds, and -1 left to 1 right; none where the
    pan is fixed."""
    if strip is None or strip.pan is None:
        return ()
    knots = {0.0, float(frames), *strip.pan.frames}
    inside = np.array(sorted(frame for frame in knots if 0.0 <= frame <= frames))
    return tuple(zip((inside / strip.rate).tolist(), strip.pan.at(inside).tolist(), strict=True))


def lane_envelope(lane: PlacedLane) -> tuple[tuple[float, float], ...]:
    """Points of a track's volume envelope, its fades included; as `level_envelope`."""
    frames = {0.0, float(lane.total)}
    if lane.strip is not None and lane.strip.gain is not None:
        frames |= set(_knots(lane.strip.gain))
    elif not (lane.rises or lane.falls):
        return ()
    for ramp in lane.rises:
        frames |= set(np.linspace(0, ramp.frames, FADE_STEPS + 1).tolist())
    for ramp in lane.falls:
        frames |= set(np.linspace(lane.total - ramp.frames, lane.total, FADE_STEPS + 1).tolist())
    inside = np.array(sorted(frame for frame in frames if 0.0 <= frame <= lane.total))
    gains = lane.level(inside) / _direct(lane.strip)
    return tuple(zip((inside / lane.rate).tolist(), gains.tolist(), strict=True))


def _direct(strip: PlacedStrip | None) -> float:
    """What distance leaves of a sound, which faders have and envelopes need not."""
    return 1.0 if strip is None else strip.direct


def _quoted(text: str) -> str:
    """A string as Reaper writes it: in whichever quotation marks it does not hold."""
    text = " ".join(text.split())
    for mark in ('"', "'", "`"):
        if mark not in text:
            return f"{mark}{text}{mark}"
    return "`" + text.replace("`", "'") + "`"


def _guid(*parts: str) -> str:
    """The same identifier for the same thing, so that a project exported twice is the same."""
    return "{" + str(uuid.uuid5(_NAMESPACE, "/".join(parts))).upper() + "}"


def _color(index: int) -> int:
    """Reaper stores BGR with a flag for "set"."""
    rgb = PALETTE[index % len(PALETTE)]
    return 0x1000000 | (rgb & 0xFF) << 16 | rgb & 0xFF00 | rgb >> 16


def _fade(name: str, ramps: Sequence[Ramp], rate: int) -> str:
    longest = max(ramps, key=lambda ramp: ramp.frames, default=None)
    if longest is None:
        return f"{name} 0 0 0 1 0 0 0"
    return f"{name} {_SHAPES[longest.curve]} {longest.frames / rate:.12g} 0 1 0 0 0"


def _source(file: str) -> list[str]:
    kind = "WAVE" if file.endswith(".wav") else "FLAC"
    return [f"<SOURCE {kind}", f"  FILE {_quoted(file)}", ">"]


def _item(
    event: Event, placement: PlacedEvent, media: Mapping[str, str], rate: int, color: int
) -> list[str]:
    gain = 10.0 ** (event.gain_db / 20.0) * _direct(placement.strip)
    lines = [
        "<ITEM",
        f"  POSITION {placement.start / rate:.12g}",
        "  SNAPOFFS 0",
        f"  LENGTH {placement.frames / rate:.12g}",
        f"  LOOP {int(placement.loop is not None)}",
        "  ALLTAKES 0",
        "  " + _fade("FADEIN", placement.rises, rate),
        "  " + _fade("FADEOUT", placement.falls, rate),
        "  MUTE 0 0",
        f"  COLOR {color} B",
        f"  LOCK {int(event.locked)}",
        f"  IGUID {_guid(event.id)}",
    ]
    takes = [take for take in event.takes if take.key in media]
    for number, take in enumerate(takes):
        lines += [
            "  " + line
            for line in _take(event, take, number, gain, placement, media[take.key], rate)
        ]
    return [*lines, ">"]


def _take(
    event: Event,
    take: Take,
    number: int,
    gain: float,
    placement: PlacedEvent,
    file: str,
    rate: int,
) -> list[str]:
    pan = placement.pan
    offset = take.part.offset if take.part else 0.0
    if take.key == event.chosen:
        offset = placement.offset / rate  # to the frame
    chosen = " SEL" if take.key == event.chosen else ""
    lines = [f"TAKE{chosen}"] if number else []
    name = event.label if take.caption == event.caption else take.caption
    lines.append(f"NAME {_quoted(name)}")
    envelopes = _envelopes(event, take, placement)
    if number:
        lines.append(f"TAKEVOLPAN {pan:.6g} 1 -1")
    else:
        lines.append(f"VOLPAN {gain:.9g} {pan:.6g} 1 -1")
    return [
        *lines,
        f"SOFFS {offset:.12g}",
        "PLAYRATE 1 1 0 -1 0 0.0025",
        "CHANMODE 0",
        f"GUID {_guid(event.id, take.key)}",
        *_source(file),
        *envelopes,
    ]


def _envelopes(event: Event, take: Take, placement: PlacedEvent) -> list[str]:
    return [
        *_envelope("VOLENV", _guid(event.id, take.key, "volume"), level_envelope(placement)),
        *_envelope(
            "PANENV",
            _guid(event.id, take.key, "pan"),
            _mirrored(pan_envelope(placement.strip, placement.frames)),
        ),
    ]


def _mirrored(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A pan envelope as Reaper has it, whose 1 is left where a pan knob's is right."""
    return [(seconds, 0.0 - pan) for seconds, pan in points]


def _envelope(kind: str, guid: str, points: Sequence[tuple[float, float]]) -> list[str]:
    if not points:
        return []
    return [
        f"<{kind}",
        f"  EGUID {guid}",
        "  ACT 1 -1",
        "  VIS 1 1 1",
        "  LANEHEIGHT 0 0",
        "  ARM 0",
        "  DEFSHAPE 0 -1 -1",
        *(f"  PT {seconds:.9g} {value:.9g} 0" for seconds, value in points),
        ">",
    ]


def _track(
    name: str, layer: int, lane: PlacedLane | None, items: Sequence[Sequence[str]]
) -> list[str]:
    fader, muted, envelopes = "1 0 -1 -1 1", 0, list[str]()
    if lane is not None:
        fader, muted = f"{lane.gain * _direct(lane.strip):.9g} {lane.pan:.6g} -1 -1 1", lane.muted
        envelopes = [
            *_envelope("VOLENV2", _guid("track", str(layer), "volume"), lane_envelope(lane)),
            *_envelope(
                "PANENV2",
                _guid("track", str(layer), "pan"),
                _mirrored(pan_envelope(lane.strip, lane.total)),
            ),
        ]
    lines = [
        f"<TRACK {_guid('track', str(layer))}",
        f"  NAME {_quoted(name)}",
        f"  PEAKCOL {_color(layer)}",
        f"  VOLPAN {fader}",
        f"  MUTESOLO {int(muted)} 0 0",
        "  NCHAN 2",
        *(f"  {line}" for line in envelopes),
    ]
    return [*lines, *(f"  {line}" for item in items for line in item), ">"]


def reaper_project(
    story: Story,
    placements: Sequence[PlacedEvent],
    media: Mapping[str, str],
    markers: Sequence[Marker],
    rate: int,
) -> str:
    """The project's text.

    Args:
        media: file of each take, by the take's key, relative to the project.
        markers: in frames at `rate`, the rate of the takes.
    """
    lines = [
        '<REAPER_PROJECT 0.1 "6.0" 0',
        f"  SAMPLERATE {rate} 1 0",
        "  TEMPO 120 4 4",
        "  PANLAW 1",
        "  <NOTES 0 2",
        *(f"    |{line}" for line in story.instruction.splitlines()),
        "  >",
    ]
    for number, marker in enumerate(markers, start=1):
        color = 0 if marker.layer is None else _color(marker.layer)  # 0: Reaper's own
        label = _quoted(marker.label)
        lines.append(f"  MARKER {number} {marker.start / rate:.12g} {label} 0 {color}")
    order = {event.id: number for number, event in enumerate(story.events)}
    for layer in sorted({placement.layer for placement in placements}):
        items = [
            _item(story.event(p.event_id), p, media, rate, _color(order[p.event_id]))
            for p in placements
            if p.layer == layer
        ]
        name = "Story" if layer == 0 else f"Layer {layer}"
        lane = next((p.lane for p in placements if p.layer == layer), None)
        lines += [f"  {line}" for line in _track(name, layer, lane, items)]
    return "\n".join([*lines, ">"]) + "\n"
