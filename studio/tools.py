"""Draft, render and export as tools for other programs (MCP): `python app.py --mcp`.

A tool names its story by title and keeps nothing between two calls. Tools are for programs of the
person at this machine: they read and write that person's library, so a public address has none.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from core.bridge.categories import event_categories
from core.errors import StudioError
from core.export.deliver import export
from core.export.folder import open_story
from core.render.start_sounds import read_start_sounds
from core.render.takes import due
from core.render.unknown import unknown_sentences, unknown_sounds
from core.story.cue_words import repetition_words, shape_words
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.limits import check_seed
from studio.handlers.exporting import settings_of
from studio.jobs.job import Job
from studio.state import Studio

if TYPE_CHECKING:
    from core.render.performers import Performers
    from core.story.story import Story

Answer = dict[str, Any]
TOOLS = ("draft_story", "render_story", "export_story")


def add_tools(studio: Studio) -> None:
    """Add the tools to the page's endpoints. Call inside the `gr.Blocks` that holds the page."""

    def draft_story(
        request: gr.Request, instruction: str, seconds: float = 30.0, seed: int = 1
    ) -> str:
        """Plan a story of sounds from one instruction; nothing is rendered yet.

        Args:
            instruction: what should be heard, in order, in plain words
            seconds: length of the whole story, 0.1 to 150
            seed: another seed renders the same plan to other sounds

        Returns:
            JSON: the title, the reasoning, the events with captions and times in seconds, and
            notes on what was corrected and what of the instruction was not kept
        """
        return _answer(_draft, studio, _library(studio, request), instruction, seconds, seed)

    def render_story(request: gr.Request, title: str, quality: str = "draft") -> str:
        """Render the events of a story that have no sound yet or changed since.

        Args:
            title: the story's title, as draft_story returned it
            quality: draft (fast) or final (for delivery)

        Returns:
            JSON: how many events were rendered now, which were left out as unknown, and all events
        """
        return _answer(_render, studio, _library(studio, request), title, quality)

    def export_story(request: gr.Request, title: str, format: str = "wav24") -> str:
        """Mix a rendered story and write it as a sound file.

        Args:
            title: the story's title, as draft_story returned it
            format: wav16, wav24, wav32f, flac, mp3, opus or another format of the studio's

        Returns:
            JSON: the paths of the files written, the mix first, and notes about them
        """
        performers = studio.service.performers
        return _answer(_export, performers, _library(studio, request), title, format)

    for tool in (draft_story, render_story, export_story):
        api(tool, api_name=tool.__name__, concurrency_id="tools", concurrency_limit=4)


def offer_only_tools(blocks: gr.Blocks) -> None:
    """Leave the page's own endpoints out of what a launched MCP server offers."""
    server = blocks.mcp_server_obj
    assert server is not None
    offered = server.tool_to_endpoint
    server.tool_to_endpoint = {name: offered[name] for name in TOOLS}


def _library(studio: Studio, request: gr.Request) -> Library:
    return studio.sessions.of(request.session_hash).library


def _answer(work: Callable[..., Answer], *arguments: Any) -> str:
    """Do the work and return it as JSON; raise what goes wrong as one sentence."""
    try:
        return json.dumps(work(*arguments), ensure_ascii=False)
    except StudioError as error:
        raise gr.Error(str(error)) from None


def _draft(studio: Studio, library: Library, instruction: str, seconds: float, seed: int) -> Answer:
    check_seed(seed)
    job = Job("draft")
    with studio.service.queue.turn(job, studio.service.estimate("draft")):
        from core.director.plan import plan

        story: Story | None = None
        for progress in plan(studio.service.model, instruction, seconds, seed, job.cancel):
            story = progress.story
    assert story is not None
    return _story_answer(library.create(story))


def _render(studio: Studio, library: Library, title: str, quality: str) -> Answer:
    folder, profile = library.open(title), studio.service.profile
    if quality not in ("draft", "final"):
        raise StudioError("The quality is draft or final; choose one of them.")
    settings = profile.final if quality == "final" else profile.draft
    performers = studio.service.performers
    unknown = unknown_sounds(profile, folder.story, performers)
    requests = due(folder, settings, profile.crossfade, (profile.final,), unknown, performers)
    lengths = {event.id: event.duration for event in folder.story.events}
    amount = settings.steps * sum(lengths[request.event_id] for request in requests)
    job, sounds = Job("render"), read_start_sounds(folder, requests, profile.crossfade)
    seconds = studio.service.estimate("render", amount, settings)
    waiting = (job, seconds, lambda _: None, len(requests))
    with studio.place.turn(studio.service, *waiting, studio.place.usual) as render:
        from core.render.perform import perform

        group = f"render-{secrets.token_hex(4)}"
        model = studio.service.model
        arguments = (model, folder, requests, settings)
        how = partial(perform, group=group, cancel=job.cancel, sounds=sounds, render=render)
        kept = list(how(*arguments, performers=performers))
    rendered = sum(not take.adopted for take in kept)
    left_out = unknown_sentences(folder.story, unknown)
    return {"rendered": rendered, "left_out": left_out} | _story_answer(folder)


def _export(performers: Performers, library: Library, title: str, form: str) -> Answer:
    folder, profile = library.open(title), performers.profile
    made = export(
        open_story(folder.path, unknown_sounds(profile, folder.story, performers)),
        folder.path / "exports",
        settings_of("", form, ()),
        created=datetime.now().astimezone(),
        categories=event_categories(profile, folder.story.events),
    )
    return {"files": [str(path) for path in made.files], "notes": list(made.notes)}


def _story_answer(folder: StoryFolder) -> Answer:
    story = folder.story
    events = [
        {
            "caption": event.caption,
            "start": event.start,
            "duration": event.duration,
            "role": story.role_of(event),
            "shape": shape_words(event.shape, event.points),
            "repeats": repetition_words(event),
            "rendered": event.take is not None and folder.has_sound(event.take),
        }
        for event in story.events
    ]
    return {
        "title": folder.title,
        "reasoning": story.reasoning,
        "events": events,
        "notes": [*story.corrections, *story.notes],
    }
