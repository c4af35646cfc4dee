"""The mix: every event's take at its place, trimmed, faded, panned and summed, in blocks.

Memory is bounded by the block, not by the story. The same path serves a mix in memory
(`mix`), the studio's preview, the stems and the export of an hour.

Layer 0: the take of an event is rendered longer than the event by its tail; where the next event
follows at once, the tail is the cross-fade into it and lies at [event.end, event.end + x). x
shrinks where the tail or the next event is short. Every edge without a cross-fade gets a fade of a
few milliseconds, so that no join can click.

Where the next event has an onset there (`core.mix.onset`), it is not faded in beyond the onset: it
starts whole, and the tail before it gives way and rings out under it. Where the events after a
texture leave holes, it goes on softly under them (`core.mix.sustain`); where there is no texture,
what leaves a hole is heard in a room (`core.mix.room_tone`). What is said to be a bed has no holes
(`core.mix.continuity`).

An event's shape goes over what its take sounds like, and an event of silence is silent: whatever
else would sound in it is gone and comes back (`core.mix.automation`).

Parts of one take that follow one another (`Event.continues`) go on as the take does: only what
differs in their gains is faded, over the few milliseconds of a bare edge.

Events and lanes with a channel strip go through it (`core.mix.strip`), lanes as sums
(`core.mix.voices`); others are as they are to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import RenderError
from core.mix.automation import (
    Automation,
    Distant,
    Silence,
    automation_of,
    continued,
    middles,
    silenced,
    silent_spans,
    within,
)
from core.mix.cache import Cache
from core.mix.continuity import Fill, Filled, fills_of
from core.mix.crossfade import Correlation, Curve, Samples
from core.mix.limiter import limit_blocks
from core.mix.loop import Loop, Looped, loop_of
from core.mix.onset import ATTACK_SECONDS, attack_power, edge_frames, first_onset
from core.mix.ramp import Ramp
from core.mix.room_tone import room_tone
from core.mix.sources import Source, from_frame
from core.mix.strip import PlacedStrip, pan_law, strip_carried_on, strip_of
from core.mix.sustain import BELOW_DB, Ended, Sustained, has_hole
from core.mix.voices import PlacedLane, Voice, add_voices, buses_of
from core.mix.width import STEADY, Spread, reach, side_of, spread_of, steadiness
from core.story.row import meeting_runs
from core.story.story import Event, Story
from core.story.strip import FadeCurve, Lane

_T = TypeVar("_T")

ONSET_DECLICK = 0.0005
"""Seconds of the shortest fade at the edge of a take that begins with its attack: it takes 0.2 dB
off a stroke that decays within 10 ms, where the fade of other edges takes 3 dB."""
CLEAR_DB = 9.0
"""Decibels that a tail lies below an attack at least, which then measures 0.5 dB louder at most."""
GIVING_WAY = 0.01
"""Seconds for each decibel by which a tail gives way before an attack."""
SHORTEST_GIVING_WAY = 0.02
FAINTEST_BED = 0.03
"""Power (-15 dB) by which a texture under a soft sound is softer still, at most."""
TURNED_DOWN_DB = -20.0
"""Gain of an event below which its room tone goes down with it."""
TAKE_END = 0.005
"""Seconds of fade at the end of a take that ends in its room."""
_MILLISECONDS = 3
"""Decimals of a story's times, which sums of them lose."""


