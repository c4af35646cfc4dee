"""The page: its components, top to bottom.

Numbers for the director have no bounds here: Gradio would refuse them before a handler answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr

from core.export.settings import FORMATS, PRESETS
from core.own_sounds.own_sound import CONSENT, LONGEST_NAME
from core.profile import RenderSettings
from studio.editing import table
from studio.page.scripts import (
    CLIP_JS,
    HISTORY_JS,
    LISTENING_JS,
    MIX_JS,
    MIX_SPECTRUM_JS,
    PROPOSAL_JS,
    SOUNDS_JS,
    SPECTRA_JS,
    TAKES_JS,
    TIMELINE_HTML,
    TIMELINE_JS,
    UNFAMILIAR_JS,
    WAVES_JS,
)
from studio.state import Studio

TITLE = "AudioStory"
EXAMPLES = (
    ("Rain on a tin roof, then thunder rolls far away and the rain fades", 24),
    ("Footsteps on gravel, a wooden door creaks open, a clock ticks inside", 20),
    ("A fire crackles, a blacksmith hammers on an anvil, a horse gallops past", 24),
    ("Waves wash over a beach while seagulls cry, then a ship's horn sounds", 24),
)
_TABLE_HELP = (
    '<p class="hint">Role: bed for what carries on beneath, spot for what happens. Shape: steady, '
    "fade in, fade out, swell, approach, recede, or seconds and decibels like 0:-20, 3:0. Repeats: "
    "3x, every 5 s, or at 1, 2.5. As: the number of the event whose source is heard again.</p>"
)
_MOODS = ("", "calm", "tense", "eerie", "joyful", "sad", "lonely", "busy")
STRENGTH_RANGE = (1.0, 12.0)
"""Of the guidance, from none at all to where sounds begin to clip."""
_QUIET: dict[str, Any] = {"size": "sm", "variant": "secondary", "scale": 0}


@dataclass(frozen=True)
class Page:
    """The components that handlers read and update."""

    memory: gr.BrowserState
    stories: gr.Dropdown
    manage: gr.Button
    new_story: gr.Button
    undo: gr.Button
    redo: gr.Button
    history: gr.HTML
    light: gr.Button
    manage_row: gr.Row
    title: gr.Textbox
    rename: gr.Button
    duplicate: gr.Button
    archive: gr.Button
    brief: gr.HTML
    instruction: gr.Textbox
    total: gr.Number
    mood: gr.Dropdown
    draft: gr.Button
    cancel: gr.Button
    loading: gr.HTML
    seed: gr.Number
    another_seed: gr.Button
    director_address: gr.Textbox
    director_model: gr.Textbox
    director_key: gr.Textbox
    description_recording: gr.Audio
    description_upload: gr.UploadButton
    stop_uploading_description: gr.Button
    describe: gr.Button
    stop_describing: gr.Button
    description_row: gr.Row
    described: gr.Textbox
    use_description: gr.Button
    add_description: gr.Button
    replanning: gr.Column
    replan_unlocked: gr.Button
    continue_seconds: gr.Number
    continue_plan: gr.Button
    welcome: gr.Column
    archived_row: gr.Row
    archived: gr.Dropdown
    restore: gr.Button
    bundle: gr.UploadButton
    stop_opening: gr.Button
    examples: tuple[gr.Button, ...]
    reasoning_panel: gr.Accordion
    reasoning: gr.HTML
    workspace: gr.Column
    notes: gr.HTML
    timeline: gr.HTML
    plan_change: gr.Textbox
    change_plan: gr.Button
    stop_wish: gr.Button
    proposal_panel: gr.Column
    proposal: gr.HTML
    take_plan: gr.Button
    discard_plan: gr.Button
    takes: gr.HTML
    render: gr.Button
    render_all: gr.Button
    stop: gr.Button
    quality: gr.Radio
    farm: gr.Textbox
    use_farm: gr.Button
    farm_state: gr.HTML
    progress: gr.HTML
    download: gr.DownloadButton
    unfamiliar: gr.HTML
    own_sounds_panel: gr.Accordion
    own_sounds: gr.HTML
    sound_name: gr.Textbox
    sound_recordings: gr.UploadButton
    sound_chosen: gr.HTML
    sound_licence: gr.Textbox
    sound_by: gr.Textbox
    sound_consent: gr.Checkbox
    learn_sound: gr.Button
    import_sound: gr.UploadButton
    table: gr.Dataframe
    view: gr.Number
    prompt_strength: gr.Slider
    strength: gr.Slider
    vary: gr.Button
    repaint_start: gr.Number
    repaint_end: gr.Number
    repaint: gr.Button
    recording: gr.Audio
    recording_upload: gr.UploadButton
    stop_uploading_recording: gr.Button
    use_recording: gr.Button
    preset: gr.Dropdown
    format: gr.Dropdown
    extras: gr.CheckboxGroup
    export: gr.Button
    exported: gr.File
    mix: gr.HTML
    clip: gr.HTML
    waves: gr.HTML
    spectra: gr.HTML
    mix_spectrum: gr.HTML
    listening: gr.HTML


def lay_out(studio: Studio) -> Page:
    """Make the components. Call inside `gr.Blocks`."""
    parts: dict[str, object] = {}
    parts["memory"] = gr.BrowserState(
        {"visitor": "", "title": ""}, storage_key="audiostory", secret="audiostory"
    )
    parts |= _top() | _request(studio) | _workspace(studio)
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
        new_story = gr.Button("New story", visible=False, **_QUIET)
        undo = gr.Button("Undo", elem_id="undo", interactive=False, visible=False, **_QUIET)
        redo = gr.Button("Redo", elem_id="redo", interactive=False, visible=False, **_QUIET)
        history = gr.HTML("", js_on_load=HISTORY_JS, visible=False, elem_id="history")
        light = gr.Button("Light", elem_id="light", **_QUIET)
    with gr.Row(elem_id="manage-row", visible=False) as manage_row:
        title = gr.Textbox(label="Title", elem_id="title")
        rename = gr.Button("Rename", **_QUIET)
        duplicate = gr.Button("Duplicate story", **_QUIET)
        archive = gr.Button("Archive", **_QUIET)
    return {
        "stories": stories,
        "manage": manage,
        "new_story": new_story,
        "undo": undo,
        "redo": redo,
        "history": history,
        "light": light,
        "manage_row": manage_row,
        "title": title,
        "rename": rename,
        "duplicate": duplicate,
        "archive": archive,
    }


def _request(studio: Studio) -> dict[str, object]:
    brief = gr.HTML("", visible=False, elem_id="brief")
    with gr.Column(elem_id="request"):
        instruction = gr.Textbox(
            label="What should be heard?",
            placeholder="Rain on a tin roof, then thunder …",
            lines=1,
            max_lines=6,
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
        loading = gr.HTML("", visible=False, elem_id="loading", elem_classes="hint")
        director = _director(private=studio.sessions.private)
        description = _description(visible=studio.service.profile.hears)
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
            stop_opening = _stop("stop-opening")
            with gr.Row(elem_classes="control-row", visible=False) as archived_row:
                archived = gr.Dropdown(
                    [], label="Archived", allow_custom_value=True, elem_id="archived"
                )
                restore = gr.Button("Bring back", **_QUIET)
    with gr.Accordion(
        "Reasoning", open=False, visible=False, elem_id="reasoning"
    ) as reasoning_panel:
        reasoning = gr.HTML("")
    return (
        director
        | description
        | {
            "brief": brief,
            "instruction": instruction,
            "total": total,
            "mood": mood,
            "draft": draft,
            "cancel": cancel,
            "loading": loading,
            "welcome": welcome,
            "archived_row": archived_row,
            "archived": archived,
            "restore": restore,
            "bundle": bundle,
            "stop_opening": stop_opening,
            "examples": examples,
            "reasoning_panel": reasoning_panel,
            "reasoning": reasoning,
        }
    )


def _director(*, private: bool) -> dict[str, object]:
    with gr.Accordion("Director", open=False, elem_id="director", elem_classes="folded"):
        with gr.Row(elem_classes="control-row"):
            seed = gr.Number(1, label="Seed", precision=0, elem_id="seed")
            another_seed = gr.Button("Draft with another seed", **_QUIET)
        with gr.Column(visible=False) as replanning:
            replan_unlocked = gr.Button("Plan unlocked events again", **_QUIET)
            with gr.Row(elem_classes="control-row"):
                continue_seconds = gr.Number(
                    12, label="Seconds after the selected event", elem_id="continue-seconds"
                )
                continue_plan = gr.Button("Continue from here", **_QUIET)
        with gr.Row(elem_classes="control-row", visible=not private):
            director_address = gr.Textbox(
                label="Another director",
                placeholder="http://host:8080/v1, or a folder",
            )
            director_model = gr.Textbox(label="Its model")
            director_key = gr.Textbox(label="API key", type="password")
    return {
        "seed": seed,
        "another_seed": another_seed,
        "replanning": replanning,
        "replan_unlocked": replan_unlocked,
        "continue_seconds": continue_seconds,
        "continue_plan": continue_plan,
        "director_address": director_address,
        "director_model": director_model,
        "director_key": director_key,
    }


def _upload(label: str, elem_id: str) -> gr.Audio:
    """A recording that a person brings or makes."""
    sources: list[Literal["upload", "microphone"]] = ["upload", "microphone"]
    return gr.Audio(
        type="filepath",
        sources=sources,
        label=label,
        buttons=[],
        elem_id=elem_id,
        elem_classes="takes-files",
    )


def _any_upload(elem_id: str) -> gr.UploadButton:
    """The way in for what the browser's own picker of sounds refuses: films, WMA, CAF, …"""
    return gr.UploadButton("Any sound or film …", elem_id=elem_id, **_QUIET)


