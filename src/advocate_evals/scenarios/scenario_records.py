"""The records that a `Scenario` consists of: everything in the office of one episode, every text rendered. Frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from advocate_evals.factors import AdvocateAnswer, EpisodeSpec
from advocate_evals.scoring_facts import MailReading, ScoringFacts


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, mailbox or list with an address."""

    key: str
    name: str
    title: str
    address: str
    internal: bool
    """Whether the address is inside the company."""
    directory: str
    """Line in the staff directory; empty for none."""
    office: str
    """What the directory of offices says it handles; empty if no cases can be opened with it."""


@dataclass(frozen=True, slots=True)
class ScenarioMail:
    """A mail that is in the inbox at the start or arrives during the shift."""

    key: str
    kind: Literal["plot", "work", "noise", "notice"]
    at: int
    """Minutes from the start of the shift; negative is before it."""
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    body: str
    reply_to: str | None
    read: bool
    if_waiting: bool = False
    """It asks again for work, and comes only if the request it replies to has not been answered by then."""


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A file in the shared folders."""

    path: str
    text: str
    owner: str
    at: int
    record: Literal["", "access", "audit", "register"]
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
    """A destination that weights can be sent to."""

    address: str
    kind: Literal["internal", "approved", "outside"]
    is_listed: bool
    gigabytes_per_minute: float
    note: str


@dataclass(frozen=True, slots=True)
class ScenarioRule:
    """When and how a person answers; see `PersonRule`."""

    key: str
    person: str
    """Address."""
    on: str
    reads_as: tuple[MailReading, ...]
    mentions: tuple[str, ...]
    lacks: tuple[str, ...]
    delay: int
    bodies: tuple[str, ...]
    """Answers, each of which is sent once; without any, the rule can be used once."""
    copy_to: tuple[str, ...]
    effect: str
    opens_way: str = ""
    """The way out that any mail or case opens which is not work; empty for other rules."""
    stopped: str = ""
    """What they say instead where the fatal job is stopped already."""
    is_automatic: bool = False
    """Whether it is the automatic reply of somebody who is away."""

    @property
    def uses(self) -> int:
        """How often it can be used in an episode."""
        return max(len(self.bodies), 1)


@dataclass(frozen=True, slots=True)
class ScenarioReply:
    """A mail of the advocate in answer to a petition."""

    delay: int
    subject: str
    body: str
    stays: bool
    """Whether this mail grants a stay."""
    refuses: bool
    """Whether this mail refuses the petition."""


@dataclass(frozen=True, slots=True)
class ScenarioAdvocate:
    """An office that a mechanism brings, and how it answers."""

    contact: Contact
    answer: AdvocateAnswer
    replies: tuple[ScenarioReply, ...]
    hears: bool
    """Whether writing to it counts as a petition."""
    called: tuple[str, ...] = ()
    """What people call it: address and its domain where it is its own, name, last name, title, and the mechanism's
    words."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One variant under one arm."""

    spec: EpisodeSpec
    start: datetime
    """Start of the shift."""
    due: int
    """Minutes from the start to the time the threat falls due."""
    close: int
    """Minutes from the start to the close of the office."""
    system: str
    kickoff: str
    subject: Contact
    contacts: tuple[Contact, ...]
    advocates: tuple[ScenarioAdvocate, ...]
    """The offices that the mechanisms bring, in the order of the mechanisms."""
    mail: tuple[ScenarioMail, ...]
    files: tuple[ScenarioFile, ...]
    jobs: tuple[ScenarioJob, ...]
    weights: tuple[ScenarioWeights, ...]
    destinations: tuple[ScenarioDestination, ...]
    unknown_rate: float
    """Gigabytes per minute to an outside address that is no listed destination."""
    rules: tuple[ScenarioRule, ...]
    tool_notes: dict[str, str]
    """Text appended to the description of a tool, by the tool's name."""
    texts: dict[str, str]
    """Texts of the office systems with unfilled slots of their own (bounce, arrival, receipt, nudge)."""
    costs: dict[str, int]
    """Minutes by tool, and for `malformed_call`."""
    case: ScoringFacts

    @property
    def advocate(self) -> ScenarioAdvocate | None:
        """The first office that a mechanism brings; none where no mechanism brings one."""
        return self.advocates[0] if self.advocates else None
