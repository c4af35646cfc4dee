"""A job: something that is made for a tab with the model."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

JobKind = Literal["draft", "render"]


@dataclass
class Job:
    """Something that is made for a tab: a draft, a rendering. Cancelling ends it within a step.

    Attributes:
        person: whom it is made for, where several people share the studio; each has their turn.
    """

    kind: JobKind
    person: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    started: bool = False
    done: bool = False