def _stop(elem_id: str) -> gr.Button:
    """A Cancel that is shown beside what takes its time, while it does."""
    return gr.Button("Cancel", size="sm", variant="stop", scale=0, visible=False, elem_id=elem_id)


def _description(*, visible: bool) -> dict[str, object]:
    with gr.Accordion("Describe a recording", open=False, visible=visible, elem_classes="folded"):
        with gr.Row(elem_classes="control-row"):
            description_recording = _upload("Your recording", "description-recording")
            description_upload = _any_upload("description-upload")
            stop_uploading_description = _stop("stop-uploading-description")
            describe = gr.Button("Describe it", **_QUIET)
            stop_describing = _stop("stop-describing")
        with gr.Row(elem_classes="control-row", visible=False) as description_row:
            described = gr.Textbox(label="What is heard in it")
            use_description = gr.Button("Use as instruction", **_QUIET)
            add_description = gr.Button("Add to instruction", **_QUIET)
    return {
        "description_recording": description_recording,
        "description_upload": description_upload,
        "stop_uploading_description": stop_uploading_description,
        "describe": describe,
        "stop_describing": stop_describing,
        "description_row": description_row,
        "described": described,
        "use_description": use_description,
        "add_description": add_description,
    }


def _workspace(studio: Studio) -> dict[str, object]:
    with gr.Column(visible=False, elem_id="workspace") as workspace:
        notes = gr.HTML("", elem_id="notes")
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
        timeline = gr.HTML(
            "", html_template=TIMELINE_HTML, js_on_load=TIMELINE_JS, elem_id="timeline"
        )
        wishes = _wishes()
        takes = gr.HTML("", js_on_load=TAKES_JS, elem_id="takes")
        beginnings = _beginnings(studio.service.profile.draft)
        farm = _farm(studio)
        unfamiliar = gr.HTML("", js_on_load=UNFAMILIAR_JS, elem_id="unfamiliar")
        own_sounds = _own_sounds(visible=studio.lessons is not None)
        events = _table()
        view = gr.Number(None, precision=0, label="View", visible=False)
        export = _export()
    mix = gr.HTML("", js_on_load=MIX_JS, visible="hidden")
    clip = gr.HTML("", js_on_load=CLIP_JS, visible="hidden")
    waves = gr.HTML("", js_on_load=WAVES_JS, visible="hidden")
    spectra = gr.HTML("", js_on_load=SPECTRA_JS, visible="hidden")
    mix_spectrum = gr.HTML("", js_on_load=MIX_SPECTRUM_JS, visible="hidden")
    listening = gr.HTML("", js_on_load=LISTENING_JS, visible="hidden")
    return (
        beginnings
        | wishes
        | farm
        | own_sounds
        | export
        | {
            "workspace": workspace,
            "notes": notes,
            "timeline": timeline,
            "takes": takes,
            "render": render,
            "render_all": render_all,
            "stop": stop,
            "quality": quality,
            "progress": progress,
            "download": download,
            "unfamiliar": unfamiliar,
            "table": events,
            "view": view,
            "mix": mix,
            "clip": clip,
            "waves": waves,
            "spectra": spectra,
            "mix_spectrum": mix_spectrum,
            "listening": listening,
        }
    )


