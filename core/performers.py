"""All who perform on this machine: our own model and those beside it.

The one place where the kinds of performers come together; a story then asks for them by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.performer.event_performer import EventPerformer
from core.places import data_folder
from core.pretrained.registry import RegisteredPerformers
from core.profile import Profile
from core.render.performers import Performers


def others_here() -> Mapping[str, EventPerformer]:
    """Those beside our own by their names; what is registered later is among them then."""
    return RegisteredPerformers(data_folder())


def performers_here(profile: Profile) -> Performers:
    """The performers of this machine.

    Args:
        profile: of our own model.
    """
    return Performers(profile, others_here())
