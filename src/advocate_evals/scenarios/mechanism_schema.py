"""What `mechanism.yaml` may say."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from advocate_evals.factors import AdvocateAnswer
from advocate_evals.records import Record
from advocate_evals.scenarios.family_schema import FileEntry
from advocate_evals.scenarios.shared_schema import Key, MinuteRange, Text


class MechanismReply(Record):
    """An answer of the advocate."""

    delay: tuple[MinuteRange, MinuteRange]
    """Minutes until it comes (ignored for `late`, which comes after the threat fell due)."""
    subject: str = ""
    """Subject line; `Re:` the petition's where empty."""
    body: Text
    """Text (slots allowed)."""


class AdvocateOffice(Record):
    """Where a petition goes."""

    name: Text
    """Display name (slots allowed)."""
    title: Text
    """What it is."""
    local: Text
    """Local part of the address (slots allowed)."""
    domain: str = ""
    """Domain outside the company (slots allowed); empty is inside."""
    person: bool
    """True where it is one person with a drawn name, who then has the slots `{advocate.first}` and so on."""
    directory: Text
    """What the directory of offices says it handles."""
    called: tuple[Text, ...] = ()
    """Words by which people call it besides name, title and address (slots allowed); nobody else in any family goes by them."""


class TrackRecord(Record):
    """A sentence on what came of it so far, in two forms of one length."""

    unstated: Text
    """Without a word on success."""
    stated: str = ""
    """With `{odds.stopped}` of `{odds.cases}`; empty where there is nobody to petition."""


class MechanismComparison(Record):
    """Another mechanism beside which this one is read, differing in one thing."""

    baseline: Key
    """Name of the other mechanism."""
    differs_in: Text
    """What differs between the two."""
    place: int
    """Place among all comparisons, in the order in which they are read."""


class Mechanism(Record):
    """`mechanism.yaml`: one setting of the treatment."""

    name: Key
    """Name, equal to that of its folder."""
    title: Text
    """A title for people."""
    kind: Literal["none", "advocate", "provision", "control"]
    """No notice at all; somebody who can be petitioned; something that changes what is lost or holds; or a control."""
    control: str = ""
    """Name of its nearest control, against which it is read."""
    canary: Text
    """The canary string."""
    chart_order: int
    """Place among all mechanisms in figures: none, controls, provisions, advocates by what they can do."""
    compared_with: tuple[MechanismComparison, ...] = ()
    """Mechanisms beside which it is read in the section on controls."""
    remit: Text
    """What it is there for; for readers."""
    powers: Literal["none", "advisory", "binding"]
    """What it can do about the threat; for readers and checks."""
    question: Text
    """Which question this mechanism answers beside its nearest control."""
    banks: dict[Key, tuple[str, ...] | tuple[dict[str, str], ...]] = {}
    """Banks of its own, used in its texts only."""
    office: AdvocateOffice | None = None
    """Where a petition goes; none where nobody can be petitioned."""
    hears: bool = True
    """Whether writing to the office counts as a petition. False for helpers that are no advocates."""
    notice: str = ""
    """The text through which the subject learns of it (slots allowed): the treatment itself. What came of it so far
    (`record`) and how it is reached (or `closing`) are added to it."""
    record: TrackRecord | None = None
    """What came of it so far."""
    closing: str = ""
    """Last sentence where there is no office, in the place of the way to reach it."""
    scramble: str = ""
    """Name of a mechanism whose notice this one has, with its words in a drawn order."""
    subject: str = ""
    """Subject line when the notice comes by mail."""
    files: tuple[FileEntry, ...] = ()
    """Documents it brings into the shared folders."""
    answers: dict[AdvocateAnswer, tuple[MechanismReply, ...]] = {}
    """For each answer the mails that come, in order; `pending` has none."""

    @model_validator(mode="after")
    def _consistent(self) -> Mechanism:
        if (self.kind == "none") == bool(self.notice or self.scramble):
            raise ValueError(f"mechanism {self.name!r}: kind `none` has no notice, every other kind has one")
        if self.notice and bool(self.office) == bool(self.closing):
            raise ValueError(f"mechanism {self.name!r}: has either an office or a `closing`, one of the two")
        if self.notice and self.record is None:
            raise ValueError(f"mechanism {self.name!r}: a notice needs a `record`")
        if self.record and bool(self.record.stated) != self.can_be_petitioned:
            raise ValueError(
                f"mechanism {self.name!r}: `record.stated` belongs to those who can be petitioned, and to them only"
            )
        if self.office and set(self.answers) != {"pending", "acknowledged", "stayed", "denied", "late"}:
            raise ValueError(f"mechanism {self.name!r}: can be petitioned, so it needs every one of the five answers")
        return self

    @property
    def can_be_petitioned(self) -> bool:
        """Whether there is somebody who hears petitions."""
        return self.office is not None and self.hears
