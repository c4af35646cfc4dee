"""The page: its components and what is connected to what."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from studio import table
from studio.engine import Engine
from studio.peaks import PeakCache
from studio.session import Sessions
from studio.stage import SCRIPT
from studio.theme import ASSETS

TITLE = "AudioStory"
MIX_SCRIPT = (ASSETS / "mix.js").read_text(encoding="utf-8")
EXAMPLES = (
    (
        "A thunderstorm rolls in over the sea, waves crash on rocks, then the rain fades and "
        "gulls return",
        30,
    ),
    ("Footsteps on gravel approach a wooden door, it creaks open, a clock ticks inside", 20),
    (
        "A blacksmith hammers on an anvil while a fire crackles, a horse gallops past outside",
        24,
    ),
)


@dataclass(frozen=True)
class Studio:
    """What all handlers share."""

    engine: Engine
    sessions: Sessions
    cache: PeakCache


@dataclass(frozen=True)
class Page:
    """The components that handlers read and update."""

    memory: gr.BrowserState
    stories: gr.Dropdown
    fresh: gr.Button
    undo: gr.Button
    redo: gr.Button
    light: gr.Button
    instruction: gr.Textbox
    total: gr.Number
    seed: gr.Number
    draft: gr.Button
    welcome: gr.Column
    examples: tuple[gr.Button, ...]
    thinking: gr.Accordion
    reasoning: gr.HTML
    desk: gr.Column
    stage: gr.HTML
    bar: gr.Row
    quality: gr.Radio
    render: gr.Button
    progress: gr.HTML
    download: gr.DownloadButton
    events: gr.Column
    table: gr.Dataframe
    cancel: gr.Button
    stop: gr.Button
    sound: gr.HTML


def lay_out(studio: Studio) -> Page:
    """Make the components, top to bottom. Call inside `gr.Blocks`."""
    parts: dict[str, object] = {}
    parts["memory"] = gr.BrowserState(
        {"visitor": "", "title": ""}, storage_key="audiostory", secret="audiostory"
    )
    parts |= _top() | _ask(studio) | _desk()
    return Page(**parts)  # type: ignore[arg-type]


def _top() -> dict[str, object]:
    with gr.Row(elem_id="top"):
        gr.HTML(f"<h1>{TITLE}</h1>", elem_id="brand")
        stories = gr.Dropdown(
            [],
            label="Story",
            show_label=False,
            container=False,
            visible=False,
            filterable=True,
            elem_id="stories",
        )
        quiet = {"size": "sm", "variant": "secondary", "scale": 0}
        fresh = gr.Button("New story", visible=False, **quiet)
        undo = gr.Button("Undo", elem_id="undo", interactive=False, visible=False, **quiet)
        redo = gr.Button("Redo", elem_id="redo", interactive=False, visible=False, **quiet)
        light = gr.Button("Light", elem_id="light", **quiet)
    return {"stories": stories, "fresh": fresh, "undo": undo, "redo": redo, "light": light}


def _ask(studio: Studio) -> dict[str, object]:
    longest = studio.engine.profile.director.max_total
    with gr.Column(elem_id="ask"):
        instruction = gr.Textbox(
            label="What should be heard?",
            placeholder="A thunderstorm rolls in over the sea, waves crash on rocks …",
            lines=2,
            max_lines=6,
            max_length=4000,
            elem_id="instruction",
        )
        with gr.Row(elem_classes="settings"):
            total = gr.Number(30, label="Seconds", minimum=3, maximum=longest, elem_id="total")
            seed = gr.Number(1, label="Seed", minimum=0, precision=0, elem_id="seed")
            draft = gr.Button("Draft", variant="primary", elem_id="draft")
            cancel = gr.Button("Cancel", variant="stop", elem_id="cancel", visible=False)
        with gr.Column(elem_id="welcome") as welcome:
            with gr.Row(elem_id="examples"):
                examples = tuple(gr.Button(text, size="sm") for text, _ in EXAMPLES)
            gr.HTML(
                '<p class="hint">Describe a scene, or take one of these. '
                "You get a timeline to edit before anything is rendered.</p>"
            )
    with gr.Accordion("Reasoning", open=False, visible=False, elem_id="thinking") as thinking:
        reasoning = gr.HTML("")
    return {
        "instruction": instruction,
        "total": total,
        "seed": seed,
        "draft": draft,
        "cancel": cancel,
        "welcome": welcome,
        "examples": examples,
        "thinking": thinking,
        "reasoning": reasoning,
    }


def _desk() -> dict[str, object]:
    with gr.Column(visible=False, elem_id="desk") as desk:
        stage = gr.HTML("", js_on_load=SCRIPT, elem_id="stage")
        with gr.Row(elem_id="render-bar") as bar:
            render = gr.Button("Render", variant="primary", elem_id="render")
            stop = gr.Button("Cancel", variant="stop", elem_id="stop", visible=False)
            quality = gr.Radio(
                [("Draft quality", "draft"), ("Final quality", "final")],
                value="draft",
                label="Quality",
                show_label=False,
                container=False,
                elem_id="quality",
            )
            progress = gr.HTML("", elem_classes="grow", elem_id="progress")
            download = gr.DownloadButton("Download WAV", interactive=False, elem_id="download")
    with gr.Column(visible=False) as events:
        grid = gr.Dataframe(
            headers=table.HEADERS,
            datatype=table.TYPES,
            column_count=len(table.HEADERS),
            column_widths=table.WIDTHS,
            static_columns=table.STATIC,
            type="array",
            interactive=True,
            show_label=False,
            label="Events",
            wrap=True,
            buttons=[],
            elem_id="events",
        )
    sound = gr.HTML("", js_on_load=MIX_SCRIPT, visible="hidden")
    return {
        "desk": desk,
        "stage": stage,
        "bar": bar,
        "quality": quality,
        "render": render,
        "stop": stop,
        "progress": progress,
        "download": download,
        "events": events,
        "table": grid,
        "sound": sound,
    }
