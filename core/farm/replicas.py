"""Several servers behind one address, by Ray Serve: begun, kept alive, replaced.

What is served is an ASGI application that each replica makes for itself. A browser stays with the
replica that answered it first, by a cookie (core/farm/sticky_router.py); one that dies is replaced
by Serve, and its browsers go to others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.errors import FarmError
from core.farm.address import FarmAddress
from core.farm.cluster import connected, import_ray

Build = Callable[[Any, str], Any]
HOW_TO_SERVE = "`.venv/bin/pip install -e '.[serve]'`"
APPLICATION = "audiostory"
"""Its name in Ray Serve."""
_ROUTER = "core.farm.sticky_router.StickyRouter"
_NOTICED_WITHIN = 2.0
"""Seconds between two looks at whether a replica lives."""
_ANSWERS_WITHIN = 120.0
"""Seconds that a living replica may take to say so: rendering leaves it few turns."""
_ENDS_WITHIN = 5.0
"""Seconds that a replica is given to end in order."""
_MOST_REQUESTS = 2000
"""Of a replica at once: every tab keeps two open."""
_MODEL_BYTES = 1 << 30
"""Of shared memory, for the model that replicas send to a farm of this machine."""
_HERE = 0.001
"""Of the resource that each machine has by its address, and that binds a replica to it."""


@dataclass(frozen=True)
class ReplicaPlan:
    """How replicas are served.

    Attributes:
        count: how many.
        host, port: the address of all.
        threads: of the processor, each replica's.
    """

    count: int
    host: str
    port: int
    threads: int

    @property
    def cookie(self) -> str:
        """Name of the cookie; browsers tell hosts apart by it, and not ports."""
        return f"audiostory-replica-{self.port}"


def has_serve() -> bool:
    """Whether Ray is here with what its server needs, of which nothing else here brings mmh3."""
    return find_spec("ray") is not None and find_spec("mmh3") is not None


def import_serve(*, alone: bool = False) -> Any:
    """The module `ray.serve`.

    Args:
        alone: as `core.farm.cluster.import_ray`.

    Raises:
        FarmError: Ray, or what its server needs, is not installed.
    """
    if not has_serve():
        raise FarmError(f"Replicas need Ray Serve, which is not installed: {HOW_TO_SERVE}.")
    import_ray(alone=alone)
    try:
        serve = import_module("ray.serve")
    except ModuleNotFoundError as missing:
        raise FarmError(
            f"Replicas need Ray Serve, which lacks {missing.name}: {HOW_TO_SERVE}."
        ) from None
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    return serve


@contextmanager
def serving_replicas(
    build: Build, settings: Any, plan: ReplicaPlan, farm: FarmAddress | None
) -> Iterator[Any]:
    """Serve replicas as long as the block lasts; yields the module `ray`.

    Args:
        build: makes a replica's ASGI application, in its process, of the settings and the replica's
            own name, which it gives to browsers as the cookie; a function that can be imported.
        settings: handed on to `build`.
        farm: whose cluster the replicas belong to; None: one of this process alone. They run on
            this machine, where their files are.

    Raises:
        FarmError: Ray Serve is not installed, serves something else there, or cannot be begun.
    """
    if farm is not None and farm.cluster.startswith("ray://"):
        raise FarmError(
            "Replicas run on this machine, which then has to belong to the cluster: "
            "`ray start --address HEAD:6379`, and --on HEAD:6379 in place of a ray:// address."
        )
    serve = import_serve(alone=farm is None or not farm.cluster)
    ray = import_module("ray")
    lasting = ray.is_initialized() or (farm is not None and bool(farm.cluster))
    room = _MODEL_BYTES if farm else 0
    with connected(farm or FarmAddress("", 1, 1), room):
        if farm is not None and farm.cluster and serve.status().applications:
            raise FarmError(
                "Ray Serve is at work on that cluster for something else; end that by "
                "`serve shutdown`, or serve without --replicas."
            )
        serve.start(proxy_location="EveryNode", http_options={"host": plan.host, "port": plan.port})
        try:
            serve.run(
                _deployment(ray, serve, plan).bind(build, settings),
                name=APPLICATION,
                route_prefix="/",
                logging_config={"log_level": "ERROR", "enable_access_log": False},
            )
        except RuntimeError as cause:
            serve.shutdown()
            raise FarmError(
                f"The replicas could not begin ({str(cause).splitlines()[0][:200]})."
            ) from None
        try:
            yield ray
        finally:
            serve.delete(APPLICATION)
            if lasting:  # else all of it ends with the cluster
                serve.shutdown()


class Replica:
    """What Serve keeps alive: an application of its own."""

    def __init__(self, build: Build, settings: Any) -> None:
        own = import_module("ray.serve").get_replica_context().replica_id.unique_id
        self._app = build(settings, own)

    def __serve_build_asgi_app__(self) -> Any:
        return self._app


def _deployment(ray: Any, serve: Any, plan: ReplicaPlan) -> Any:
    here = f"node:{ray.util.get_node_ip_address()}"
    environment = {"OMP_NUM_THREADS": str(plan.threads)}
    return serve.deployment(serve.ingress()(Replica)).options(
        num_replicas=plan.count,
        max_ongoing_requests=_MOST_REQUESTS,
        health_check_period_s=_NOTICED_WITHIN,
        health_check_timeout_s=_ANSWERS_WITHIN,
        graceful_shutdown_timeout_s=_ENDS_WITHIN,
        request_router_config={
            "request_router_class": _ROUTER,
            "request_router_kwargs": {"cookie": plan.cookie},
        },
        ray_actor_options={
            "num_cpus": 0,
            "resources": {here: _HERE},
            "runtime_env": {"env_vars": environment},
        },
    )