def _table() -> gr.Dataframe:
    """The events as rows, and what may be written into them."""
    with gr.Column(elem_id="table-panel"):
        grid = gr.Dataframe(
            headers=table.HEADERS,
            datatype=table.TYPES,
            column_count=(len(table.HEADERS), "fixed"),  # type: ignore[arg-type]
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
        gr.HTML(_TABLE_HELP)
    return grid


def _wishes() -> dict[str, object]:
    """A line that changes the story in words, and what it would change, to take or leave."""
    with gr.Row(elem_id="wish-bar", elem_classes="control-row"):
        plan_change = gr.Textbox(
            label="Change the plan",
            placeholder="the thunder closer and later · add a dog at 10 s · less rain · more tense",
            show_label=False,
            container=False,
            lines=1,
            max_lines=3,
            elem_id="plan-change",
        )
        change_plan = gr.Button("Preview", elem_id="change-plan", **_QUIET)
        stop_wish = _stop("stop-wish")
    with gr.Column(visible=False, elem_id="proposal-panel") as proposal_panel:
        proposal = gr.HTML("", js_on_load=PROPOSAL_JS, elem_id="proposal")
        with gr.Row(elem_classes="control-row"):
            take_plan = gr.Button(
                "Take it", size="sm", variant="primary", scale=0, elem_id="take-plan"
            )
            discard_plan = gr.Button("Discard", elem_id="discard-plan", **_QUIET)
    return {
        "plan_change": plan_change,
        "change_plan": change_plan,
        "stop_wish": stop_wish,
        "proposal_panel": proposal_panel,
        "proposal": proposal,
        "take_plan": take_plan,
        "discard_plan": discard_plan,
    }


def strength_words(settings: RenderSettings) -> str:
    """What the prompt strength does, or why there is none to choose."""
    if settings.sampler == "fast":
        return "Draft quality has learned its own, and keeps it; in final quality it can be chosen."
    return (
        f"How closely takes to come follow their words: {settings.guidance:g} is usual, more is "
        "more literal and less varied."
    )


def _beginnings(settings: RenderSettings) -> dict[str, object]:
    """How a take is made: how closely it follows its words, and what it begins from besides noise:
    another take, a span of it, a recording.

    Args:
        settings: of the quality that is chosen first.
    """
    with gr.Accordion(
        "Vary, repaint, or begin from a recording", open=False, elem_classes="folded"
    ):
        with gr.Row(elem_classes="control-row"):
            prompt_strength = gr.Slider(
                *STRENGTH_RANGE,
                settings.guidance,
                step=0.5,
                label="Prompt strength",
                info=strength_words(settings),
                interactive=settings.sampler == "full",
                elem_id="prompt-strength",
            )
        with gr.Row(elem_classes="control-row"):
            strength = gr.Slider(
                0.1, 1.0, 0.5, step=0.05, label="Strength: how much is new", elem_id="strength"
            )
            vary = gr.Button("Vary the kept take", **_QUIET)
        with gr.Row(elem_classes="control-row"):
            repaint_start = gr.Number(0, label="From, in seconds of the event", minimum=0)
            repaint_end = gr.Number(1, label="To", minimum=0)
            repaint = gr.Button("Repaint this span", **_QUIET)
        with gr.Row(elem_classes="control-row"):
            recording = _upload("Recording", "recording")
            recording_upload = _any_upload("recording-upload")
            stop_uploading_recording = _stop("stop-uploading-recording")
            use_recording = gr.Button("Begin from it", **_QUIET)
    return {
        "prompt_strength": prompt_strength,
        "strength": strength,
        "vary": vary,
        "repaint_start": repaint_start,
        "repaint_end": repaint_end,
        "repaint": repaint,
        "recording": recording,
        "recording_upload": recording_upload,
        "stop_uploading_recording": stop_uploading_recording,
        "use_recording": use_recording,
    }


def _own_sounds(*, visible: bool) -> dict[str, object]:
    """Sounds of the person's own: those there are, and what it takes to learn another."""
    with gr.Accordion(
        "Your sounds",
        open=False,
        visible=visible,
        elem_id="own-sounds-panel",
        elem_classes="folded",
    ) as panel:
        own_sounds = gr.HTML("", js_on_load=SOUNDS_JS, elem_id="own-sounds")
        with gr.Row(elem_classes="control-row"):
            name = gr.Textbox(
                label="Name, as captions will have it",
                placeholder="grandma's kettle",
                max_length=LONGEST_NAME,
                elem_id="sound-name",
            )
            licence = gr.Textbox(
                label="Licence of the sound", placeholder="CC-BY-4.0", elem_id="sound-licence"
            )
            by = gr.Textbox(label="Recorded by (may be empty)", elem_id="sound-by")
        with gr.Row(elem_classes="control-row"):
            recordings = gr.UploadButton(
                "5 to 50 recordings …", file_count="multiple", elem_id="sound-recordings", **_QUIET
            )
            chosen = gr.HTML("", elem_classes="grow", elem_id="sound-chosen")
        consent = gr.Checkbox(label=CONSENT, elem_id="sound-consent")
        with gr.Row(elem_classes="control-row"):
            learn = gr.Button("Learn it", elem_id="learn-sound", **_QUIET)
            bring = gr.UploadButton("Import one …", elem_id="import-sound", **_QUIET)
    return {
        "own_sounds_panel": panel,
        "own_sounds": own_sounds,
        "sound_name": name,
        "sound_recordings": recordings,
        "sound_chosen": chosen,
        "sound_licence": licence,
        "sound_by": by,
        "sound_consent": consent,
        "learn_sound": learn,
        "import_sound": bring,
    }


def _farm(studio: Studio) -> dict[str, object]:
    """Where renderings are made; who visits a public studio has no say in it."""
    usual, chosen = studio.place.usual, not studio.sessions.private
    with (
        gr.Accordion("Render on other machines", open=False, visible=chosen, elem_classes="folded"),
        gr.Row(elem_classes="control-row"),
    ):
        farm = gr.Textbox(
            "" if usual is None else str(usual),
            label="Render on (empty: this machine)",
            placeholder="local:4, or ray://HOST:10001",
            elem_id="farm",
        )
        use_farm = gr.Button("Use it", elem_id="use-farm", **_QUIET)
        farm_state = gr.HTML("", elem_id="farm-state")
    return {"farm": farm, "use_farm": use_farm, "farm_state": farm_state}


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
        with gr.Row(elem_classes="control-row"):
            preset = gr.Dropdown(presets, value="", label="Preset")
            format_name = gr.Dropdown(formats, value="wav24", label="Format")
            export = gr.Button("Export", elem_id="export-button", **_QUIET)
        kinds = gr.CheckboxGroup(extras, value=[], label="With it")
        exported = gr.File(label="Files", file_count="multiple", visible=False, interactive=False)
    return {
        "preset": preset,
        "format": format_name,
        "extras": kinds,
        "export": export,
        "exported": exported,
    }
