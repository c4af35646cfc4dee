"""The studio's server, started by `python app.py`. All it needs is served from this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Lifespan

from core.commands.farm_option import read_on
from core.errors import StudioError
from core.farm.address import FarmAddress
from core.library.catalogue import CATALOGUE
from core.performers import others_here
from core.places import cache_folder, data_folder
from core.profile import load_profile
from core.story.library import Library
from studio.access.admission import Access, Admission
from studio.access.hosts import trusted_hosts
from studio.access.password import Password
from studio.access.slow_clients import closing_slow_heads
from studio.handlers.arguments import CheckedBlocks
from studio.handlers.listeners import add_listeners
from studio.handlers.messages import say_what_fails
from studio.handlers.uploading import say_why_nothing_is_kept
from studio.jobs.lessons import Lessons
from studio.jobs.model_service import ModelService
from studio.jobs.render_place import RenderPlace
from studio.jobs.speed import Speed
from studio.page.layout import TITLE, lay_out
from studio.page.scripts import HEAD
from studio.page.theme import STUDIO_ASSETS, studio_css, studio_theme
from studio.sessions.registry import MAX_TABS, Sessions
from studio.sound.library import SoundLibrary
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.tools import add_tools, offer_only_tools

DAY = 86_400
_MAX_REQUESTS = 200
"""Requests of all kinds; how many jobs may wait for the model says `studio.jobs.queue`."""
_OPEN_TO_ALL = (
    "Everyone who reaches this address can use the studio; to ask for a password, put one into "
    "AUDIOSTORY_PASSWORD or a file for --password-file."
)


def _build(studio: Studio, *, mcp: bool = False) -> gr.Blocks:
    """The page with its handlers, not yet served."""
    # Static files are served where they are; of others Gradio keeps a copy for a day.
    gr.set_static_paths([STUDIO_ASSETS, studio.sessions.served])
    blocks = CheckedBlocks(title=TITLE, analytics_enabled=False, delete_cache=(DAY, DAY))
    with blocks:
        add_listeners(studio, lay_out(studio), blocks)
        if mcp:
            add_tools(studio)
    say_what_fails(blocks)
    blocks.queue(max_size=_MAX_REQUESTS, default_concurrency_limit=8)
    return blocks


@contextmanager
def running(
    profile_name: str,
    host: str,
    port: int,
    stories: Path,
    scratch: Path,
    open_browser: bool = False,
    mcp: bool = False,
    access: Access | None = None,
    farm: FarmAddress | None = None,
) -> Iterator[gr.Blocks]:
    """Serve the studio as long as the block lasts.

    Args:
        stories: folder of the stories; on an address that others can reach, every visitor gets a
            library of their own inside it.
        scratch: folder for what is served, which nobody needs afterwards.
        mcp: offer draft, render and export as tools to programs on this machine.
        access: who may use it; whoever reaches it by the names of `host` if it is not said.
        farm: where takes are rendered; None: here.

    Raises:
        ProfileError: there is no such profile.
        StudioError: the address cannot be had, or tools were to be offered to other machines.
    """
    access = access or Access(trusted_hosts(host))
    if mcp and access.hosts.shared:
        raise StudioError(
            "Tools are for this machine only; leave out --mcp, or --host and --allow-host."
        )
    with (
        open_studio(profile_name, stories, scratch, access, farm) as studio,
        serving(studio, host, port, open_browser, mcp, access) as blocks,
    ):
        studio.place.warm_up(studio.service)
        yield blocks


@contextmanager
def open_studio(
    profile_name: str, stories: Path, scratch: Path, access: Access, farm: FarmAddress | None
) -> Iterator[Studio]:
    """A studio that nobody is served yet; the arguments are those of `running`."""
    for root in (stories, *stories.glob("visitors/*")):
        Library(root).tidy()
    served = scratch / "served"
    served.mkdir()
    sessions = Sessions(stories, served, private=access.hosts.shared)
    cache = cache_folder()
    speed = Speed(cache / "speed.json" if cache else None)
    shared = access.hosts.shared
    library = None if shared else _own_library()
    profile = load_profile(profile_name)
    others = others_here(profile, library.search if library else None, shared=shared)
    service = ModelService(profile_name, speed, others)
    lessons = None if library is None else Lessons(profile_name, scratch / "uploads")
    with (
        contextlib.closing(RenderPlace(farm)) as place,
        contextlib.closing(lessons) if lessons else contextlib.nullcontext(),
    ):
        yield Studio(service, sessions, PeakCache(), place, sound_library=library, lessons=lessons)


def _own_library() -> SoundLibrary | None:
    """The library of the person at this machine; None where no home is known."""
    folder = data_folder()
    return SoundLibrary(folder / CATALOGUE) if folder else None


@contextmanager
def serving(
    studio: Studio,
    host: str,
    port: int,
    open_browser: bool = False,
    mcp: bool = False,
    access: Access | None = None,
) -> Iterator[gr.Blocks]:
    """Serve this studio as long as the block lasts; see `running`."""
    access = access or Access(trusted_hosts(host))
    bare = host.strip("[]")
    check_address(bare, port)
    blocks = _build(studio, mcp=mcp)
    try:
        blocks.launch(
            server_name=f"[{bare}]" if ":" in bare else bare,
            server_port=port,
            inbrowser=open_browser,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            mcp_server=mcp,
            state_session_capacity=MAX_TABS,
            _frontend=False,  # without it a busy machine fails Gradio's self-check of 3 s
            **_page_settings(access),
        )
    except (OSError, httpx.TransportError) as cause:
        raise StudioError(
            f"The page at {host} does not answer on this machine ({cause}); choose another --host."
        ) from None
    uvicorn = blocks.server.config
    uvicorn.http_protocol_class = closing_slow_heads(uvicorn.http_protocol_class, access.patience)
    if mcp:
        offer_only_tools(blocks)
    try:
        yield blocks
    finally:
        blocks.close(verbose=False)


def asgi_app(studio: Studio, access: Access, lifespan: Lifespan[FastAPI]) -> FastAPI:
    """This studio as an application for a server of another's, as Ray Serve's.

    Args:
        lifespan: what surrounds its own.
    """
    blocks = _build(studio)
    blocks.state_session_capacity = MAX_TABS
    bare = FastAPI(lifespan=lifespan, openapi_url=None)
    settings = _page_settings(access)
    app: FastAPI = gr.mount_gradio_app(bare, blocks, "/", show_error=False, **settings)
    return app


def _page_settings(access: Access) -> dict[str, Any]:
    """What Gradio is told of the page and of who may ask for it, however it is served."""
    return {
        "theme": studio_theme(),
        "css": studio_css(),
        "footer_links": [],
        "max_file_size": "64mb",
        "ssr_mode": False,
        "enable_monitoring": False,
        "run_history": False,
        "app_kwargs": {
            "exception_handlers": {OSError: say_why_nothing_is_kept},
            "middleware": [Middleware(Admission, access, HEAD.encode())],
            "openapi_url": None,
        },
    }


def serve(
    profile_name: str,
    host: str,
    port: int,
    stories: Path,
    scratch: Path,
    open_browser: bool,
    mcp: bool = False,
    allowed: Sequence[str] = (),
    password: str = "",
    on: str | None = None,
) -> None:
    """Serve the studio until it is interrupted; see `running`.

    Args:
        allowed: further names that the studio answers to.
        password: what visitors have to know; empty for nothing.
        on: the farm that renders (`core.farm.address.read_farm_address`); None: this machine.

    Raises:
        FarmError: `on` is no place to render on, or Ray is not installed.
    """
    farm = read_on(on)
    access = Access(trusted_hosts(host, allowed), Password(password) if password else None)
    how = (profile_name, host, port, stories, scratch, open_browser, mcp, access, farm)
    with running(*how) as blocks:
        with contextlib.suppress(BrokenPipeError):  # a page needs no reader of its output
            print(greeting(str(blocks.local_url), access, mcp=mcp), flush=True)
        blocks.block_thread()


def greeting(address: str, access: Access, *, mcp: bool) -> str:
    """What is said when the page is there: where, and to whom it is open."""
    lines = [f"AudioStory is at {address}"]
    if mcp:
        lines.append(f"Its tools are at {address}gradio_api/mcp/")
    if access.hosts.shared and access.password is None:
        lines.append(_OPEN_TO_ALL)
    return "\n".join(lines)


def check_address(host: str, port: int) -> None:
    """Try whether the page can be served at an address.

    Raises:
        StudioError: it cannot, in a sentence that names the cause.
    """
    if not 0 <= port <= _LAST_PORT:
        raise StudioError(f"There is no port {port}; choose one from 1024 to {_LAST_PORT}.")
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            if os.name == "posix":  # elsewhere it would share the port
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
    except (socket.gaierror, UnicodeError):
        raise StudioError(f"There is no address {host!r}; choose another --host.") from None
    except OSError as cause:
        raise StudioError(_REFUSALS.get(cause.errno or 0, _ADDRESS).format(host, port)) from None


_LAST_PORT = 65_535
_ADDRESS = "The page cannot be served at {0}, port {1}; choose another --host or --port."
_REFUSALS = {
    errno.EADDRINUSE: "Port {1} is taken; choose another one with --port.",
    errno.EACCES: "Port {1} is reserved for the system; choose one from 1024 to 65535.",
    errno.EADDRNOTAVAIL: "{0} is no address of this machine; choose another --host.",
}
