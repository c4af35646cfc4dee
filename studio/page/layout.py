"""The page: its components, top to bottom.

The director's numbers have no bounds here: Gradio would refuse them before a handler could answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from core.export.settings import FORMATS, PRESETS
from studio.editing import table
from studio.page.scripts import FLAGS, HEAD, LANES, SKELETON, SOUND, TAKES
from studio.state import Studio

TITLE = "AudioStory"
EXAMPLES = (
    ("Rain on a tin roof, then thunder rolls far away and the rain fades", 24),
    ("Footsteps on gravel, a wooden door creaks open, a clock ticks inside", 20),
    ("A fire crackles, a blacksmith hammers on an anvil, a horse gallops past", 24),
    ("Waves wash over a beach while seagulls cry, then a ship's horn sounds", 24),
)
_MOODS = ("", "calm", "tense", "eerie", "joyful", "sad", "lonely", "busy")
_QUIET = {"size": "sm", "variant": "secondary", "scale": 0}


@dataclass(frozen=True)
class Page:
    """The components that handlers read and update."""

    memory: gr.BrowserState
    stories: gr.Dropdown
    manage: gr.Button
    fresh: gr.Button
    undo: gr.Button
    redo: gr.Button
    light: gr.Button
    managing: gr.Row
    title: gr.Textbox
    rename: gr.Button
    duplicate: gr.Button
    archive: gr.Button
    instruction: gr.Textbox
    total: gr.Number
    mood: gr.Dropdown
    draft: gr.Button
    cancel: gr.Button
    seed: gr.Number
    another: gr.Button
    place: gr.Textbox
    model_name: gr.Textbox
    key: gr.Textbox
    overheard: gr.Audio
    describe: gr.Button
    replanning: gr.Column
    wish: gr.Textbox
    tell: gr.Button
    again: gr.Button
    further: gr.Number
    go_on: gr.Button
    welcome: gr.Column
    bundle: gr.UploadButton
    examples: tuple[gr.Button, ...]
    thinking: gr.Accordion
    reasoning: gr.HTML
    desk: gr.Column
    stage: gr.HTML
    takes: gr.HTML
    render: gr.Button
    render_all: gr.Button
    stop: gr.Button
    quality: gr.Radio
    progress: gr.HTML
    download: gr.DownloadButton
    flags: gr.HTML
    table: gr.Dataframe
    strength: gr.Slider
    vary: gr.Button
    begin: gr.Number
    end: gr.Number
    repaint: gr.Button
    recording: gr.Audio
    use: gr.Button
    preset: gr.Dropdown
    format: gr.Dropdown
    extras: gr.CheckboxGroup
    export: gr.Button
    exported: gr.File
    sound: gr.HTML


def lay_out(studio: Studio) -> Page:
    """Make the components. Call inside `gr.Blocks`."""
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
            allow_custom_value=True,  # a program's session was never shown the choices
            elem_id="stories",
        )
        manage = gr.Button("Manage", elem_id="manage", visible=False, **_QUIET)
        fresh = gr.Button("New story", visible=False, **_QUIET)
        undo = gr.Button("Undo", elem_id="undo", interactive=False, visible=False, **_QUIET)
        redo = gr.Button("Redo", elem_id="redo", interactive=False, visible=False, **_QUIET)
        light = gr.Button("Light", elem_id="light", **_QUIET)
    with gr.Row(elem_id="managing", visible=False) as managing:
        title = gr.Textbox(label="Title", max_length=60, elem_id="title")
        rename = gr.Button("Rename", **_QUIET)
        duplicate = gr.Button("Duplicate story", **_QUIET)
        archive = gr.Button("Archive", **_QUIET)
    return {
        "stories": stories,
        "manage": manage,
        "fresh": fresh,
        "undo": undo,
        "redo": redo,
        "light": light,
        "managing": managing,
        "title": title,
        "rename": rename,
        "duplicate": duplicate,
        "archive": archive,
    }


def _ask(studio: Studio) -> dict[str, object]:
    with gr.Column(elem_id="ask"):
        instruction = gr.Textbox(
            label="What should be heard?",
            placeholder="Rain on a tin roof, then thunder rolls far away …",
            lines=1,
            max_lines=6,
            max_length=4000,
            elem_id="instruction",
        )
        with gr.Row(elem_classes="settings"):
            total = gr.Number(24, label="Seconds", elem_id="total")
            mood = gr.Dropdown(
                [(mood or "any", mood) for mood in _MOODS],
                value="",
                label="Mood",
                allow_custom_value=True,
                elem_id="mood",
            )
            draft = gr.Button("Draft", variant="primary", elem_id="draft")
            cancel = gr.Button("Cancel", variant="stop", elem_id="cancel", visible=False)
        director = _director(private=studio.sessions.private)
        overheard = _overheard(visible=studio.engine.profile.hears)
        with gr.Column(elem_id="welcome") as welcome:
            with gr.Row(elem_id="examples"):
                examples = tuple(gr.Button(text, size="sm") for text, _ in EXAMPLES)
            gr.HTML(
                '<p class="hint">Describe a scene, or take one of these. '
                "You get a timeline to edit before anything is rendered.</p>"
            )
            bundle = gr.UploadButton(
                "Open a story from a zip", file_types=[".zip"], elem_id="bundle", **_QUIET
            )
    with gr.Accordion("Reasoning", open=False, visible=False, elem_id="thinking") as thinking:
        reasoning = gr.HTML("")
    return (
        director
        | overheard
        | {
            "instruction": instruction,
            "total": total,
            "mood": mood,
            "draft": draft,
            "cancel": cancel,
            "welcome": welcome,
            "bundle": bundle,
            "examples": examples,
            "thinking": thinking,
            "reasoning": reasoning,
        }
    )


def _director(*, private: bool) -> dict[str, object]:
    with gr.Accordion("Director", open=False, elem_id="director", elem_classes="folded"):
        with gr.Row(elem_classes="line"):
            seed = gr.Number(1, label="Seed", precision=0, elem_id="seed", scale=0)
            another = gr.Button("Draft with another seed", **_QUIET)
        with gr.Column(visible=False) as replanning:
            with gr.Row(elem_classes="line"):
                wish = gr.Textbox(
                    label="Change the plan",
                    placeholder="more tense · make it 40 s · continue",
                    max_length=400,
                )
                tell = gr.Button("Plan", **_QUIET)
                again = gr.Button("Plan unlocked events again", **_QUIET)
            with gr.Row(elem_classes="line"):
                further = gr.Number(12, label="Seconds after the selected event", scale=0)
                go_on = gr.Button("Continue from here", **_QUIET)
        with gr.Row(elem_classes="line", visible=not private):
            place = gr.Textbox(
                label="Another director",
                placeholder="http://localhost:8080/v1, or a model's folder",
                max_length=400,
            )
            model_name = gr.Textbox(label="Its model", max_length=200)
            key = gr.Textbox(label="API key", type="password", max_length=400)
    return {
        "seed": seed,
        "another": another,
        "replanning": replanning,
        "wish": wish,
        "tell": tell,
        "again": again,
        "further": further,
        "go_on": go_on,
        "place": place,
        "model_name": model_name,
        "key": key,
    }


def _upload(label: str, elem_id: str) -> gr.Audio:
    """A recording that a person brings or makes."""
    sources = ["upload", "microphone"]
    return gr.Audio(type="filepath", sources=sources, label=label, buttons=[], elem_id=elem_id)


def _overheard(*, visible: bool) -> dict[str, object]:
    with (
        gr.Accordion("Describe a recording", open=False, visible=visible, elem_classes="folded"),
        gr.Row(elem_classes="line"),
    ):
        overheard = _upload("Your recording", "overheard")
        describe = gr.Button("Describe it", **_QUIET)
    return {"overheard": overheard, "describe": describe}


def _desk() -> dict[str, object]:
    with gr.Column(visible=False, elem_id="desk") as desk:
        stage = gr.HTML("", html_template=SKELETON, js_on_load=LANES, head=HEAD, elem_id="stage")
        takes = gr.HTML("", js_on_load=TAKES, elem_id="takes")
        beginnings = _beginnings()
        with gr.Row(elem_id="render-bar"):
            render = gr.Button("Render", variant="primary", elem_id="render")
            render_all = gr.Button("All", elem_id="render-all", visible=False)
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
        flags = gr.HTML("", js_on_load=FLAGS, elem_id="flags")
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
        export = _export()
    sound = gr.HTML("", js_on_load=SOUND, visible="hidden")
    return (
        beginnings
        | export
        | {
            "desk": desk,
            "stage": stage,
            "takes": takes,
            "render": render,
            "render_all": render_all,
            "stop": stop,
            "quality": quality,
            "progress": progress,
            "download": download,
            "flags": flags,
            "table": grid,
            "sound": sound,
        }
    )


def _beginnings() -> dict[str, object]:
    """What a take can begin from besides noise: another take, a span of it, a recording."""
    with gr.Accordion(
        "Vary, repaint, or begin from a recording", open=False, elem_classes="folded"
    ):
        with gr.Row(elem_classes="line"):
            strength = gr.Slider(
                0.1, 1.0, 0.5, step=0.05, label="Strength: how much is new", elem_id="strength"
            )
            vary = gr.Button("Vary the kept take", **_QUIET)
        with gr.Row(elem_classes="line"):
            begin = gr.Number(0, label="From, in seconds of the event", minimum=0)
            end = gr.Number(1, label="To", minimum=0)
            repaint = gr.Button("Repaint this span", **_QUIET)
        with gr.Row(elem_classes="line"):
            recording = _upload("Recording", "recording")
            use = gr.Button("Begin from it", **_QUIET)
    return {
        "strength": strength,
        "vary": vary,
        "begin": begin,
        "end": end,
        "repaint": repaint,
        "recording": recording,
        "use": use,
    }


def _export() -> dict[str, object]:
    presets = [("Mix only", ""), *((name.capitalize(), name) for name in PRESETS)]
    formats = [(form.title, name) for name, form in FORMATS.items()]
    extras = [
        ("Stems", "stems"),
        ("Reaper", "reaper"),
        ("OpenTimelineIO", "otio"),
        ("Markers", "markers"),
        ("Story as zip", "bundle"),
    ]
    with gr.Accordion("Export", open=False, elem_id="export", elem_classes="folded"):
        with gr.Row(elem_classes="line"):
            preset = gr.Dropdown(presets, value="", label="Preset")
            format_name = gr.Dropdown(formats, value="wav24", label="Format")
            export = gr.Button("Export", elem_id="deliver", **_QUIET)
        kinds = gr.CheckboxGroup(extras, value=[], label="With it")
        exported = gr.File(label="Files", file_count="multiple", visible=False, interactive=False)
    return {
        "preset": preset,
        "format": format_name,
        "extras": kinds,
        "export": export,
        "exported": exported,
    }