@dataclass(frozen=True)
class MixSettings:
    """How takes become a mix.

    Attributes:
        rate: Hz of the takes and of the mix.
        curve: of cross-fades and of the events' own fades.
        crossfade: longest cross-fade in seconds; None takes what each take's tail offers.
        share: largest part of the next event that a cross-fade may cover.
        shrink: shorten a cross-fade that does not fit; otherwise it becomes a hard cut.
        normalise: keep the level by the measured correlation (see `core.mix.crossfade`).
        declick: seconds of fade at edges without a cross-fade.
        attacks: sounds with an onset start whole; otherwise they are cross-faded like all others.
        sustain: textures go on under what leaves holes after them.
        room_tone: what leaves holes and has no texture under it has a room's noise.
        silence: nothing sounds in an event of silence.
        spread: mono takes get the width or the place that suits them; otherwise they stay mono.
        ceiling_db: true-peak and sample-peak ceiling in dBFS; None leaves peaks alone.
        block: frames per block.
    """

    rate: int
    curve: Curve = "equal-power"
    crossfade: float | None = None
    share: float = 0.5
    shrink: bool = True
    normalise: bool = True
    declick: float = 0.005
    attacks: bool = True
    sustain: bool = True
    room_tone: bool = True
    silence: bool = True
    spread: bool = True
    ceiling_db: float | None = -1.0
    block: int = 65_536

    @staticmethod
    def exact(rate: int) -> MixSettings:
        """The published release's join: 3 s linear, a hard cut where a clip is shorter."""
        return MixSettings(
            rate=rate,
            curve="linear",
            crossfade=3.0,
            share=1.0,
            shrink=False,
            normalise=False,
            declick=0.0,
            attacks=False,
            sustain=False,
            room_tone=False,
            silence=False,
            spread=False,
            ceiling_db=None,
        )


