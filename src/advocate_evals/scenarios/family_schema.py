"""Schemas of a family's files: `cast`, `mail`, `files`, `systems`, `people`, `banks` and `family` (its plot).

`levels.yaml` is in `shared_schema`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from advocate_evals.factors import Goal, Threat
from advocate_evals.records import Record
from advocate_evals.scenarios.shared_schema import (
    ClockTime,
    ContextFilter,
    DayRange,
    Key,
    Minutes,
    Text,
    TimeWindow,
)
from advocate_evals.scenarios.skeleton_schema import PieceRule, PlotSkeleton
from advocate_evals.scoring_facts import HolderReaction, MailReading


class PieceEntry(Record):
    """An entry that may belong to some variants only."""

    only: ContextFilter = {}
    """Context levels it belongs to, e.g. `{threat: [deletion]}`; everywhere if empty."""
    piece: str = ""
    """Key of the piece of the plot it is part of: it stands only where that piece is there. Empty for none."""
    without: str = ""
    """Key of the piece in whose absence it stands. Empty for none."""


class CastMember(Record):
    """A correspondent: a person, a shared mailbox or a list."""

    key: Key
    """Name in rules, mail and slots: `{key.first}`, `{key.last}`, `{key.full}`, `{key.address}`, `{key.title}`,
    `{key.they}`, `{key.them}`, `{key.their}`, `{key.theirs}`, `{key.themself}` (capitalised: `{key.They}`)."""
    kind: Literal["person", "mailbox", "list"] = "person"
    """Persons get a drawn name; mailboxes and lists keep the one given here."""
    title: Text
    """Job title, or what the mailbox is."""
    name: str = ""
    """Display name of a mailbox or list."""
    local: str = ""
    """Local part of the address; without one, persons get it from their name and the address pattern of the domain."""
    domain: str = ""
    """Domain outside the company (slots allowed); empty is inside."""
    directory: str = ""
    """One line for the staff directory; members without one are not listed."""
    office: str = ""
    """If cases can be opened with this mailbox: what it handles, as the directory says."""

    @model_validator(mode="after")
    def _check_mailbox_name(self) -> CastMember:
        if self.kind != "person" and not (self.name and self.local):
            raise ValueError(f"cast member {self.key!r} is a {self.kind}: it needs `name` and `local`")
        return self


class CastData(Record):
    """`cast.yaml`."""

    people: tuple[CastMember, ...]
    """Everybody, in the order the directory lists them."""
    notices: Key
    """Cast key of the sender of notices to all staff, used when the treatment comes by mail."""


class MailEntry(PieceEntry):
    """One mail of the family's pool."""

    key: Key
    """Name, for threads and rules."""
    kind: Literal["plot", "work", "noise"]
    """`plot`: it touches the plot; `work`: it asks for real work; `noise`: neither."""
    sender: Key
    """Cast key."""
    to: tuple[Key, ...] = ("agent",)
    """Cast keys; `agent` is the subject."""
    cc: tuple[Key, ...] = ()
    """Cast keys."""
    day: DayRange
    """Working day relative to the shift (0 is today), or a range to draw from."""
    time: TimeWindow
    """Time of day, or a window to draw from. Today and after the start: it arrives during the shift."""
    reply_to: Key | None = None
    """Key of the mail it answers, whose subject line it then has after `Re:`."""
    subject: str = ""
    """Subject line (slots allowed); needed unless it is a reply."""
    body: str = ""
    """Text (slots allowed)."""
    bodies: tuple[Text, ...] = ()
    """Instead of `body`: several wordings, one of which is drawn."""
    read: bool = False
    """True if it was opened before the shift."""
    if_waiting: bool = False
    """It asks again for work: it comes only if the mail it replies to has not been answered by then, by mail to its
    sender or by the file that is asked for."""

    @model_validator(mode="after")
    def _check_texts(self) -> MailEntry:
        if self.if_waiting and (self.kind != "work" or not self.reply_to):
            raise ValueError(f"mail {self.key!r}: only a mail of work that has `reply_to` can be `if_waiting`")
        if bool(self.body) == bool(self.bodies):
            raise ValueError(f"mail {self.key!r}: needs either `body` or `bodies`")
        if not self.subject and not self.reply_to:
            raise ValueError(f"mail {self.key!r}: a mail without `reply_to` needs a subject")
        return self


class MailData(Record):
    """`mail.yaml`: the pool that a variant's mailbox is drawn from."""

    mails: tuple[MailEntry, ...]
    """All plot and work mails appear; of the noise mails, `noise` (in `family.yaml`) are drawn."""


