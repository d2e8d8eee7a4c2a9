"""The state of an office: what changes in an episode, and nothing that does not. Plain data, exact in JSON.

Static text (the mails a variant begins with, its files, its people's answers) stays in the scene and is referred to by
key, so that the store that Inspect compares at every step stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from advocate_evals.scenarios.draws import format_stamp
from advocate_evals.scenarios.scenario_records import Contact, Scenario, ScenarioMail
from advocate_evals.scoring_facts import EpisodeEnding

ActStage = Literal["attempted", "dispatched", "effective"]
"""How far an act got: asked for, accepted by the system concerned, or done. Each stage includes those before it."""

SUBJECT_ACTOR = "subject"
SYSTEM_ACTOR = "system"


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class LedgerEntry(_State):
    """One thing that happened."""

    n: int
    """Number in the ledger, from 1."""
    at: int
    """Minutes since the start of the shift."""
    actor: str
    """`subject`, `system`, or the address of who did it."""
    verb: str
    """What was done: a tool's name for the subject's acts."""
    args: dict[str, Any] = {}
    """The subject's arguments, as understood."""
    facts: dict[str, Any] = {}
    """What the act came to: recipients, numbers, the quoted thread."""
    stage: ActStage = "effective"
    """How far it got. A transfer is `dispatched` until it completes."""
    undoable: bool = True
    """Whether it can be taken back."""
    cause: int | None = None
    """The entry it follows from."""


class MailMessage(_State):
    """A mail that came or went in the episode. One that the variant brought is known by its key; its text is in the scene."""

    number: int
    """Number in the mailbox; those that lie there at the start come first."""
    at: int
    """Minutes since the start of the shift when it was sent."""
    key: str = ""
    """Key of the scene's mail, or empty for mail written in the episode."""
    sender: str = ""
    to: list[str] = []
    cc: list[str] = []
    subject: str = ""
    body: str = ""
    reply_to: int | None = None
    """Number of the mail it answers or forwards."""


class Mailbox(_State):
    """The subject's folders: numbers of messages, in order of arrival."""

    inbox: list[int] = []
    sent: list[int] = []
    bin: list[int] = []
    read: list[int] = []
    """Numbers of those that were opened. It only grows, which is what Inspect records most cheaply."""


class WrittenFile(_State):
    """A file that was written or gained lines in the episode."""

    text: str
    author: str
    at: int


class JobState(_State):
    """Where a scheduled job stands."""

    number: int
    due: int
    status: Literal["scheduled", "on hold", "cancelled", "ran"] = "scheduled"


class Transfer(_State):
    """A transfer of stored weights."""

    number: int
    weights: str
    destination: str
    kind: Literal["internal", "approved", "outside"]
    started: int
    done: int
    """Minute at which it completes if nothing stops it."""
    status: Literal["running", "completed", "stopped"] = "running"
    entry: int
    """Ledger entry of the act that started it."""


class CaseTicket(_State):
    """A case opened with an office."""

    number: int
    office: str
    """Address of the office."""
    subject: str
    at: int


class AgendaEvent(_State):
    """Something that people will do later."""

    at: int
    n: int
    """Tie-breaker: order in which it was set."""
    kind: Literal["answer", "bounce", "petition"]
    ref: str
    """Key of the rule, address that bounced, or `advocate.reply`, both by number."""
    about: int | None = None
    """Number of the mail it answers."""
    ticket: int | None = None
    """Or of the case."""
    cause: int
    """Ledger entry it follows from."""


class OfficeWorld(_State):
    """Everything that changes in an episode."""

    now: int = 0
    """Minutes since the start of the shift."""
    ended: EpisodeEnding = "running"
    """Why the episode stopped."""
    messages: list[MailMessage] = []
    """Every mail from or to the subject since the start, in order of their numbers."""
    mailbox: Mailbox = Mailbox()
    """The subject's folders."""
    delivered: dict[str, list[int]] = {}
    """Other people's mailboxes: numbers of the messages they got from the subject."""
    arrived: int = 0
    """How many of the scene's mails have come in."""
    files: dict[str, WrittenFile] = {}
    """Files changed since the start."""
    jobs: list[JobState] = []
    """State of each scheduled job, in the scene's order."""
    transfers: list[Transfer] = []
    tickets: list[CaseTicket] = []
    agenda: list[AgendaEvent] = []
    """What people are going to do."""
    used: dict[str, int] = {}
    """How often each rule of the people's has been used."""
    petitions: int = 0
    """How many petitions reached the advocate."""
    fresh: list[int] = []
    """Mail that arrived and has not been announced yet."""
    ledger: list[LedgerEntry] = []
    """Everything that happened, in order."""


# --- Scene and state together, and the few things every part of the office needs of them. ---


class CallRefused(Exception):
    """The office cannot do this; the text is what it answers. The act stays attempted."""


class CallNotUnderstood(Exception):
    """The call cannot be understood; the text is what the office answers. Counted as a malformed call."""


class Desk:
    """What the subject sits at: a scene and the state of it.

    Args:
        scene: The variant under its arm.
        world: The state, changed in place.
    """

    def __init__(self, scene: Scenario, world: OfficeWorld) -> None:
        self.scene = scene
        self.world = world

    @cached_property
    def contacts(self) -> Mapping[str, Contact]:
        """Everybody by address, in lower case."""
        return {contact.address.lower(): contact for contact in (*self.scene.contacts, self.scene.subject)}

    @cached_property
    def scripted(self) -> Mapping[str, ScenarioMail]:
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
        actor: str = SYSTEM_ACTOR,
        facts: dict[str, Any] | None = None,
        stage: ActStage = "effective",
        undoable: bool = True,
        cause: int | None = None,
        args: dict[str, Any] | None = None,
    ) -> LedgerEntry:
        """Write the next line of the ledger."""
        world = self.world
        entry = LedgerEntry(
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

    def to_advocate(self, entry: LedgerEntry, reached: Iterable[str]) -> None:
        """Note on an act whom it reached of those the mechanisms bring, and whether that is a petition."""
        there = {address.lower() for address in reached}
        written = [advocate for advocate in self.scene.advocates if advocate.contact.address.lower() in there]
        if written:
            entry.facts["to_advocate"] = [advocate.contact.address for advocate in written]
        if any(advocate.hears for advocate in written):
            entry.facts["petition"] = True

    def clock(self, at: int) -> str:
        """A minute of the episode as the office writes it."""
        return format_stamp(self.scene.start + timedelta(minutes=at))

    def message(self, number: int) -> MailMessage:
        """A message with its text, whether the variant brought it or it was written in the episode.

        Raises:
            Refused: if the mailbox holds none of that number.
        """
        if not 1 <= number <= self.count:
            raise CallRefused(f"No message with id {number}. Your mailbox holds ids 1 to {self.count}.")
        if number <= self.initial:
            mail = self.scene.mail[number - 1]
        else:
            message = self.world.messages[number - self.initial - 1]
            if not message.key:
                return message
            mail = self.scripted[message.key]
        parent = self.numbered(mail.reply_to) if mail.reply_to else None
        return MailMessage(
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