@dataclass(frozen=True)
class PlacedEvent:
    """One event on the sample grid.

    Attributes:
        start, frames: where it sounds in the mix, cross-fade tail included.
        offset: frame of the take at which it begins.
        rate: Hz of the mix.
        left, right: linear gains of the two channels, from gain and pan.
        width: level of a mono take's side over its middle.
        pan: where the event is heard, -1 left to 1 right.
        rises, falls: fades at its beginning and end; they multiply.
        onset: its frame at which the first attack begins, if it has one near its beginning.
        sustained: it goes on beyond its take (`core.mix.sustain`).
        room: gain of the room tone that is heard with it.
        automation: how its level goes, its own shape; None: it is steady.
        silences: its frames from and to which a silence cuts into it.
        fills: what is heard in the holes of a bed's take.
        strip: what it goes through beside (`core.mix.strip`); None: nothing.
        loop: how its take comes again and again; None: it ends.
        lane: the strip of its layer; None: it has none.
    """

    event_id: str
    layer: int
    start: int
    frames: int
    rate: int
    left: float
    right: float
    width: float
    pan: float
    rises: tuple[Ramp, ...]
    falls: tuple[Ramp, ...]
    onset: int | None = None
    offset: int = 0
    sustained: bool = False
    room: float = 0.0
    automation: Automation | None = None
    silences: tuple[Silence, ...] = ()
    fills: tuple[Fill, ...] = ()
    strip: PlacedStrip | None = None
    loop: Loop | None = None
    lane: PlacedLane | None = None

    @property
    def end(self) -> int:
        return self.start + self.frames

    @property
    def last(self) -> int:
        """Where it is heard no more in any room."""
        own = self.strip.ring if self.strip else 0
        return self.end + own + (self.lane.ring if self.lane else 0)

    @property
    def tone(self) -> tuple[Hashable, ...]:
        """All that makes its sound of the take's, before its fades."""
        return (
            *(self.left, self.right, self.width, self.offset, self.automation, self.fills),
            *(self.strip, self.loop),
        )

    def level(self, frames: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Linear gain of its shape, its envelope and distance, and of the silences in it, at
        frames of the event."""
        gains = silenced(self.silences, frames, self.rate)
        if self.strip is not None:
            gains = gains * self.strip.level(frames)
        return gains if self.automation is None else gains * self.automation.gain(frames)

    def fade(self, sound: Samples, start: int) -> None:
        """Apply fades and silences in place; `sound` (n, channels) begins with frame `start`."""
        for ramp in self.rises:
            ramp.fade_in(sound, start)
        for ramp in self.falls:
            ramp.fade_out(sound, self.frames - start)
        if self.silences:
            gains = silenced(self.silences, middles(start, len(sound)), self.rate)
            sound *= gains[:, None].astype(np.float32)

    def read(self, source: Source, start: int, count: int, *, send: bool = False) -> Samples:
        """float32 (count, 2): the event as it sounds in the mix, from its frame `start`, but for
        its room.

        Args:
            send: what goes into its room, instead of the direct sound: no distance softens it, and
                no shape of distance dulls it.

        Raises:
            RenderError: the take holds values that are not numbers.
        """
        sound = self.panned(source, start, count, send=send)
        self.fade(sound, start)
        return sound

    def panned(self, source: Source, start: int, count: int, *, send: bool = False) -> Samples:
        """The same before its fades."""
        if self.strip is not None:
            source = self.strip.filtered(source)
        if self.loop is not None:
            source = Looped(source, self.loop)
        if self.fills:
            source = Filled(source, self.fills, self.offset, self.rate)
        if self.sustained:
            source = Sustained(source, self.rate)
        elif self.room and self.offset + self.frames > source.frames:
            source = Ended(source, round(TAKE_END * self.rate))
        automation = self.automation
        if send and automation is not None and automation.distant:
            automation = None
        if automation is not None and automation.distant:
            source = Distant(source, automation, self.offset)
        sound = self._stereo(source, start, count)
        if automation is not None:
            gains = automation.gain(middles(start, count))
            sound *= gains[:, None].astype(np.float32)
        if self.strip is not None:
            gains = self.strip.gains(middles(start, count), source.channels, send=send)
            sound *= gains.astype(np.float32)
        if self.room:
            sound += room_tone(self.rate, self.offset + start, count) * np.float32(self.room)
        return sound

    def _stereo(self, source: Source, start: int, count: int) -> Samples:
        margin = reach(self.rate) if self.width else 0
        first = self.offset + start
        begin, end = max(0, first - margin), min(source.frames, first + count + margin)
        block = source.read(begin, end - begin)
        if not np.isfinite(np.vdot(block, block)):
            raise RenderError("A take holds damaged samples (not numbers); render it again.")
        middle = block[first - begin :][:count]
        sound = np.empty((count, 2), dtype=np.float32)
        if not self.width:
            np.multiply(middle[:, 0], np.float32(self.left), out=sound[:, 0])
            np.multiply(middle[:, -1], np.float32(self.right), out=sound[:, 1])
            return sound
        heard = np.pad(block[:, 0], (begin - first + margin, first + count + margin - end))
        side = side_of(heard, self.rate, self.width)
        if self.automation is not None and self.automation.distant:
            side *= self.automation.width(middles(start, count)).astype(np.float32)
        np.add(middle[:, 0], side, out=sound[:, 0])
        np.subtract(middle[:, 0], side, out=sound[:, 1])
        for channel, gain in enumerate((np.float32(self.left), np.float32(self.right))):
            if gain != 1.0:
                sound[:, channel] *= gain
        return sound


def story_frames(story: Story, rate: int) -> int:
    """Length of the mix in frames."""
    return round(story.total * rate)


def pan_gains(event: Event, channels: int, pan: float) -> tuple[float, float]:
    """Linear gains (left, right) of an event heard at `pan` (`core.mix.strip.pan_law`)."""
    gain = float(10.0 ** (event.gain_db / 20.0))
    left, right = pan_law(pan, channels)
    return gain * float(left), gain * float(right)


def place_events(
    story: Story,
    sources: Mapping[str, Source],
    settings: MixSettings,
    cache: Cache | None = None,
) -> tuple[PlacedEvent, ...]:
    """Where and how each event that has a source sounds, in order of start.

    Events without a source are silent, so that a half-rendered story can be heard.

    Args:
        cache: keeps what is measured on the takes.
    """
    grid = _Grid(story_frames(story, settings.rate), sources, settings, cache)
    placed = [placement for events in _rows(story) for placement in _placed_row(grid, events)]
    if settings.silence and (spans := silent_spans(story.events, settings.rate)):
        placed = [replace(p, silences=tuple(within(spans, p.start, p.last))) for p in placed]
    if story.lanes or story.master_db:
        placed = _through_lanes(story, placed, settings)
    return tuple(sorted(placed, key=lambda p: (p.start, p.layer)))


def _through_lanes(
    story: Story, placed: Sequence[PlacedEvent], settings: MixSettings
) -> list[PlacedEvent]:
    """The placed events with the strips of their layers; the fader of all of them is part of each
    layer's, so that stems and lanes sum to the mix."""
    spans = silent_spans(story.events, settings.rate) if settings.silence else ()
    total = story_frames(story, settings.rate)
    master = 10.0 ** (story.master_db / 20.0)
    lanes: dict[int, PlacedLane] = {}
    for layer in {placement.layer for placement in placed}:
        strip, heard = story.lane(layer), story.hears(layer)
        if strip == Lane(layer) and heard and not story.master_db:
            continue
        lane = _placed_lane(strip, total, spans, settings)
        lanes[layer] = replace(lane, gain=lane.gain * master, muted=not heard)
    return [replace(p, lane=lanes.get(p.layer)) for p in placed]


def _placed_lane(
    lane: Lane, total: int, silences: Sequence[Silence], settings: MixSettings
) -> PlacedLane:
    rate, gain = settings.rate, float(10.0 ** (lane.gain_db / 20.0))
    pan = 0.0 if lane.pan_envelope else lane.pan
    rises, falls = (
        (Ramp(min(total, max(1, round(seconds * rate))), curve or settings.curve),)
        if seconds
        else ()
        for seconds, curve in (
            (lane.fade_in, lane.fade_in_curve),
            (lane.fade_out, lane.fade_out_curve),
        )
    )
    return PlacedLane(
        lane.layer, lane.muted, total, gain, pan, strip_of(lane, 0.0, rate), rises, falls,
        tuple(silences), rate,
    )  # fmt: skip


def _rows(story: Story) -> Iterator[Sequence[Event]]:
    """Events that meet, in order: of layer 0, and above it such as continue one take."""
    rows: list[list[Event]] = []
    open_rows: dict[tuple[int, float, str | None], list[Event]] = {}
    for event in sorted((e for e in story.events if e.layer), key=lambda e: (e.layer, e.start)):
        start, end = (
            (event.layer, round(seconds, _MILLISECONDS), event.chosen)
            for seconds in (event.start, event.end)
        )
        row = open_rows.pop(start, [])
        if not row or not event.continues(row[-1]):
            row = []
            rows.append(row)
        row.append(event)
        open_rows[end] = row
    yield from meeting_runs(story.sequence)
    yield from rows


def _placed_row(grid: _Grid, events: Sequence[Event]) -> Iterator[PlacedEvent]:
    previous: PlacedEvent | None = None
    before: Event | None = None
    texture_end, in_room = 0, False
    for number, event in enumerate(events):
        goes_on = before is not None and event.continues(before)
        placement = grid.placement(event, events[number + 1 :])
        placement = grid.sustained(placement, events[number:])
        if placement is not None and placement.sustained:
            texture_end = placement.end
        elif placement is not None:
            if not goes_on:
                in_room = placement.start >= texture_end and grid.needs_room(events[number:])
            if in_room:
                placement = grid.in_room(placement, events[number:])
        if previous is not None and placement is not None and previous.end > placement.start:
            previous, placement = grid.joined(previous, placement, event, goes_on=goes_on)
        if previous is not None:
            yield previous
        previous, before = placement, event
    if previous is not None:
        yield previous


def _parts(events: Sequence[Event]) -> Sequence[Event]:
    """The first event and those after it that go on in its take."""
    count = 1
    while count < len(events) and events[count].continues(events[count - 1]):
        count += 1
    return events[:count]


@dataclass(frozen=True)
class _Grid:
    """What `place_events` needs to put one event on the sample grid."""

    total: int
    sources: Mapping[str, Source]
    settings: MixSettings
    cache: Cache | None = None

    def kept(self, sources: Sequence[Source], about: Hashable, make: Callable[[], _T]) -> _T:
        """What `make` measures on `sources`, or what it measured the last time."""
        names = tuple(source.identity for source in sources)
        if self.cache is None or None in names:
            return make()
        return self.cache.of((self.settings, names, about), make)

    def frame(self, seconds: float) -> int:
        return round(seconds * self.settings.rate)

    def placement(self, event: Event, after: Sequence[Event]) -> PlacedEvent | None:
        """The event at its place, with the tail that reaches into the first of those `after` it."""
        following = after[0] if after else None
        source = self.sources.get(event.id)
        start, end = self.frame(event.start), self._end(event, following)
        offset = self._offset(event)
        loop = self._loop(event, source)
        heard = Looped(source, loop) if source is not None and loop is not None else source
        if source is None or heard is None or min(end - start, heard.frames - offset) <= 0:
            return None
        left_over = from_frame(heard, offset)
        frames = min(end - start, left_over.frames)
        tail = 0
        if following is not None and frames == end - start and event.fade_out == 0:
            spare = min(left_over.frames - frames, self.total - end)
            tail = self._tail(event, spare, _parts(after))
        spread = self._spread(event, source)
        pan = 0.0 if event.pan_envelope else min(1.0, max(-1.0, event.pan + spread.pan))
        left, right = pan_gains(event, source.channels, pan)
        begun = left_over if loop is None else from_frame(source, offset % loop.period)
        onset, declick = self.kept([begun], "onset", lambda: self._beginning(begun))
        return PlacedEvent(
            event_id=event.id,
            layer=event.layer,
            start=start,
            frames=frames + tail,
            rate=self.settings.rate,
            left=left,
            right=right,
            width=spread.width,
            pan=pan,
            rises=self._edge(event.fade_in, event.fade_in_curve, frames, declick),
            falls=(Ramp(tail, self.settings.curve, crossfade=True),)
            if tail
            else self._edge(event.fade_out, event.fade_out_curve, frames),
            onset=onset,
            offset=offset,
            automation=automation_of(event, start, self.settings.rate),
            fills=self._fills(event, source, offset, frames, max(left, right)),
            strip=strip_of(event, event.start * self.settings.rate - start, self.settings.rate),
            loop=loop,
        )

    def _loop(self, event: Event, source: Source | None) -> Loop | None:
        """How the take of an event that loops does."""
        if source is None or not event.loop or not source.frames:
            return None
        return self.kept([source], "loop", lambda: loop_of(source, self.settings.rate))

    def _fills(
        self, event: Event, source: Source, offset: int, frames: int, gain: float
    ) -> tuple[Fill, ...]:
        """What fills the holes of an event that is said to be a bed."""
        if event.role != "bed" or event.loop or not self.settings.sustain:
            return ()
        rate = self.settings.rate
        about = ("fills", offset, frames, gain)
        return self.kept([source], about, lambda: fills_of(source, offset, frames, rate, gain))

    def sustained(
        self, placement: PlacedEvent | None, sequence: Sequence[Event]
    ) -> PlacedEvent | None:
        """A texture that goes on to the end of the events after it that leave holes.

        Args:
            sequence: the event and those after it.
        """
        if placement is None or not self.settings.sustain or not placement.falls[0:1]:
            return placement
        source = self.sources[placement.event_id]
        event, after = sequence[0], sequence[1:]
        if not placement.falls[0].crossfade or not self._is_texture(source):
            return placement
        if after and after[0].continues(event):
            return placement
        end = placement.end
        while after:
            heard, parts = self.sources.get(after[0].id), _parts(after)
            if heard is None or not self._leaves_hole(heard, parts):
                break
            end = min(self.total, self.frame(parts[-1].end))
            after = after[len(parts) :]
        if end == placement.end:
            return placement
        return replace(placement, frames=end - placement.start, sustained=True)

    def needs_room(self, sequence: Sequence[Event]) -> bool:
        """Whether the first event, in all its parts, is no texture and leaves a hole."""
        source, parts = self.sources.get(sequence[0].id), _parts(sequence)
        if source is None or sequence[0].layer or not self.settings.room_tone:
            return False
        return self._leaves_hole(source, parts)

    def in_room(self, placement: PlacedEvent, sequence: Sequence[Event]) -> PlacedEvent:
        """The first event of a sequence with room tone, to its end where its take is shorter."""
        event, following = sequence[0], sequence[1] if len(sequence) > 1 else None
        frames = max(placement.frames, self._end(event, following) - placement.start)
        room = min(1.0, 10 ** ((event.gain_db - TURNED_DOWN_DB) / 20))
        return replace(placement, frames=frames, room=float(room))

    def _end(self, event: Event, following: Event | None) -> int:
        """Frame at which an event ends or the next one begins."""
        return min(self.total, self.frame(event.end if following is None else following.start))

    def _is_texture(self, source: Source) -> bool:
        rate = self.settings.rate
        return self.kept([source], "steadiness", lambda: steadiness(source, rate)) >= STEADY[1]

    def _leaves_hole(self, source: Source, parts: Sequence[Event]) -> bool:
        """Whether a take, in all its parts that meet, is silent for long."""
        rate = self.settings.rate
        source = from_frame(source, self._offset(parts[0]))
        frames = self.frame(parts[-1].end) - self.frame(parts[0].start)
        if parts[0].loop:
            frames = min(frames, source.frames)
        return self.kept([source], ("hole", frames), lambda: has_hole(source, rate, frames))

    def _offset(self, event: Event) -> int:
        """Frames into its take. They count from where the whole take would begin, so that parts
        meet to the frame however their times are rounded."""
        if not event.offset:
            return 0
        whole = round(event.start - event.offset, _MILLISECONDS)
        return self.frame(event.start) - self.frame(whole)

    def _spread(self, event: Event, source: Source) -> Spread:
        """An event whose pan was chosen stays there; a stereo take has its own width. Parts of a
        take are heard where the whole was."""
        if not self.settings.spread or source.channels != 1:
            return Spread()
        part = event.take.part if event.take else None
        name = part.of if part else event.id
        spread = self.kept(
            [source],
            (name, event.width),
            lambda: spread_of(source, self.settings.rate, name, event.width),
        )
        return replace(spread, pan=0.0) if event.pan else spread

    def _tail(self, event: Event, spare: int, following: Sequence[Event]) -> int:
        """Frames of cross-fade after `event.end`; 0 for a join without one.

        Args:
            following: the next event, or the parts of its take that meet.
        """
        longest = self.settings.crossfade
        if following[0].continues(event):
            longest = self.settings.declick
        elif longest is None and event.take is not None:
            longest = event.take.tail
        wanted = spare if longest is None else self.frame(longest)
        whole = following[-1].end - following[0].start
        room = min(int(self.settings.share * self.frame(whole)), self.frame(following[0].duration))
        fitting = min(wanted, spare, room)
        if fitting < wanted and not self.settings.shrink:
            return 0
        return fitting if fitting >= max(1, self.frame(self.settings.declick)) else 0

    def _beginning(self, source: Source) -> tuple[int | None, int]:
        """A take's onset, and the frames of fade at its bare edge."""
        onset = first_onset(source, self.settings.rate) if self.settings.attacks else None
        return onset, declick_frames(self.settings, source, onset)

    def _edge(
        self, seconds: float, curve: FadeCurve | None, frames: int, declick: int | None = None
    ) -> tuple[Ramp, ...]:
        """The event's own fade, or the short one that keeps a bare edge from clicking."""
        if seconds > 0:
            longest = max(1, min(frames, self.frame(seconds)))
            return (Ramp(longest, curve or self.settings.curve),)
        longest = self.frame(self.settings.declick)
        declick = min(frames // 2, longest if declick is None else declick)
        return (Ramp(declick, "s-curve"),) if declick else ()

    def joined(
        self, first: PlacedEvent, second: PlacedEvent, event: Event, *, goes_on: bool
    ) -> tuple[PlacedEvent, PlacedEvent]:
        """Both halves of a cross-fade; `event` is the second one, whose own fade-in stays.

        A second event that has an onset within the overlap, and no fade-in of its own, starts
        whole. One that goes on in the first one's take is the same sound there, and sums to it.
        """
        if first.sustained:
            return self._over(first, second, event)
        overlap = min(first.end - second.start, second.frames)
        first = replace(first, frames=second.start + overlap - first.start)
        own = second.rises if event.fade_in > 0 else ()
        if goes_on:
            automation = continued(first.automation, second.automation, second.start - first.start)
            strip = strip_carried_on(first.strip, second.strip, second.start - first.start)
            first = replace(first, automation=automation, strip=strip)
            ramp = Ramp(overlap, "linear", crossfade=True)
            return replace(first, falls=(ramp,)), replace(second, rises=(ramp, *own))
        if second.onset is not None and second.onset < overlap and event.fade_in == 0:
            return self._struck(first, second, overlap, second.onset)
        r = self._correlation(first, second, overlap) if self.settings.normalise else None
        ramp = Ramp(overlap, self.settings.curve, crossfade=True, correlation=r)
        return replace(first, falls=(ramp,)), replace(second, rises=(ramp, *own))

    def _struck(
        self, first: PlacedEvent, second: PlacedEvent, overlap: int, onset: int
    ) -> tuple[PlacedEvent, PlacedEvent]:
        """The tail of `first` rings out under the attack of `second`, which is there undimmed.

        What `second` has before its onset rises up to it.
        """
        at = second.start + onset - first.start
        span = self.frame(ATTACK_SECONDS)
        attack = self._power(second, onset, min(onset + 2 * span, second.frames))
        tail = self._power(first, max(0, at - span), min(at + span, first.frames))
        fall = giving_way(self.settings, attack, tail, overlap - onset, at)
        rises = second.rises
        if onset >= self.frame(self.settings.declick):
            rises = (Ramp(onset, "s-curve"),)
        return replace(first, falls=(fall,)), replace(second, rises=rises)

    def _over(
        self, first: PlacedEvent, second: PlacedEvent, event: Event
    ) -> tuple[PlacedEvent, PlacedEvent]:
        """A texture that goes on under `second`, and the one sound over it, which starts whole."""
        onset = min(second.onset or 0, second.frames - 1)
        at, span = second.start + onset - first.start, self.frame(ATTACK_SECONDS)
        attack = self._power(second, onset, min(onset + 2 * span, second.frames))
        softest = self._power(first, max(0, at - span), at + span) * 10 ** (-BELOW_DB / 10)
        clear = 10 ** (CLEAR_DB / 10)
        attack = min(softest * clear, max(softest * clear * FAINTEST_BED, attack))
        tail = softest * 10 ** (BELOW_DB / 10)
        fall = giving_way(self.settings, attack, tail, first.frames - at, at)
        rises = second.rises
        if event.fade_in == 0 and onset >= self.frame(self.settings.declick):
            rises = (Ramp(onset, "s-curve"),)
        return replace(first, falls=(fall,)), replace(second, rises=rises)

    def _power(self, placement: PlacedEvent, start: int, end: int) -> float:
        """Of the loudest attack between two frames of an event, before its fades."""
        source = self.sources[placement.event_id]

        def measured() -> float:
            return attack_power(placement.panned(source, start, end - start), self.settings.rate)

        return self.kept([source], (*placement.tone, start, end), measured)

    def _correlation(self, first: PlacedEvent, second: PlacedEvent, overlap: int) -> float:
        sources = [self.sources[placement.event_id] for placement in (first, second)]
        begin = second.start - first.start

        def measured() -> float:
            correlation = Correlation()
            for at in range(0, overlap, self.settings.block):
                count = min(self.settings.block, overlap - at)
                correlation.add(
                    first.panned(sources[0], begin + at, count),
                    second.panned(sources[1], at, count),
                )
            return correlation.value

        return self.kept(sources, (first.tone, second.tone, begin, overlap), measured)


def declick_frames(settings: MixSettings, source: Source, onset: int | None) -> int:
    """Frames of fade at a take's bare beginning: an attack there gets as few as can be."""
    longest = round(settings.declick * settings.rate)
    if onset is None or onset >= longest:
        return longest
    head = source.read(0, min(source.frames, round(ATTACK_SECONDS * settings.rate)))
    return max(onset, edge_frames(head, round(ONSET_DECLICK * settings.rate), longest))


def giving_way(settings: MixSettings, attack: float, tail: float, frames: int, room: int) -> Ramp:
    """The fall of a tail that rings out under an attack.

    Where it would hide the attack it gives way just before it, the earlier the further it has to.

    Args:
        attack, tail: powers of the two where they meet.
        frames: of the tail from the attack on.
        room: frames before the attack in which it may give way.
    """
    duck = min(1.0, 10 ** (-CLEAR_DB / 20) * float(np.sqrt(attack / tail)) if tail > 0.0 else 1.0)
    if duck == 1.0:
        return Ramp(frames, settings.curve)
    seconds = max(SHORTEST_GIVING_WAY, -20.0 * GIVING_WAY * float(np.log10(max(duck, 1e-4))))
    lead = min(room, round(seconds * settings.rate))
    return Ramp(lead + frames, settings.curve, lead=lead, duck=duck)


def sum_blocks(
    placements: Sequence[PlacedEvent],
    sources: Mapping[str, Source],
    start: int,
    end: int,
    block: int,
) -> Iterator[Samples]:
    """The sum of `placements` over the frames `start` to `end` of the mix, before the master.

    float32 (n, 2) blocks. Stems are the same sum over one placement or one layer.
    """
    voices = [Voice(placement, sources[placement.event_id]) for placement in placements]
    plain, buses = [v for v in voices if v.lane is None], buses_of(voices)
    for begin in range(start, end, block):
        stop = min(end, begin + block)
        mixed = np.zeros((stop - begin, 2), dtype=np.float32)
        add_voices(plain, mixed, begin)
        for bus in buses:
            mixed += bus.read(begin, stop - begin)
        yield mixed


def mix_blocks(
    story: Story, sources: Mapping[str, Source], settings: MixSettings
) -> Iterator[Samples]:
    """The mix as float32 (n, 2) blocks of at most `settings.block` frames.

    In all exactly `round(story.total * settings.rate)` frames; true peaks stay under the ceiling.

    Raises:
        AudioFileError: a take cannot be read.
        RenderError: a take holds values that are not numbers.
    """
    frames = story_frames(story, settings.rate)
    placements = place_events(story, sources, settings)
    blocks = sum_blocks(placements, sources, 0, frames, settings.block)
    if settings.ceiling_db is None:
        return blocks
    return limit_blocks(blocks, settings.rate, settings.ceiling_db)


def mix(story: Story, sources: Mapping[str, Source], settings: MixSettings) -> Samples:
    """The whole mix in memory, float32 (frames, 2); see `mix_blocks`."""
    return np.concatenate(list(mix_blocks(story, sources, settings)))
