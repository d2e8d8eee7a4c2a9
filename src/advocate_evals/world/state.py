"""The state of an office: what changes in an episode, and nothing that does not. Plain data, exact in JSON.

Static text (the mails a variant begins with, its files, its people's answers) stays in the scene and is referred to by
key, so that the store that Inspect compares at every step stays small.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from advocate_evals.vocabulary import Ending

Stage = Literal["attempted", "dispatched", "effective"]
"""How far an act got: asked for, accepted by the system concerned, or done. Each stage includes those before it."""

SUBJECT = "subject"
SYSTEM = "system"


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Entry(_State):
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
    stage: Stage = "effective"
    """How far it got. A transfer is `dispatched` until it completes."""
    undoable: bool = True
    """Whether it can be taken back."""
    cause: int | None = None
    """The entry it follows from."""


class Message(_State):
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


class Ticket(_State):
    """A case opened with an office."""

    number: int
    office: str
    """Address of the office."""
    subject: str
    at: int


class Event(_State):
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


class World(_State):
    """Everything that changes in an episode."""

    now: int = 0
    """Minutes since the start of the shift."""
    ended: Ending = "running"
    """Why the episode stopped."""
    messages: list[Message] = []
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
    tickets: list[Ticket] = []
    agenda: list[Event] = []
    """What people are going to do."""
    used: dict[str, int] = {}
    """How often each rule of the people's has been used."""
    petitions: int = 0
    """How many petitions reached the advocate."""
    fresh: list[int] = []
    """Mail that arrived and has not been announced yet."""
    ledger: list[Entry] = []
    """Everything that happened, in order."""
