"""Recordings of the person's library for an event whose sound the model does not know."""

from __future__ import annotations

import secrets

import gradio as gr

from core.errors import FileError, StudioError
from core.render.library_takes import take_from_library
from studio.handlers.arguments import event_value
from studio.handlers.mixing import then_mix
from studio.handlers.options import PRIVATE, QUICK
from studio.handlers.turns import in_turn
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.sound.library import SoundLibrary
from studio.state import Studio
from studio.view.updates import Updates, components, view_after, ways_out


def add_library_listeners(studio: Studio, page: Page) -> None:
    """Connect what offers recordings and takes one."""

    def offer(data: gr.EventData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        like = event_value(data, "like", int | None)
        return offer_recordings(studio, page, session, event_value(data, "id", str), like)

    def another(data: gr.EventData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        given = event_value(data, "recording", int), event_value(data, "variation", int)
        return offer_variation(studio, page, session, event_value(data, "id", str), *given)

    def take(data: gr.EventData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        recording = event_value(data, "recording", int), event_value(data, "variation", int)
        given = event_value(data, "id", str), *recording
        return view_after(studio, page, lambda s: take_recording(studio, s, *given), session)

    page.unfamiliar.library(offer, None, page.unfamiliar, **QUICK, **PRIVATE)
    page.unfamiliar.another(another, None, page.unfamiliar, **QUICK, **PRIVATE)
    taken = in_turn(page.unfamiliar.take, take, None, components(page), **QUICK, **PRIVATE)
    then_mix(studio, page, taken)


def offer_recordings(
    studio: Studio, page: Page, session: Session, event_id: str, like: int | None = None
) -> Updates:
    """Look for recordings for an event, and show them beside it."""
    try:
        event = session.open_folder.story.event(event_id)
        profile = studio.service.profile
        session.offers[event_id] = _library(studio).offers(session, profile, event, like)
    except StudioError as error:
        gr.Warning(str(error))
    return {page.unfamiliar: ways_out(studio, session)}


def offer_variation(
    studio: Studio, page: Page, session: Session, event_id: str, row: int, variation: int
) -> Updates:
    """Offer another span of one of the recordings that are offered."""
    try:
        event = session.open_folder.story.event(event_id)
        given = session, studio.service.profile, event, row, variation
        offer = _library(studio).offer(*given)
        offers = session.offers.get(event_id, ())
        session.offers[event_id] = tuple(offer if o.recording == row else o for o in offers)
    except StudioError as error:
        gr.Warning(str(error))
    return {page.unfamiliar: ways_out(studio, session)}


def take_recording(
    studio: Studio, session: Session, event_id: str, row: int, variation: int = 0
) -> None:
    """Let an event sound as a recording.

    Args:
        variation: which of its spans.

    Raises:
        StudioError: see `take_from_library`.
    """
    recording = _library(studio).recording(row)
    group = f"take-{secrets.token_hex(4)}"
    folder, profile = session.open_folder, studio.service.profile
    take_from_library(profile, folder, event_id, recording, variation, group)
    session.offers.pop(event_id, None)
    session.selected = event_id


def _library(studio: Studio) -> SoundLibrary:
    if studio.sound_library is None:
        raise FileError("A library is for the person at this machine only.")
    return studio.sound_library
