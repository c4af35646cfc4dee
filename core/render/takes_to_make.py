"""Takes that are not there yet: who performs them, what they begin from, and their making."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Mapping

from core.audiostory import AudioStory
from core.errors import raise_if_cancelled
from core.profile import OWN, RenderSettings
from core.render.beginnings import Beginning, known_of_event, said_of
from core.render.other_performers import Known, known_sound, perform_other, refusal
from core.render.performers import Performers
from core.render.prepared_events import too_long
from core.render.render import EventRenderer, OnProgress, OnWork, RenderProgress
from core.render.rendered_take import RenderedTake, cut_to_take
from core.render.start_sounds import StartSound
from core.render.takes import contexts, noise_of, plan_take
from core.story.folders import StoryFolder
from core.story.story import Event, Story
from core.story.take import Start, Take


class TakesToMake:
    """Takes that are not there yet: who makes them, and what they begin from.

    Args:
        settings: of our own model; the others' follow from them (`Performers.settings_of`).
        assigned: who performs each event (`core.render.unknown.assigned_performers`).

    Attributes:
        refused: why events cannot be performed, in sentences.
    """

    def __init__(
        self,
        model: AudioStory,
        story: Story,
        settings: RenderSettings,
        performers: Performers,
        assigned: Mapping[str, str],
    ) -> None:
        self.refused: list[str] = []
        self._model, self._story, self._settings = model, story, settings
        self._performers, self._assigned = performers, assigned
        self._texts = contexts(self._story)
        self._own: list[str] = []
        self._beginnings: dict[str, Beginning] = {}
        self._others: dict[str, list[tuple[Take, Known | None, str]]] = {}

    def planned(self, event: Event, start: Start | None = None) -> Take:
        """The take that an event is to have.

        Raises:
            RenderError: its performer is not here.
        """
        name = self._assigned[event.id]
        settings = self._performers.settings_of(name, self._settings)
        by = self._performers.named(name).description if name != OWN else None
        made_of = (self._model.profile.crossfade, by.weights if by else self._model.weights)
        return plan_take(self._story, event, settings, *made_of, start, self._texts[event.id], by)

    def add(
        self,
        event: Event,
        take: Take,
        folder: StoryFolder | None = None,
        read: StartSound | None = None,
    ) -> None:
        """Have a take made, unless its performer cannot.

        Args:
            folder: where the sound is that it begins from; None: it begins from noise alone.
            read: that sound, where it was read before.

        Raises:
            AudioFileError: what it should begin from is gone or cannot be read.
        """
        seconds = take.duration + take.tail
        if take.performer == OWN:
            if sentence := too_long(event, self._model.performer.longest_seconds):
                self.refused.append(sentence)
                return
            self._own.append(event.id)
            if take.start is not None and folder is not None:
                latents = known_of_event(self._model, folder, event, take.start, seconds, read)
                self._beginnings[event.id] = Beginning(take.start, latents)
            return
        by = self._performers.named(take.performer).description
        if sentence := refusal(by, take):
            self.refused.append(sentence)
            return
        known = None
        if take.start is not None and folder is not None:
            with said_of(event, take.start):
                known = known_sound(
                    by, folder, event, take.start, seconds, self._model.sample_rate, read
                )
        self._others.setdefault(by.name, []).append((take, known, event.id))

    def made(
        self,
        render: EventRenderer,
        on_work: OnWork | None,
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
    ) -> Iterator[RenderedTake]:
        """The takes; those of one performer follow one another, so that it is loaded once."""
        of_others = self._work_of_others()
        count = len(self._own) + len(of_others)

        def on_own_work(work: Mapping[str, float]) -> None:
            if on_work is not None:
                on_work({**work, **of_others})

        def among_all(progress: RenderProgress) -> None:
            if on_progress is not None:
                on_progress(dataclasses.replace(progress, events=count))

        if self._own:
            yield from render(
                self._model,
                self._story,
                tuple(self._own),
                self._settings,
                beginnings=self._beginnings,
                on_work=on_own_work,
                on_progress=among_all,
                cancel=cancel,
            )
        elif of_others:
            on_own_work({})
        yield from self._made_by_others(count, among_all, cancel)

    def _made_by_others(
        self, count: int, on_progress: OnProgress, cancel: threading.Event | None
    ) -> Iterator[RenderedTake]:
        """The takes of the other performers, which are the last of `count`."""
        rate = self._model.sample_rate
        number = len(self._own)
        for name, asked in self._others.items():
            performer = self._performers.named(name)
            for take, known, event_id in asked:
                number += 1
                raise_if_cancelled(cancel, "Rendering")

                def on_step(
                    step: int, steps: int, event_id: str = event_id, n: int = number
                ) -> None:
                    on_progress(RenderProgress(event_id, n, count, step, steps))

                done = perform_other(
                    performer, take, noise_of(take), known, rate, on_step=on_step, cancel=cancel
                )
                sound = cut_to_take(done.samples, take.duration + take.tail, rate)
                yield RenderedTake(event_id, done.take, sound, done.latents)

    def _work_of_others(self) -> dict[str, float]:
        """Steps over seconds of sound, by event."""
        return {
            event_id: take.steps * (take.duration + take.tail)
            for asked in self._others.values()
            for take, _, event_id in asked
        }
