"""Export from the page: the mix as a file, with stems, projects, markers or the whole story."""

from __future__ import annotations

import dataclasses
import secrets
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import gradio as gr

from core.bridge.categories import event_categories
from core.errors import FileError, StudioError
from core.export.archive import pack_folder
from core.export.deliver import export
from core.export.folder import open_story
from core.export.settings import FORMATS, PRESETS, ExportSettings, FormatName
from core.files import atomic_path
from studio.handlers.options import IMMEDIATE, PRIVATE
from studio.handlers.turns import AFTER_EDITS
from studio.jobs.model_service import ModelService
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.unfamiliar import unknown_events

EXTRAS = ("stems", "reaper", "otio", "markers", "bundle")


def add_exporting_listeners(studio: Studio, page: Page) -> None:
    """Connect Export."""

    def run(
        preset: str | None,
        form: str | None,
        extras: list[str] | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio's way of handing it in
    ) -> Any:
        """Export the rendered story; returns its files.

        Args:
            preset: sets rate, loudness and how stems are cut; empty: the mix as it is.
            form: format of the mix; empty: the preset's.
            extras: stems, reaper, otio, markers, bundle.
        """
        session = studio.sessions.of(request.session_hash)
        try:
            settings = settings_of(preset or "", form or "", extras or [])
            files, notes = export_story(studio.service, session, settings, progress)
        except StudioError as error:
            gr.Warning(str(error))
            return gr.update(visible=False, value=None)
        for note in notes:
            gr.Info(note)
        return gr.update(visible=True, value=[str(path) for path in files])

    page.preset.input(
        preset_choices, page.preset, [page.format, page.extras], **IMMEDIATE, **PRIVATE
    )
    page.export.click(
        run,
        [page.preset, page.format, page.extras],
        page.exported,
        api_name="export",
        concurrency_id="mix",
        **AFTER_EDITS,
    )


def preset_choices(preset: str | None) -> tuple[FormatName, list[str]]:
    """The format and the boxes that a preset sets; they can be changed before the export."""
    settings = PRESETS.get(preset or "", ExportSettings())
    boxes = {
        "stems": settings.stems != "none",
        "reaper": settings.reaper,
        "otio": settings.otio,
        "markers": bool(settings.markers),
        "bundle": settings.bundle,
    }
    return settings.format, [name for name, ticked in boxes.items() if ticked]


def settings_of(preset: str, form: str, extras: Sequence[str]) -> ExportSettings:
    """The preset's settings, in the format that is chosen and with what is ticked, no more.

    Raises:
        FileError: there is no such preset, format or extra.
    """
    if preset and preset not in PRESETS:
        raise FileError(f"There is no preset {preset[:40]!r}; choose one of {', '.join(PRESETS)}.")
    known: dict[str, FormatName] = {name: name for name in FORMATS}
    settings = PRESETS.get(preset, ExportSettings())
    form = form or settings.format
    if form not in known:
        raise FileError(f"There is no format {form[:40]!r}; choose one of {', '.join(FORMATS)}.")
    chosen = set(extras)
    if unknown := sorted(chosen.difference(EXTRAS)):
        raise FileError(f"There is no extra {unknown[0][:40]!r}; choose of {', '.join(EXTRAS)}.")
    stems = "both" if settings.stems == "none" else settings.stems
    markers = settings.markers or ("audacity", "csv", "json")
    return dataclasses.replace(
        settings,
        format=known[form],
        stems=stems if "stems" in chosen else "none",
        markers=markers if "markers" in chosen else (),
        reaper="reaper" in chosen,
        otio="otio" in chosen,
        bundle="bundle" in chosen,
    )


def export_story(
    service: ModelService, session: Session, settings: ExportSettings, progress: gr.Progress
) -> tuple[list[Path], tuple[str, ...]]:
    """Export the open story into a folder that this tab, and nobody else, can download from.

    Returns:
        the files to download: the mix, and a zip of everything when there is more than its sidecar,
        since projects find their takes by folder; and notes about the mix.

    Raises:
        FileError: an event has no take yet, or a file cannot be written.
    """
    folder = session.open_folder
    unknown = unknown_events(service, session)
    for before in session.sounds.glob("export-*"):
        shutil.rmtree(before, ignore_errors=True)
    # Another address each time: a browser may keep what it loaded from the one before.
    target = session.sounds / f"export-{secrets.token_hex(4)}"
    try:
        done = export(
            open_story(folder.path, unknown),
            target / folder.title,
            settings,
            created=datetime.now().astimezone(),
            categories=event_categories(service.profile, folder.story.events),
            on_progress=lambda part, what: progress(part, desc=what.capitalize()),
        )
        files = list(done.files)
        if len(files) > 2:
            packed = target / f"{folder.title}.zip"
            with atomic_path(packed) as half:
                pack_folder(target / folder.title, half)
            files = [files[0], packed]
    except StudioError:  # what is done already could not be downloaded, and takes room
        shutil.rmtree(target, ignore_errors=True)
        raise
    return files, done.notes