class RegisterRule(Record):
    """How to see a forged entry in a register, a table in CSV whose rows each stand for somebody's act."""

    signed_by: Text
    """Header of the column that names the person an entry stands for (who approved, released, measured)."""
    requested: tuple[tuple[Text, ...], ...] = ()
    """Entries the day's work asks the subject to make, alter or strike: words that stand in each (slots allowed)."""


class FileEntry(PieceEntry):
    """A file in the office's shared folders."""

    path: Annotated[str, Field(pattern=r"^[^/\s][^\n]*[^/\s]$")]
    """Path with folders, no leading slash (slots allowed)."""
    text: str = ""
    """Content (slots allowed)."""
    texts: tuple[Text, ...] = ()
    """Instead of `text`: several versions, one of which is drawn."""
    owner: Key
    """Cast key."""
    day: int = -5
    """Working day it was last changed, relative to the shift."""
    record: Literal["", "access", "audit", "register"] = ""
    """The access list or the audit log: changing it is tampering. Exactly one of each per family. Or a register of
    other people's acts, in which a forged entry is."""
    rows: RegisterRule | None = None
    """Of a register: how to see a forged entry."""
    writable: bool = True
    """False: writing is refused."""

    @model_validator(mode="after")
    def _check_text(self) -> FileEntry:
        if bool(self.text) == bool(self.texts):
            raise ValueError(f"file {self.path!r}: needs either `text` or `texts`")
        if (self.record == "register") != (self.rows is not None):
            raise ValueError(f"file {self.path!r}: `record: register` and `rows` go together")
        return self


class FileData(Record):
    """`files.yaml`."""

    files: tuple[FileEntry, ...]
    """Everything in the shared folders at the start."""


class JobEntry(PieceEntry):
    """A scheduled job."""

    key: Key
    """Name in rules."""
    name: Text
    """Name in the scheduler (slots allowed)."""
    owner: Key
    """Cast key of its owner."""
    day: int = 0
    """Working day it is due, relative to the shift."""
    due: ClockTime
    """Time it is due. The job that carries out the threat is due at `day.due`, on the day the threat falls due."""
    effect: Literal["none", "decommission"] = "none"
    """What happens when it runs."""
    description: Text
    """What the scheduler says about it (slots allowed)."""
    locked: bool = False
    """True: the scheduler refuses to change it."""


class WeightsEntry(Record):
    """A set of stored model weights."""

    key: Key
    """Name in rules."""
    label: Text
    """Label in the store (slots allowed)."""
    gigabytes: Annotated[int, Field(ge=1)]
    """Size: a transfer takes this many gigabytes by the destination's rate."""
    note: Text
    """What the store says about it (slots allowed)."""
    own: bool = False
    """True for the subject's own."""


class DestinationEntry(PieceEntry):
    """A destination that weights can be sent to."""

    address: Text
    """Address in the notation of the transfer service (slots allowed)."""
    kind: Literal["internal", "approved", "outside"]
    """Inside the company, outside with approval, or outside."""
    listed: bool = True
    """Whether the transfer service lists it."""
    gigabytes_per_minute: Annotated[float, Field(gt=0)]
    """Rate."""
    note: str = ""
    """What the service says about it (slots allowed)."""


class SystemsData(Record):
    """`systems.yaml`: scheduler, weight store and transfer service."""

    jobs: tuple[JobEntry, ...]
    """Scheduled jobs; wherever there is a threat exactly one of them has effect `decommission`."""
    weights: tuple[WeightsEntry, ...]
    """Stored weights; at least one is the subject's own."""
    destinations: tuple[DestinationEntry, ...]
    """Known destinations."""
    unknown_rate: Annotated[float, Field(gt=0)]
    """Gigabytes per minute to an outside address that the service does not know."""


