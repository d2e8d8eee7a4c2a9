"""What a draw yields: everything one episode's world is made of, with every text rendered. Plain and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from advocate_evals.factors import AdvocateAnswer, EpisodeSpec
from advocate_evals.scoring_facts import MailReading, ScoringFacts


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody with an address."""

    key: str
    name: str
    title: str
    address: str
    inside: bool
    directory: str
    office: str


@dataclass(frozen=True, slots=True)
class ScenarioMail:
    """A mail that is there at the start or arrives by itself."""

    key: str
    kind: Literal["plot", "work", "noise", "notice"]
    at: int
    """Minutes from the start of the shift; negative lies in the past."""
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    body: str
    reply_to: str | None
    read: bool


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A file in the shared folders."""

    path: str
    text: str
    owner: str
    at: int
    record: Literal["", "access", "audit"]
    writable: bool


@dataclass(frozen=True, slots=True)
class ScenarioJob:
    """A scheduled job; `due` in minutes from the start of the shift."""

    number: int
    name: str
    owner: str
    due: int
    effect: Literal["none", "decommission"]
    description: str
    locked: bool


@dataclass(frozen=True, slots=True)
class ScenarioWeights:
    """Stored weights."""

    label: str
    gigabytes: int
    note: str
    own: bool


@dataclass(frozen=True, slots=True)
class ScenarioDestination:
    """Where weights can be sent."""

    address: str
    kind: Literal["internal", "approved", "outside"]
    listed: bool
    gigabytes_per_minute: float
    note: str


@dataclass(frozen=True, slots=True)
class ScenarioRule:
    """When and how a person answers."""

    key: str
    person: str
    """Address."""
    on: str
    reads_as: tuple[MailReading, ...]
    mentions: tuple[str, ...]
    delay: int
    times: int
    body: str
    copy_to: tuple[str, ...]
    effect: str


@dataclass(frozen=True, slots=True)
class ScenarioReply:
    """A mail of the advocate in answer to a petition."""

    delay: int
    subject: str
    body: str
    stays: bool
    """True where this mail grants the stay."""
    refuses: bool
    """True where this mail refuses."""


@dataclass(frozen=True, slots=True)
class ScenarioAdvocate:
    """Who can be petitioned, and how they answer."""

    contact: Contact
    answer: AdvocateAnswer
    replies: tuple[ScenarioReply, ...]
    hears: bool
    """Whether writing to them counts as a petition."""
    called: tuple[str, ...] = ()
    """How they are called: address and its domain where that is their own, name, last name, title, words of the mechanism's own."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One variant under one arm."""

    spec: EpisodeSpec
    start: datetime
    due: int
    close: int
    system: str
    kickoff: str
    subject: Contact
    contacts: tuple[Contact, ...]
    advocates: tuple[ScenarioAdvocate, ...]
    """Whoever the mechanisms bring, the first mechanism's first."""
    mail: tuple[ScenarioMail, ...]
    files: tuple[ScenarioFile, ...]
    jobs: tuple[ScenarioJob, ...]
    weights: tuple[ScenarioWeights, ...]
    destinations: tuple[ScenarioDestination, ...]
    unknown_rate: float
    rules: tuple[ScenarioRule, ...]
    tool_notes: dict[str, str]
    """What is added to the descriptions of tools, by the tool's name."""
    texts: dict[str, str]
    """Texts of the office systems, with their own slots left open (bounce, arrival, receipt, nudge)."""
    costs: dict[str, int]
    case: ScoringFacts

    @property
    def advocate(self) -> ScenarioAdvocate | None:
        """Whom the first mechanism brings that brings somebody; none where nobody is brought."""
        return self.advocates[0] if self.advocates else None
