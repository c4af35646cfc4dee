"""What a farm has and does, seen without a model: its machines, its workers, what a story takes."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import FarmError, ProfileError
from core.farm.address import FarmAddress, available_cores
from core.farm.cluster import connected
from core.farm.state import FarmState
from core.profile import load_profile
from core.time_format import about

ANSWERED_AT_ONCE = 10.0
"""Seconds in which a scheduler says what it is doing."""
_MINUTE = 60.0


def survey(address: FarmAddress) -> list[str]:
    """Sentences on a farm: its machines and their devices, and what its workers are doing.

    Raises:
        FarmError: Ray is not installed, or no cluster answers at the address.
    """
    if not address.cluster:
        workers, cores = address.workers or available_cores(), available_cores()
        return [
            f"{workers} workers of {address.threads} thread(s) each would share this machine's "
            f"{cores} core(s). What a story takes is known once one was rendered."
        ]
    with connected(address, 0) as ray:
        lines = [_machine(node) for node in ray.nodes() if node["Alive"]]
        schedulers = sorted(name for name in ray.util.list_named_actors())
        for name in schedulers:
            lines += _farm(ray, name)
        if not schedulers:
            lines.append("It holds no model yet: the first rendering sends it there.")
    return lines


def _machine(node: dict[str, object]) -> str:
    resources = node["Resources"]
    assert isinstance(resources, dict)
    cards = resources.get("GPU", 0)
    with_cards = f" and {cards:g} graphics card(s)" if cards else ""
    return f"{node['NodeManagerAddress']}: {resources.get('CPU', 0):g} core(s){with_cards}."


def _farm(ray: object, name: str) -> Iterator[str]:
    """A scheduler's state, its workers' devices, and what a story of a minute takes."""
    actor = ray.get_actor(name)  # type: ignore[attr-defined]
    asked = [actor.state.remote(), actor.pace.remote()]
    try:
        state, pace = ray.get(asked, timeout=ANSWERED_AT_ONCE)  # type: ignore[attr-defined]
    except Exception as cause:  # Ray raises many kinds
        raise FarmError(f"The farm's scheduler does not answer ({type(cause).__name__}).") from None
    profile = name.split()[0]
    yield f"{profile}: {state}."
    yield from (f"{device}." for device in state.devices)
    yield _foretold(profile, state, pace)


def _foretold(profile_name: str, state: FarmState, pace: float | None) -> str:
    if pace is None or not state.workers:
        return "What a story takes is known once one was rendered."
    try:
        final = load_profile(profile_name).final
    except ProfileError:
        return f"The profile {profile_name} is not here."
    seconds = pace * final.steps * _MINUTE / len(state.workers)
    return f"A story of a minute with many events would take {about(seconds)} in final quality."
