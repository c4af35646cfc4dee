"""Whether table, picture, mix and file say the same of a story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.mix.mix import PlacedEvent
from core.mix.sources import Source
from core.story import timeline
from core.story.limits import TOLERANCE
from core.story.story import Event, Story
from core.story.strip import NEAR, Lane
from studio.editing import table
from studio.editing.strips import lane_name
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from studio.view.lanes import lane_order, lanes
from studio.view.waves import waves

RATE = 8000
"""Hz of the takes: few samples, so that many stories are tried."""
NULL_DB = -90.0
EDGE = 0.02
"""Seconds at an edge in which it may be faded."""


def picture_agrees(session: Session, cache: PeakCache) -> None:
    """The blocks of the picture are the rows of the table, and show the strips of the story."""
    story = session.open_folder.story
    rows, shown = table.rows_of(story), lanes(session)
    blocks = {block["id"]: block for block in shown["events"]}
    at = {name: place for place, name in enumerate(table.HEADERS)}
    for event_id, row in zip(table.ids_of(story), rows, strict=True):
        block, event = blocks.pop(event_id), story.event(event_id)
        names = ("#", "Sound", "Start", "Length", "Gain", "In", "Out", "Role", "Lock")
        drawn = [block[name] for name in ("name", "caption", "start", "duration", "gain")]
        drawn += [block["fades"]["in"][0], block["fades"]["out"][0], block["role"], block["locked"]]
        assert [row[at[name]] for name in names] == [
            *drawn[:2], *(round(seconds, table.MILLISECONDS) for seconds in drawn[2:4]), *drawn[4:]
        ]  # fmt: skip
        curves = (event.gain_envelope, event.pan_envelope, event.level_points)
        assert block["curves"] == dict(zip(("gain", "pan", "shape"), map(_drawn, curves)))  # noqa: B905
        assert block["strip"] == _shown_strip(event)
        assert (block["group"], block["layer"], block["offset"]) == (
            event.group, event.layer, event.offset
        )  # fmt: skip
    assert not blocks
    assert shown["total"] == story.total
    assert [(m["at"], m["name"]) for m in shown["markers"]] == [
        (m.at, m.name) for m in story.markers
    ]
    mixer_agrees(story, shown["mixer"])
    drawn_waves = waves(session, cache)["blocks"]
    assert {(i, part["offset"], part["duration"]) for i, part in drawn_waves.items()} == {
        (event.id, event.offset, event.duration) for event in story.events
    }


def mixer_agrees(story: Story, shown: Mapping[str, Any]) -> None:
    """The faders of the picture are those of the story, one for each lane that holds something."""
    assert shown["master"] == story.master_db
    assert [lane["layer"] for lane in shown["lanes"]] == lane_order(story)
    assert {lane["layer"] for lane in shown["lanes"]} == {event.layer for event in story.events}
    soloed = any(story.lane(event.layer).soloed for event in story.events)
    for told in shown["lanes"]:
        lane = story.lane(told["layer"])
        assert told["name"] == lane_name(lane.layer)
        assert [told[name] for name in ("gain", "pan", "muted", "soloed")] == [
            lane.gain_db, lane.pan, lane.muted, lane.soloed
        ]  # fmt: skip
        assert told["heard"] == (not lane.muted and (lane.soloed or not soloed))
        assert told["curves"] == {
            "gain": _drawn(lane.gain_envelope), "pan": _drawn(lane.pan_envelope)
        }  # fmt: skip
        assert told["strip"] == _shown_strip(lane)


def _drawn(points: Sequence[tuple[float, float]]) -> list[list[float]]:
    return [[round(time, 3), round(value, 3)] for time, value in points]


def _shown_strip(strip: Event | Lane) -> dict[str, Any]:
    equaliser, room = strip.equaliser, strip.room
    return {
        "distance": strip.distance,
        "low_cut": None if equaliser is None else equaliser.low_cut,
        "high_cut": None if equaliser is None else equaliser.high_cut,
        "tilt_db": 0.0 if equaliser is None else equaliser.tilt_db,
        "room": "" if room is None else room.room,
        "room_level": None if room is None else room.level_db,
    }


def plan_agrees(story: Story, sources: Mapping[str, Source], plan: Sequence[PlacedEvent]) -> None:
    """Every event that has a take sounds where the story has it, from the moment of its take."""
    placed = {placement.event_id: placement for placement in plan}
    for event in story.events:
        sounding = placed.pop(event.id, None)
        if event.take is None:
            assert sounding is None
        elif timeline.status(event) == "rendered":
            assert sounding is not None
            assert sounding.start == round(event.start * RATE)
            assert sounding.end >= round(event.end * RATE) - 1 - TOLERANCE * RATE
            assert abs(sounding.offset - event.offset * RATE) <= 1
            frames = sources[event.id].frames
            goes_on = sounding.sustained or sounding.room or event.loop
            assert goes_on or sounding.offset + sounding.frames <= frames
            curves = event.gain_envelope or event.pan_envelope
            assert (sounding.strip is None) == (_dry(event) and not curves)
            muted = sounding.lane is not None and sounding.lane.muted
            assert muted != story.hears(event.layer)
    assert not placed


def nulled(
    story: Story, plan: Sequence[PlacedEvent], takes: Mapping[str, np.ndarray], sound: np.ndarray
) -> tuple[float, float]:
    """Seconds in which a take is heard alone and as it is, but for faders and envelopes, and how
    loud in decibels what is left is where it is taken away from the mix.

    What is cross-faded, gives way before an attack or has a room's tone is not compared.
    """
    compared, loudest = 0, 0.0
    for event in story.events:
        take, lane = event.take, story.lane(event.layer)
        if take is None or timeline.status(event) != "rendered" or not story.hears(event.layer):
            continue
        if not (_dry(event) and _dry(lane)) or event.shape != "steady" or event.loop:
            continue
        alone = np.zeros(len(sound), bool)
        for own in plan:
            if own.event_id == event.id and not own.room:
                first, last = round(event.start * RATE), round(event.end * RATE)
                begin = first + max([round(EDGE * RATE), *(ramp.frames for ramp in own.rises)])
                fallen = own.end - max([0, *(ramp.frames for ramp in own.falls)])
                alone[begin : max(begin, min(last - round(EDGE * RATE), fallen))] = True
        for other in plan:
            if other.event_id != event.id and story.hears(other.layer):
                alone[other.start : other.last] = False
        frames = np.flatnonzero(alone)
        whole = round((event.start - event.offset) * RATE)
        gains = _faders(story, event, frames)
        left = (sound[frames] - takes[take.key][frames - whole] * gains) / np.maximum(1.0, gains)
        compared += len(frames)
        loudest = max(loudest, float(np.abs(left).max(initial=0.0)))
    return compared / RATE, float(20 * np.log10(max(loudest, 1e-10)))


def _dry(strip: Event | Lane) -> bool:
    """Whether it has no equaliser and no room."""
    return not (strip.equaliser or strip.room or strip.distance > NEAR)


def _faders(story: Story, event: Event, frames: np.ndarray) -> np.ndarray:
    """What faders and envelopes of an event, of its lane and of the master make of two channels at
    frames of the mix: (n, 2)."""
    sides = np.full((len(frames), 2), 10 ** (story.master_db / 20))
    seconds = (frames + 0.5) / RATE
    for strip, since in ((event, event.start), (story.lane(event.layer), 0.0)):
        pan = np.full(len(frames), strip.pan)
        gain = np.full(len(frames), strip.gain_db)
        if strip.pan_envelope:
            pan = np.interp(seconds - since, *zip(*strip.pan_envelope, strict=True))
        if strip.gain_envelope:
            gain += np.interp(seconds - since, *zip(*strip.gain_envelope, strict=True))
        angle = np.pi / 4 * (pan + 1)
        law = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        sides *= np.minimum(1.0, law) * 10 ** (gain / 20)[:, None]
    return sides
