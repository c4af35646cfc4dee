"""The option `--on`: on which machines a command renders."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.farm.address import FarmAddress
    from core.farm.farm import Farm


def add_on(parser: argparse.ArgumentParser) -> None:
    """Add what says on which machines to render."""
    parser.add_argument(
        "--on",
        metavar="WHERE",
        help="render on a farm: local:4 (workers on this machine), ray://HOST:PORT or HOST:PORT (a "
        "Ray cluster); after ? its options, workers=8&threads=2&gpus=0.5",
    )


def read_on(where: str | None) -> FarmAddress | None:
    """The farm that --on names, before anything slow is begun; None where it names none.

    Raises:
        FarmError: it is no place to render on, or Ray is not installed.
    """
    if where is None:
        return None
    from core.farm.address import read_farm_address
    from core.farm.cluster import import_ray

    address = read_farm_address(where)
    import_ray(alone=not address.cluster)
    return address


@contextmanager
def farm_on(address: FarmAddress | None, model: AudioStory) -> Iterator[Farm | None]:
    """The farm at an address, as long as the block lasts; says on the error stream what it computes
    on. None for None.

    Raises:
        FarmError: it cannot be reached.
    """
    if address is None:
        yield None
        return
    from core.farm.farm import reached

    print("Waiting for the farm …", file=sys.stderr)
    with reached(model, address) as farm:
        state = farm.state
        for line in (*state.devices, state.unlike(model.numeric_path)):
            if line:
                print(line, file=sys.stderr)
        yield farm


def this_user() -> str:
    """The name by which a farm gives the person at this command their turn."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # of a container that knows no names
        return ""
