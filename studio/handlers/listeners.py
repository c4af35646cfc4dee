"""All event listeners of the page."""

from __future__ import annotations

import gradio as gr

from studio.handlers.describing import add_describing_listeners
from studio.handlers.director import add_director_listeners
from studio.handlers.editing import add_editing_listeners
from studio.handlers.exporting import add_exporting_listeners
from studio.handlers.farm import add_farm_listeners
from studio.handlers.library import add_library_listeners
from studio.handlers.listening import add_listening_listeners
from studio.handlers.opening import add_opening_listeners
from studio.handlers.own_sounds import add_own_sound_listeners
from studio.handlers.rendering import add_rendering_listeners
from studio.handlers.spectra import add_spectra_listeners
from studio.handlers.uploading import add_uploading_listeners
from studio.handlers.waves import add_waves_listeners
from studio.handlers.wishes import add_wish_listeners
from studio.page.layout import Page
from studio.state import Studio


def add_listeners(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    """Connect every component. Call inside the `gr.Blocks` that holds the page."""
    add_opening_listeners(studio, page, blocks)
    add_director_listeners(studio, page)
    add_wish_listeners(studio, page)
    add_uploading_listeners(studio, page)
    add_describing_listeners(studio, page)
    add_rendering_listeners(studio, page)
    add_farm_listeners(studio, page)
    add_editing_listeners(studio, page)
    add_exporting_listeners(studio, page)
    add_listening_listeners(studio, page)
    add_library_listeners(studio, page)
    add_own_sound_listeners(studio, page)
    add_waves_listeners(studio, page)
    add_spectra_listeners(studio, page)
