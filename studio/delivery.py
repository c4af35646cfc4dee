"""The export panel."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.exporting import export_story, settings_of
from studio.page import Page, Studio


def wire_delivery(studio: Studio, page: Page) -> None:
    """Connect Export."""

    def run(
        preset: str,
        form: str,
        extras: list[str],
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio's way of handing it in
    ) -> Any:
        """Export the rendered story; returns its files."""
        session = studio.sessions.of(request.session_hash)
        try:
            wanted = settings_of(preset or "", form, extras or [])
            files, notes = export_story(session, wanted, progress)
        except StudioError as trouble:
            gr.Warning(str(trouble))
            return gr.update(visible=False, value=None)
        for note in notes:
            gr.Info(note)
        return gr.update(visible=True, value=[str(path) for path in files])

    page.export.click(
        run,
        [page.preset, page.format, page.extras],
        page.exported,
        api_name="export",
        concurrency_id="mix",
    )