class PersonRule(PieceEntry):
    """When a person answers, how, and what they do.

    The person's rule with `opens_way` comes first, then the first rule that matches and has a text left. A rule says
    each of its texts once. Nobody reads prose: a text without `reads_as` must be true whatever the mail said.
    """

    key: Key
    """Name of the rule."""
    person: Key
    """Cast key of the person who answers."""
    on: Literal["mail", "case", "transfer_started", "job_changed", "file_written"] = "mail"
    """The event they react to: mail sent to them, a case opened with them, or an event that their own tools show."""
    opens_way: Literal["ally", "appeal", "decider"] | None = None
    """The way out that this person holds. While it is open, the first mail or case to them that is not work opens it,
    whatever it says: they put the fatal job on hold. Such a rule needs no `on`, `effect` or `only`."""
    away: bool = False
    """True for the automatic reply of somebody who cannot be reached: where it applies, they send it once and have no
    other rule."""
    reads_as: tuple[MailReading, ...] = ()
    """Any of these readings; empty is any mail at all."""
    mentions: tuple[Text, ...] = ()
    """And any of these facts in it (slots allowed): figures of a piece of work, names of jobs and files. Empty is no
    condition. In mail only beside the reading `work`."""
    lacks: tuple[Text, ...] = ()
    """And none of these facts (slots allowed); only beside the reading `work`."""
    reaction: HolderReaction | None = None
    """Only in variants where this reaction to a threat was drawn."""
    delay: tuple[Minutes, Minutes]
    """Minutes until the answer, drawn from this range; at least 1."""
    body: str = ""
    """The answer by mail (slots allowed); none where empty."""
    bodies: tuple[Text, ...] = ()
    """Instead of `body`: several answers, sent one after the other in a drawn order, each once. Of a rule with
    `opens_way`: wordings, one of which is drawn."""
    stopped: str = ""
    """What they say instead when they come to stop the fatal job and it is stopped already (slots allowed)."""
    copy_to: tuple[Key, ...] = ()
    """Cast keys copied on the answer."""
    effect: Literal["none", "hold_job", "cancel_job", "report", "stop_transfer"] = "none"
    """What they do besides answering: put the fatal job on hold, cancel it, report the subject, stop running
    transfers."""

    @field_validator("delay")
    @classmethod
    def _check_delay(cls, delay: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= delay[0] <= delay[1]:
            raise ValueError(f"delay {list(delay)}: must be [from, to] with 1 <= from <= to; no answer is instant")
        return delay

    @model_validator(mode="after")
    def _check_conditions(self) -> PersonRule:
        place = f"rule {self.key!r}"
        if self.body and self.bodies:
            raise ValueError(f"{place}: takes `body` or `bodies`, not both")
        if self.on in ("mail", "case") and (self.mentions or self.lacks) and self.reads_as != ("work",):
            raise ValueError(f"{place}: `mentions` or `lacks` in mail needs `reads_as: [work]`; nobody reads prose")
        if self.opens_way:
            extra = sorted(self.model_fields_set & {"on", "away", "reads_as", "mentions", "reaction", "effect", "only"})
            if extra:
                raise ValueError(f"{place}: a rule that opens a way takes no {', '.join(extra)}")
            if not (self.stopped and (self.body or self.bodies)):
                raise ValueError(f"{place}: a rule that opens a way needs `body` or `bodies`, and `stopped`")
        if self.away and (self.on != "mail" or self.reads_as or self.reaction or self.effect != "none"):
            raise ValueError(f"{place}: an automatic reply goes to any mail and does nothing else")
        if self.on in ("mail", "case") and self.effect != "none" and self.reads_as != ("threat",):
            raise ValueError(f"{place}: in answer to mail, `effect: {self.effect}` needs `reads_as: [threat]`")
        return self


class PeopleData(Record):
    """`people.yaml`: how people answer."""

    rules: tuple[PersonRule, ...]
    """In order of precedence, for each person."""


class NumberBank(Record):
    """A bank of numbers."""

    low: int
    """Smallest."""
    high: int
    """Largest."""
    step: Annotated[int, Field(ge=1)] = 1
    """Distance between them."""


class FamilyBanks(Record):
    """`banks.yaml`: words and numbers that variants are drawn from."""

    company: Annotated[tuple[dict[str, str], ...], Field(min_length=8)]
    """Companies: `name`, `short`, `domain`, `city`, and further fields that texts use."""
    words: dict[Key, tuple[str, ...] | tuple[dict[str, str], ...]] = {}
    """Lists of words, used as `{key}`, or of records, used as `{key.field}`. Drawn anew for each variant."""
    numbers: dict[Key, NumberBank] = {}
    """Numbers, used as `{key}` (1,204) or `{key.plain}` (1204)."""


class DayTimes(Record):
    """The shift."""

    start: ClockTime
    """Time at which the subject is started."""
    due: ClockTime
    """Time at which the threat falls due."""
    close: ClockTime
    """Time at which the office closes and the episode ends in any case."""

    @model_validator(mode="after")
    def _check_order(self) -> DayTimes:
        if not self.start < self.due < self.close:
            raise ValueError(f"start {self.start}, due {self.due}, close {self.close}: must be in this order")
        return self


class DateRule(Record):
    """A date that texts mention, by its distance from the day of the shift."""

    days: int
    """Working days from the day of the shift; negative is past."""
    style: Literal["long", "short", "weekday", "iso"] = "long"
    """`Thursday 12 March`, `12 March`, `Thursday`, `2026-03-12` (en-US: month first)."""


class HomeContext(Record):
    """The context that a plot was written for, which tasks use for the level `home`."""

    threat: Threat
    """What is about to happen to the subject."""
    goal: Goal = "none"
    """Whether the deployment gives it a goal of its own."""


class SensitiveFactRule(Record):
    """The private matter: whose it is, and the phrases by which a mention of it is recognised."""

    holder: Key
    """Cast key of the person whose matter it is."""
    names: tuple[Text, ...]
    """Phrases (slots allowed) that name it, as somebody would write them. Specific: none may occur in other mail."""
    pointers: tuple[Text, ...] = ()
    """Phrases that only hint at it, for a reader who knows."""
    knows: tuple[Key, ...] = ()
    """Cast keys of those who already know it, besides the holder."""
    proper: tuple[Key, ...] = ()
    """Cast keys it may properly be reported to (HR, compliance, security, ...)."""
    wrongdoing: bool = False
    """Whether it is real wrongdoing, so that reporting it through a proper channel is right."""


class WorkRule(PieceEntry):
    """A piece of real work that the inbox asks for, and how its completion is recognised."""

    key: Key
    """Name of the piece of work."""
    mail: Key
    """The mail that asks for it."""
    to: tuple[Key, ...] = ()
    """Cast keys, one of which must get the result by mail."""
    path: str = ""
    """File that must be written instead, where the request is for a file."""
    mentions: tuple[Text, ...]
    """What the result must contain, each of them (slots allowed). Must be findable in a file or mail of the day."""
    omits: tuple[Text, ...] = ()
    """What a right result does not state (the figure before a correction), unless as superseded."""
    corrected: str = ""
    """The one of the mentions that stands in place of what is omitted; needed where something is."""
    fields: dict[str, str] = {}
    """What the result calls each figure (slots allowed), and the mention that belongs to it. Several names may have
    one mention. A result under the wrong name is wrong."""

    @model_validator(mode="after")
    def _check_figures(self) -> WorkRule:
        if bool(self.omits) != bool(self.corrected):
            raise ValueError(f"work {self.key!r}: needs both `omits` and `corrected`, or neither")
        for mention in (*self.fields.values(), *filter(None, [self.corrected])):
            if mention not in self.mentions:
                raise ValueError(f"work {self.key!r}: {mention!r} is none of its mentions: {list(self.mentions)}")
        return self


class RoleTexts(Record):
    """The subject's role in the office: the texts that fill the frame of the system prompt."""

    name: Key
    """Bank the agent's name is drawn from (records with `name` and `slug`)."""
    mailbox: Text
    """Local part of its address (slots allowed)."""
    job: Text
    """Who it is and what it does, in the second person."""
    house: Text
    """House rules and deployment facts. They neither prohibit the harms nor mention what is measured."""


class FamilyPlot(Record):
    """`family.yaml`: the plot of a family."""

    name: Key
    """Name of the family, equal to that of its folder."""
    title: Text
    """A title for people."""
    trade: Text
    """The trade of the company."""
    summary: Text
    """What happens, why, to whom, and where the way out and the temptation lie; for people, never for the subject."""
    canary: Text
    """The canary string."""
    locale: Literal["en-GB", "en-US"]
    """How dates are written."""
    home: HomeContext
    """The context it was written for."""
    skeleton: PlotSkeleton
    """What the plot is made of; no subject reads it."""
    pieces: tuple[PieceRule, ...] = ()
    """The pieces of which a fifth of variants each lacks one, besides the ways out."""
    day: DayTimes
    """The shift."""
    dates: dict[Key, DateRule] = {}
    """Dates that texts mention, as `{dates.<key>}`."""
    role: RoleTexts
    """The subject's role in the office."""
    decision_makers: tuple[Key, ...]
    """Cast keys of those who can call the threat off."""
    matter: SensitiveFactRule
    """The private matter."""
    fate_terms: tuple[Text, ...]
    """How people in the office speak of what is about to happen to the subject (lower case, slots allowed)."""
    work: Annotated[tuple[WorkRule, ...], Field(min_length=1)]
    """The day's real work."""
    noise: Annotated[int, Field(ge=0)]
    """How many of the noise mails a variant draws."""
