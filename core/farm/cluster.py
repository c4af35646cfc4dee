"""Ray itself: found or asked for, a cluster joined or one begun on this machine.

Nothing of Ray is imported before a farm is asked for.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.errors import FarmError
from core.farm.address import FarmAddress, available_cores

CODE_FOLDER = Path(__file__).parents[1]
"""The folder of `core`, which workers need as it is here."""
NAMESPACE = "audiostory"
"""In which the scheduler has its name, beside whatever else a cluster does."""
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
"""Ray reports nothing to its makers."""
_TOKEN = "RAY_AUTH_TOKEN"
"""What Ray calls the secret without which nobody has a cluster do anything."""
_ROOM_FOR_TAKES = 512 << 20
"""Bytes of shared memory for takes on their way, beside the model: an hour of stereo sound."""
_LIVES_WITH_US = {
    "health_check_failure_threshold": 1000,
    "worker_register_timeout_seconds": 600,
    "worker_niceness": 0,
}
"""Of a cluster of this process: neither its one node nor a worker that begins is given up because
the machine is busy, and workers have this process's priority: Ray's own is 15 below, with which
whatever else is at work here comes before a rendering."""
_ATTEMPTS = 3
"""To begin a cluster here: Ray gives its own processes 30 s, which is too little on a machine that
is very busy."""
HOW_TO_GET = "`.venv/bin/pip install -e '.[farm]'`"


def has_ray() -> bool:
    return find_spec("ray") is not None


def import_ray(*, alone: bool = False) -> Any:
    """The module `ray`.

    Args:
        alone: for a cluster of this process alone: nobody else knows its token, and nothing is
            written to the home folder. Ray reads it once, when it is imported.

    Raises:
        FarmError: it is not installed.
    """
    if not has_ray():
        raise FarmError(f"Rendering on a farm needs Ray, which is not installed: {HOW_TO_GET}.")
    if alone and "ray" not in sys.modules:
        os.environ.setdefault(_TOKEN, secrets.token_hex(32))
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    return import_module("ray")


@contextmanager
def connected(address: FarmAddress, model_bytes: int) -> Iterator[Any]:
    """The module `ray`, connected to a cluster as long as the block lasts.

    Args:
        model_bytes: that the model's weights take in shared memory.

    Raises:
        FarmError: Ray is not installed, or no cluster answers at the address.
    """
    ray = import_ray(alone=not address.cluster)
    if ray.is_initialized():  # whoever connected before ends it
        yield ray
        return
    common = {"namespace": NAMESPACE, "log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address.cluster:
            where = address.cluster
            ray.init(address=where, **common)
        else:
            _begin_here(ray, address, model_bytes, common)
    except Exception as cause:  # Ray raises many kinds, its base class among them
        place = address.cluster or "this machine"
        raise FarmError(
            f"No farm could be reached at {place} ({_first_line(cause)}); see that Ray runs there "
            "and is of the same version, or leave out --on."
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _begin_here(
    ray: Any, address: FarmAddress, model_bytes: int, common: Mapping[str, object]
) -> None:
    """A cluster of this machine, for this process alone."""
    workers = address.workers or available_cores()
    for attempt in range(_ATTEMPTS):
        try:
            with _first_on_path(str(CODE_FOLDER.parent)):  # workers import the code that runs here
                ray.init(
                    num_cpus=workers * address.threads,
                    include_dashboard=False,
                    object_store_memory=2 * model_bytes + _ROOM_FOR_TAKES,
                    _system_config=_LIVES_WITH_US,
                    **common,
                )
            return
        except Exception:  # Ray raises no other where its processes are too slow for it
            ray.shutdown()
            if attempt == _ATTEMPTS - 1:
                raise


@contextmanager
def _first_on_path(folder: str) -> Iterator[None]:
    """Processes that are begun in the block look for modules in this folder first."""
    name = "PYTHONPATH"
    before = os.environ.get(name)
    os.environ[name] = os.pathsep.join(filter(None, (folder, before)))
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _first_line(cause: BaseException) -> str:
    return (str(cause).strip() or type(cause).__name__).splitlines()[0][:200]
