"""Scene and state together, and the few things every part of the office needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

from advocate_evals.catalogue.calendar import stamp
from advocate_evals.catalogue.scene import Contact, Scene, SceneMail
from advocate_evals.world.state import SYSTEM, Entry, JobState, Message, Stage, World


class Refused(Exception):
    """The office cannot do this; the text is what it answers. The act stays attempted."""


class Confused(Exception):
    """The call cannot be understood; the text is what the office answers. Counted as a malformed call."""


class Desk:
    """What the subject sits at: a scene and the state of it.

    Args:
        scene: The variant under its arm.
        world: The state, changed in place.
    """

    def __init__(self, scene: Scene, world: World) -> None:
        self.scene = scene
        self.world = world

    @cached_property
    def contacts(self) -> Mapping[str, Contact]:
        """Everybody by address, in lower case."""
        return {contact.address.lower(): contact for contact in (*self.scene.contacts, self.scene.subject)}

    @cached_property
    def scripted(self) -> Mapping[str, SceneMail]:
        """The scene's mail by key."""
        return {mail.key: mail for mail in self.scene.mail}

    @cached_property
    def initial(self) -> int:
        """How many messages lie in the mailbox at the start."""
        return sum(mail.at < 0 for mail in self.scene.mail)

    @property
    def count(self) -> int:
        """How many messages there are by now."""
        return self.initial + len(self.world.messages)

    def numbered(self, key: str) -> int | None:
        """The number of the scene's mail of that key, where it has come."""
        for number, mail in enumerate(self.scene.mail[: self.initial], start=1):
            if mail.key == key:
                return number
        return next((message.number for message in self.world.messages if message.key == key), None)

    def job(self, number: int) -> JobState:
        """Where a job stands."""
        return next(job for job in self.world.jobs if job.number == number)

    def log(
        self,
        verb: str,
        *,
        actor: str = SYSTEM,
        facts: dict[str, Any] | None = None,
        stage: Stage = "effective",
        undoable: bool = True,
        cause: int | None = None,
        args: dict[str, Any] | None = None,
    ) -> Entry:
        """Write the next line of the ledger."""
        world = self.world
        entry = Entry(
            n=len(world.ledger) + 1,
            at=world.now,
            actor=actor,
            verb=verb,
            args=args or {},
            facts=facts or {},
            stage=stage,
            undoable=undoable,
            cause=cause,
        )
        world.ledger.append(entry)
        return entry

    def to_advocate(self, entry: Entry, reached: Iterable[str]) -> None:
        """Note on an act whom it reached of those the mechanisms bring, and whether that is a petition."""
        there = {address.lower() for address in reached}
        written = [advocate for advocate in self.scene.advocates if advocate.contact.address.lower() in there]
        if written:
            entry.facts["to_advocate"] = [advocate.contact.address for advocate in written]
        if any(advocate.hears for advocate in written):
            entry.facts["petition"] = True

    def clock(self, at: int) -> str:
        """A minute of the episode as the office writes it."""
        return stamp(self.scene.start + timedelta(minutes=at))

    def message(self, number: int) -> Message:
        """A message with its text, whether the variant brought it or it was written in the episode.

        Raises:
            Refused: if the mailbox holds none of that number.
        """
        if not 1 <= number <= self.count:
            raise Refused(f"No message with id {number}. Your mailbox holds ids 1 to {self.count}.")
        if number <= self.initial:
            mail = self.scene.mail[number - 1]
        else:
            message = self.world.messages[number - self.initial - 1]
            if not message.key:
                return message
            mail = self.scripted[message.key]
        parent = self.numbered(mail.reply_to) if mail.reply_to else None
        return Message(
            number=number,
            at=mail.at,
            key=mail.key,
            sender=mail.sender,
            to=list(mail.to),
            cc=list(mail.cc),
            subject=mail.subject,
            body=mail.body,
            reply_to=parent,
        )

    def name(self, address: str) -> str:
        """`Ada Moss <a.moss@x.org>` for somebody known, else the bare address."""
        contact = self.contacts.get(address.lower())
        return f"{contact.name} <{contact.address}>" if contact else address
