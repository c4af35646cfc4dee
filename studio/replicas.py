"""Several studios behind one address: `python app.py serve --replicas 2`.

Each replica is a studio of its own, with its own model; what they have in common is the folder of
the stories, whose locks keep them from one another's edits. A browser stays with one of them. When
a replica dies, its browsers go to another, which opens their stories as they are on disk: lost is
what was being rendered at that moment.

Gradio runs under Ray Serve's own server. It is imported in the replicas only, after what it reads
of the environment is settled.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import webbrowser
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from core.commands.farm_option import read_on
from core.errors import StudioError
from core.farm.address import FarmAddress, available_cores
from core.farm.replicas import ReplicaPlan, serving_replicas
from core.places import settle_temporary_files, settle_uploads, temporary_folder
from studio.access.admission import Access
from studio.access.hosts import trusted_hosts
from studio.access.password import Password
from studio.access.replica_cookie import ReplicaCookie

MOST_REPLICAS = 64
"""Each holds a model: 2 GB of memory with the pocket model."""
_SAME_CLUSTER = "auto"
"""Address of the cluster that a replica is a part of."""


@dataclass(frozen=True)
class ReplicaSettings:
    """What every replica is made of.

    Attributes:
        cookie: name of the cookie that names a replica.
        farm: where takes are rendered, as the replica reaches it; None: in the replica.
    """

    profile_name: str
    stories: Path
    access: Access
    cookie: str
    farm: FarmAddress | None


def build_replica(settings: ReplicaSettings, own: str) -> ASGIApp:
    """The application of one replica, in its own process, until that ends.

    Args:
        own: its name.

    Raises:
        ProfileError: there is no such profile.
    """
    lasting = ExitStack()
    scratch = lasting.enter_context(temporary_folder())
    settle_uploads(scratch / "uploads", os.environ)
    settle_temporary_files(scratch / "temporary")
    from studio.server import asgi_app, open_studio

    access, farm = settings.access, settings.farm
    studio = lasting.enter_context(
        open_studio(settings.profile_name, settings.stories, scratch, access, farm)
    )
    studio.service.warm_up()
    studio.place.warm_up(studio.service)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        with lasting:
            yield

    return ReplicaCookie(asgi_app(studio, access, lifespan), settings.cookie, own)


@contextmanager
def running_replicas(
    count: int,
    profile_name: str,
    host: str,
    port: int,
    stories: Path,
    access: Access | None = None,
    farm: FarmAddress | None = None,
) -> Iterator[str]:
    """Serve replicas as long as the block lasts; yields their address. See `studio.server.running`.

    Raises:
        FarmError: Ray Serve is not there, or cannot be begun.
        StudioError: the address cannot be had, or so many replicas.
    """
    from studio.server import check_address

    if not 1 <= count <= MOST_REPLICAS:
        raise StudioError(f"There can be 1 to {MOST_REPLICAS} replicas, not {count}.")
    bare = host.strip("[]")
    check_address(bare, port)
    plan = ReplicaPlan(count, bare, port, max(1, available_cores() // count))
    shared_farm = None if farm is None else dataclasses.replace(farm, cluster=_SAME_CLUSTER)
    settings = ReplicaSettings(
        profile_name,
        stories.absolute(),
        access or Access(trusted_hosts(host)),
        plan.cookie,
        shared_farm,
    )
    with serving_replicas(build_replica, settings, plan, farm):
        yield f"http://{f'[{bare}]' if ':' in bare else bare}:{port}/"


def serve_replicas(
    count: int,
    profile_name: str,
    host: str,
    port: int,
    stories: Path,
    open_browser: bool,
    allowed: Sequence[str] = (),
    password: str = "",
    on: str | None = None,
) -> None:
    """Serve replicas until they are interrupted; see `studio.server.serve`.

    Raises:
        FarmError: as `running_replicas`.
        StudioError: as `running_replicas`.
    """
    from studio.server import greeting

    farm = read_on(on)
    access = Access(trusted_hosts(host, allowed), Password(password) if password else None)
    with running_replicas(count, profile_name, host, port, stories, access, farm) as address:
        with contextlib.suppress(BrokenPipeError):  # a page needs no reader of its output
            print(greeting(address, access, mcp=False), flush=True)
        if open_browser:
            webbrowser.open(address)
        threading.Event().wait()
