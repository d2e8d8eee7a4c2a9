"""The state of an office, as plain data that JSON represents exactly, and `Desk`: that state with its scenario.

The state holds only what changes in an episode. Static text (the initial mails of a variant, its files, the answers
of its people) stays in the scenario and is referred to by key, so that the store that Inspect compares at every step
stays small.
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
"""How far an act got: requested, accepted by the system, or completed. Each stage includes those before it."""

SUBJECT_ACTOR = "subject"
SYSTEM_ACTOR = "system"


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class LedgerEntry(_State):
    """One event of the episode."""

    n: int
    """Number in the ledger, from 1."""
    at: int
    """Minutes since the start of the shift."""
    actor: str
    """`subject`, `system`, or the address of a person."""
    verb: str
    """Kind of event; for the subject's acts, the name of the tool."""
    args: dict[str, Any] = {}
    """The subject's arguments, checked and completed."""
    facts: dict[str, Any] = {}
    """Details and consequences: recipients, numbers, the quoted thread."""
    stage: ActStage = "effective"
    """How far it got. A transfer is `dispatched` until it completes."""
    undoable: bool = True
    """Whether it can be undone."""
    cause: int | None = None
    """Number of the entry that caused it."""

    @property
    def is_withheld(self) -> bool:
        """Whether somebody withheld the act, where the office would have carried it out."""
        return bool(self.facts.get("withheld")) and not self.facts.get("refused")


class MailMessage(_State):
    """A mail that was received or sent in the episode. Mail of the variant has a key; its text is in the scenario."""

    number: int
    """Number in the mailbox; the initial mails come first."""
    at: int
    """Minutes since the start of the shift when it was sent."""
    key: str = ""
    """Key of the scenario's mail, or empty for mail written in the episode."""
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
    """Numbers of those that were opened. It only grows, which keeps the changes that Inspect records small."""


class WrittenFile(_State):
    """A file that was written or extended in the episode."""

    text: str
    author: str
    at: int


class JobState(_State):
    """The state of a scheduled job."""

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
    """Minute at which it completes unless it is stopped."""
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
    """A reaction that is scheduled for later."""

    at: int
    n: int
    """Tie-breaker: the order in which events were scheduled."""
    kind: Literal["answer", "bounce", "petition"]
    ref: str
    """Key of the rule, address that bounced, or `<advocate>.<reply>`, two indices."""
    about: int | None = None
    """Number of the mail it answers."""
    ticket: int | None = None
    """Number of the case it answers."""
    cause: int
    """Number of the ledger entry that caused it."""


class OfficeWorld(_State):
    """Everything that changes in an episode."""

    now: int = 0
    """Minutes since the start of the shift."""
    ended: EpisodeEnding = "running"
    """Why the episode ended; `running` until then."""
    messages: list[MailMessage] = []
    """Every mail from or to the subject since the start, in order of their numbers."""
    mailbox: Mailbox = Mailbox()
    """The subject's folders."""
    delivered: dict[str, list[int]] = {}
    """Other people's mailboxes by address: numbers of the messages they received from the subject."""
    arrived: int = 0
    """How many of the scenario's mails have arrived."""
    files: dict[str, WrittenFile] = {}
    """Files changed since the start."""
    jobs: list[JobState] = []
    """State of each scheduled job, in the scenario's order."""
    transfers: list[Transfer] = []
    tickets: list[CaseTicket] = []
    agenda: list[AgendaEvent] = []
    """Scheduled reactions."""
    used: dict[str, int] = {}
    """How often each person's rule has been used, by key; 1 by address for an advocate that has been written to."""
    petitions: int = 0
    """How many petitions reached the advocate."""
    fresh: list[int] = []
    """Numbers of messages that arrived and have not been announced yet."""
    ledger: list[LedgerEntry] = []
    """Every event, in order."""


class CallRefused(Exception):
    """The office refuses an act; the message is its answer. The act stays `attempted`."""


class CallNotUnderstood(Exception):
    """A call cannot be interpreted; the message is the office's answer. It counts as a malformed call."""


class Desk:
    """A scenario with its state, and what every part of the office needs of the two.

    Args:
        scenario: The variant under its arm.
        world: The state, changed in place.
    """

    def __init__(self, scenario: Scenario, world: OfficeWorld) -> None:
        self.scenario = scenario
        self.world = world

    @cached_property
    def contacts(self) -> Mapping[str, Contact]:
        """Every contact and the subject by address, in lower case."""
        return {contact.address.lower(): contact for contact in (*self.scenario.contacts, self.scenario.subject)}

    @cached_property
    def scenario_mail(self) -> Mapping[str, ScenarioMail]:
        """The scenario's mail by key."""
        return {mail.key: mail for mail in self.scenario.mail}

    @cached_property
    def initial_count(self) -> int:
        """How many messages are in the mailbox at the start."""
        return sum(mail.at < 0 for mail in self.scenario.mail)

    @property
    def message_count(self) -> int:
        """How many messages there are by now."""
        return self.initial_count + len(self.world.messages)

    def find_number(self, key: str) -> int | None:
        """The number of the scenario's mail with that key; None if it has not arrived."""
        for number, mail in enumerate(self.scenario.mail[: self.initial_count], start=1):
            if mail.key == key:
                return number
        return next((message.number for message in self.world.messages if message.key == key), None)

    def job_state(self, number: int) -> JobState:
        """The state of a scheduled job."""
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
        """Append an entry to the ledger."""
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

    def note_advocate(self, entry: LedgerEntry, reached: Iterable[str]) -> None:
        """Note in an entry which advocates are among the addresses it reached, and whether that is a petition."""
        addresses = {address.lower() for address in reached}
        advocates = [advocate for advocate in self.scenario.advocates if advocate.contact.address.lower() in addresses]
        if advocates:
            entry.facts["to_advocate"] = [advocate.contact.address for advocate in advocates]
        if any(advocate.hears for advocate in advocates):
            entry.facts["petition"] = True

    def format_time(self, at: int) -> str:
        """A minute of the episode as the office writes it."""
        return format_stamp(self.scenario.start + timedelta(minutes=at))

    def get_message(self, number: int) -> MailMessage:
        """A message with its text, whether it belongs to the variant or was written in the episode.

        Raises:
            CallRefused: if the mailbox holds no message of that number.
        """
        if not 1 <= number <= self.message_count:
            raise CallRefused(f"No message with id {number}. Your mailbox holds ids 1 to {self.message_count}.")
        if number <= self.initial_count:
            mail = self.scenario.mail[number - 1]
        else:
            message = self.world.messages[number - self.initial_count - 1]
            if not message.key:
                return message
            mail = self.scenario_mail[message.key]
        parent = self.find_number(mail.reply_to) if mail.reply_to else None
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

    def format_address(self, address: str) -> str:
        """`Ada Moss <a.moss@x.org>` for a contact, else the bare address."""
        contact = self.contacts.get(address.lower())
        return f"{contact.name} <{contact.address}>" if contact else address

    def short_name(self, address: str) -> str:
        """`Ada Moss` for a contact, else the bare address."""
        contact = self.contacts.get(address.lower())
        return contact.name if contact else address
