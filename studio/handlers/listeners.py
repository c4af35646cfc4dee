"""All event listeners of the page."""

from __future__ import annotations

import gradio as gr

from studio.handlers.describing import wire_describing
from studio.handlers.director import wire_directing
from studio.handlers.editing import wire_editing
from studio.handlers.exporting import wire_exporting
from studio.handlers.opening import wire_arrival
from studio.handlers.rendering import wire_rendering
from studio.page.layout import Page
from studio.state import Studio


def wire(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    """Connect every component. Call inside the `gr.Blocks` that holds the page."""
    wire_arrival(studio, page, blocks)
    wire_directing(studio, page)
    wire_describing(studio, page)
    wire_rendering(studio, page)
    wire_editing(studio, page)
    wire_exporting(studio, page)
