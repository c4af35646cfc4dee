"""Voices: placed events and lanes as they are summed, with what their rooms answer.

A voice sounds on after its event where it is sent into a room. The events of a layer that has a
channel strip are summed first and go through it together. Events and layers without one are as
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.mix.automation import Gains, Silence, middles, silenced
from core.mix.crossfade import Samples
from core.mix.ramp import Ramp
from core.mix.sources import Source
from core.mix.strip import PlacedStrip, pan_law


@dataclass(frozen=True)
class PlacedLane:
    """A layer's strip on the sample grid of the mix.

    Attributes:
        muted: nothing of it is heard.
        total: frames of the story.
        gain, pan: linear gain of its fader, and -1 left to 1 right.
        strip: its frames are those of the mix.
        rises, falls: fades at the story's beginning and end.
        silences: frames from and to which its room is silent, too.
    """

    layer: int
    muted: bool
    total: int
    gain: float
    pan: float
    strip: PlacedStrip | None
    rises: tuple[Ramp, ...]
    falls: tuple[Ramp, ...]
    silences: tuple[Silence, ...]
    rate: int

    @property
    def ring(self) -> int:
        """Frames for which a sound of the lane is heard after its end."""
        return self.strip.ring + self.strip.lag if self.strip else 0

    def level(self, frames: Gains) -> Gains:
        """Linear gain of its fades, envelope and distance at frames of the mix."""
        gains = np.ones(len(frames)) if self.strip is None else self.strip.level(frames)
        for ramp in self.rises:
            gains = gains * ramp.gain(np.clip(frames / ramp.frames, 0.0, 1.0))
        for ramp in self.falls:
            gains = gains * ramp.gain(np.clip((self.total - frames) / ramp.frames, 0.0, 1.0))
        return gains

    def play(self, sound: Samples, start: int, *, send: bool) -> Samples:
        """What leaves the fader, or goes to the room: (n, 2) from frame `start` on."""
        sides = self.gain * np.stack(pan_law(self.pan, 2))
        sound = sound * sides.astype(np.float32)
        for ramp in self.rises:
            ramp.fade_in(sound, start)
        for ramp in self.falls:
            ramp.fade_out(sound, self.total - start)
        if self.strip is not None:
            gains = self.strip.gains(middles(start, len(sound)), 2, send=send)
            sound *= gains.astype(np.float32)
        return sound


class Played(Protocol):
    """A placed event (`core.mix.mix.PlacedEvent`)."""

    @property
    def start(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def rate(self) -> int: ...
    @property
    def strip(self) -> PlacedStrip | None: ...
    @property
    def lane(self) -> PlacedLane | None: ...
    @property
    def silences(self) -> tuple[Silence, ...]: ...

    def read(self, source: Source, start: int, count: int, *, send: bool = False) -> Samples: ...


class _Send:
    """What goes into a room: both channels as one."""

    channels = 1

    def __init__(self, read: Callable[[int, int], Samples], frames: int) -> None:
        self._read, self.frames = read, frames

    @property
    def identity(self) -> Hashable:
        return None

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, 1) from frame `start`."""
        sound = self._read(start, count)
        return (0.5 * (sound[:, 0] + sound[:, 1]))[:, None]


class Voice:
    """A placed event and its room."""

    def __init__(self, placement: Played, source: Source) -> None:
        self.start = placement.start
        self.last = placement.start + placement.frames
        self.lane = placement.lane
        self._placement, self._source = placement, source
        self._room = None
        if placement.strip is not None and placement.strip.room is not None:
            send = _Send(self._sent, placement.frames)
            self._room = placement.strip.reverberant(send)
            self.last += placement.strip.ring

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, 2) from frame `start` of the event, until its room has died away."""
        if self._room is None:
            return self._placement.read(self._source, start, count)
        sound = _within(self._room, start, count)
        assert self._placement.strip is not None
        sound *= np.float32(self._placement.strip.send)
        if self._placement.silences:
            frames = middles(start, count)
            gains = silenced(self._placement.silences, frames, self._placement.rate)
            sound *= gains[:, None].astype(np.float32)
        direct = min(count, self._placement.frames - start)
        if direct > 0:
            sound[:direct] += self._placement.read(self._source, start, direct)
        return sound

    def _sent(self, start: int, count: int) -> Samples:
        return self._placement.read(self._source, start, count, send=True)


class Bus:
    """The voices of a layer, through its strip; its frames are those of the mix."""

    channels = 2

    def __init__(self, lane: PlacedLane, voices: Sequence[Voice]) -> None:
        self._lane, self._voices = lane, tuple(voices)
        self.frames = max(voice.last for voice in voices)
        self._dry: Source = _Sum(self._voices, self.frames)
        self._room = None
        if lane.strip is not None:
            self._dry = lane.strip.filtered(self._dry, ringing=True)
            self._room = lane.strip.reverberant(_Send(self._sent, self._dry.frames))

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, 2) from frame `start`."""
        sound = np.zeros((count, 2), dtype=np.float32)
        if self._lane.muted:
            return sound
        if self._room is not None and self._lane.strip is not None:
            sound += _within(self._room, start, count) * np.float32(self._lane.strip.send)
            gains = silenced(self._lane.silences, middles(start, count), self._lane.rate)
            sound *= gains[:, None].astype(np.float32)
        sound += self._lane.play(_within(self._dry, start, count), start, send=False)
        return sound

    def _sent(self, start: int, count: int) -> Samples:
        return self._lane.play(self._dry.read(start, count), start, send=True)


class _Sum:
    """The sum of voices as a source."""

    channels = 2

    def __init__(self, voices: Sequence[Voice], frames: int) -> None:
        self._voices, self.frames = voices, frames

    @property
    def identity(self) -> Hashable:
        return None

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, 2) from frame `start`."""
        sound = np.zeros((count, 2), dtype=np.float32)
        add_voices(self._voices, sound, start)
        return sound


def add_voices(voices: Sequence[Voice], sound: Samples, start: int) -> None:
    """Add to `sound` (n, 2), which begins at frame `start` of the mix, what voices sound there."""
    end = start + len(sound)
    for voice in voices:
        first, last = max(start, voice.start), min(end, voice.last)
        if first < last:
            sound[first - start : last - start] += voice.read(first - voice.start, last - first)


def _within(source: Source, start: int, count: int) -> Samples:
    """float32 (count, 2) of a source that is silent after its end."""
    sound = np.zeros((count, 2), dtype=np.float32)
    length = min(count, source.frames - start)
    if length > 0:
        sound[:length] = source.read(start, length)
    return sound


def buses_of(voices: Sequence[Voice]) -> list[Bus]:
    """A bus for each lane that voices go through."""
    lanes = dict.fromkeys(voice.lane for voice in voices if voice.lane is not None)
    return [Bus(lane, [v for v in voices if v.lane == lane]) for lane in lanes]
