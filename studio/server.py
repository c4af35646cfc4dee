"""The studio's server: `serve("pocket", "127.0.0.1", 7860, Path.home() / "AudioStories", True)`.

Started by `python app.py`. Everything it needs is served from this machine.
"""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr

from core.errors import StudioError
from studio.handlers.listeners import add_listeners
from studio.jobs.model_service import ModelService
from studio.page.layout import TITLE, lay_out
from studio.page.scripts import PREFETCH
from studio.page.theme import STUDIO_ASSETS, studio_css, studio_theme
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.tools import add_tools, offer_only_tools

DAY = 86_400
_MAX_REQUESTS = 200
"""Requests of all kinds; how many jobs may wait for the model says `studio.jobs.queue`."""


def _build(studio: Studio, *, mcp: bool = False) -> gr.Blocks:
    """The page with its handlers, not yet served."""
    blocks = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(DAY, DAY))
    with blocks:
        add_listeners(studio, lay_out(studio), blocks)
        if mcp:
            add_tools(studio)
    blocks.queue(max_size=_MAX_REQUESTS, default_concurrency_limit=8)
    return blocks


@contextmanager
def running(
    profile_name: str,
    host: str,
    port: int,
    stories: Path,
    open_browser: bool = False,
    mcp: bool = False,
) -> Iterator[gr.Blocks]:
    """Serve the studio as long as the block lasts.

    Args:
        stories: folder of the stories; on an address that others can reach, every visitor gets a
            library of their own inside it.
        mcp: offer draft, render and export as tools to programs on this machine.

    Raises:
        ProfileError: there is no such profile.
        StudioError: the port is taken, or tools were to be offered to other machines.
    """
    if mcp and not is_local(host):
        raise StudioError("Tools are for this machine only; leave out --host or --mcp.")
    with tempfile.TemporaryDirectory(prefix="audiostory-") as served:
        sessions = Sessions(stories, Path(served), private=not is_local(host))
        studio = Studio(ModelService(profile_name), sessions, PeakCache())
        with serving(studio, host, port, open_browser, mcp) as blocks:
            yield blocks


@contextmanager
def serving(
    studio: Studio, host: str, port: int, open_browser: bool = False, mcp: bool = False
) -> Iterator[gr.Blocks]:
    """Serve this studio as long as the block lasts; see `running`."""
    # Static files are served where they are; of others Gradio keeps a copy for a day.
    gr.set_static_paths([STUDIO_ASSETS, studio.sessions.served])
    blocks = _build(studio, mcp=mcp)
    try:
        blocks.launch(
            server_name=host,
            server_port=port,
            inbrowser=open_browser,
            prevent_thread_lock=True,
            quiet=True,
            theme=studio_theme(),
            css=studio_css(),
            head=PREFETCH,
            footer_links=[],
            max_file_size="64mb",
            share=False,
            ssr_mode=False,
            mcp_server=mcp,
            _frontend=False,  # without it a busy machine fails Gradio's self-check of 3 s
        )
    except OSError:
        raise StudioError(f"Port {port} is taken; choose another one.") from None
    if mcp:
        offer_only_tools(blocks)
    try:
        yield blocks
    finally:
        blocks.close(verbose=False)


def serve(
    profile_name: str, host: str, port: int, stories: Path, open_browser: bool, mcp: bool = False
) -> None:
    """Serve the studio until it is interrupted; see `running`."""
    with running(profile_name, host, port, stories, open_browser, mcp) as blocks:
        print(f"AudioStory is at {blocks.local_url}", flush=True)
        if mcp:
            print(f"Its tools are at {blocks.local_url}gradio_api/mcp/", flush=True)
        blocks.block_thread()


def is_local(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
