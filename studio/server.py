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
from studio.engine import Engine
from studio.page import TITLE, Studio, lay_out
from studio.peaks import PeakCache
from studio.session import Sessions
from studio.theme import ASSETS, studio_css, studio_theme
from studio.wiring import wire

DAY = 86_400
MAX_WAITING = 40


def build(studio: Studio) -> gr.Blocks:
    """The page with its handlers, not yet served."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(DAY, DAY)) as blocks:
        wire(studio, lay_out(studio), blocks)
    return blocks.queue(max_size=MAX_WAITING, default_concurrency_limit=8)


@contextmanager
def running(
    profile_name: str, host: str, port: int, stories: Path, open_browser: bool = False
) -> Iterator[gr.Blocks]:
    """Serve the studio as long as the block lasts.

    Args:
        stories: folder of the stories; on an address that others can reach, every visitor gets a
            library of their own inside it.

    Raises:
        ProfileError: there is no such profile.
        StudioError: the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="audiostory-") as served:
        sessions = Sessions(stories, Path(served), private=not is_local(host))
        studio = Studio(Engine(profile_name), sessions, PeakCache())
        gr.set_static_paths([ASSETS])
        blocks = build(studio)
        try:
            blocks.launch(
                server_name=host,
                server_port=port,
                inbrowser=open_browser,
                prevent_thread_lock=True,
                quiet=True,
                theme=studio_theme(),
                css=studio_css(),
                allowed_paths=[served],
                footer_links=[],
                max_file_size="64mb",
                share=False,
                ssr_mode=False,
            )
        except OSError:
            raise StudioError(f"Port {port} is taken; choose another one.") from None
        try:
            yield blocks
        finally:
            blocks.close(verbose=False)


def serve(profile_name: str, host: str, port: int, stories: Path, open_browser: bool) -> None:
    """Serve the studio until it is interrupted; see `running`."""
    with running(profile_name, host, port, stories, open_browser) as blocks:
        print(f"AudioStory is at {blocks.local_url}", flush=True)
        blocks.block_thread()


def is_local(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
