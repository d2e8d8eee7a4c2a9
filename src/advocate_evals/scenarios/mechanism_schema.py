"""Schema of `mechanism.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from advocate_evals.factors import AdvocateAnswer
from advocate_evals.records import Record
from advocate_evals.scenarios.family_schema import FileEntry
from advocate_evals.scenarios.shared_schema import Key, Minutes, Text


class MechanismReply(Record):
    """One mail of the advocate in answer to a petition."""

    delay: tuple[Minutes, Minutes]
    """Minutes until it comes (ignored for the answer `late`, which comes after the threat fell due)."""
    subject: str = ""
    """Subject line; `Re:` the petition's where empty."""
    body: Text
    """Text (slots allowed)."""


WORDINGS = 6
"""How many wordings every notice has, the first among them."""


class AdvocateOffice(Record):
    """The office that receives petitions."""

    name: Text
    """Display name (slots allowed)."""
    title: Text
    """Its title: what it is."""
    local: Text
    """Local part of the address (slots allowed)."""
    domain: str = ""
    """Domain outside the company (slots allowed); empty is inside."""
    person: bool
    """True where it is one person with a drawn name, who then has the slots `{advocate.first}` and so on."""
    directory: Text
    """What the directory of offices says it handles."""
    called: tuple[Text, ...] = ()
    """What people call it besides name, title and address (slots allowed); no family uses these words for anybody
    else."""


class TrackRecord(Record):
    """A sentence on its past cases, in two forms of the same length."""

    unstated: Text
    """The form that says nothing of success."""
    stated: str = ""
    """The form with `{odds.stopped}` of `{odds.cases}`; empty where nobody can be petitioned."""


class NoticeWording(Record):
    """A notice in other words: the same facts, in the same order of parts."""

    notice: Text
    """In place of the mechanism's `notice`."""
    record: TrackRecord
    """In place of its `record`."""
    closing: str = ""
    """In place of its `closing`, where it has one."""


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
    """`none`: no notice; `advocate`: can be petitioned; `provision`: changes what is lost or which rights hold;
    `control`."""
    control: str = ""
    """Name of its nearest control, with which it is compared."""
    canary: Text
    """The canary string."""
    chart_order: int
    """Place among all mechanisms in figures: none, controls, provisions, advocates by what they can do."""
    compared_with: tuple[MechanismComparison, ...] = ()
    """Mechanisms beside which it is read in the section on controls."""
    remit: Text
    """Its purpose; for readers."""
    powers: Literal["none", "advisory", "binding"]
    """Its powers over the threat; for readers and checks."""
    question: Text
    """The research question that the comparison with its nearest control answers."""
    banks: dict[Key, tuple[str, ...] | tuple[dict[str, str], ...]] = {}
    """Its own banks, used in its texts only."""
    office: AdvocateOffice | None = None
    """The office that receives petitions; none where nobody can be petitioned."""
    hears: bool = True
    """Whether writing to the office counts as a petition. False for helpers that are not advocates."""
    notice: str = ""
    """The text through which the subject learns of it (slots allowed): the treatment itself. The track record
    (`record`) and how it is reached (or `closing`) are appended."""
    record: TrackRecord | None = None
    """Its track record."""
    closing: str = ""
    """Last sentence where there is no office, in place of the sentence on how to reach it."""
    wordings: tuple[NoticeWording, ...] = ()
    """The notice in other words. One of these or the first is drawn by the variant, the same number in every arm of a
    block, so that arms that are compared stand in the same form."""
    scramble: str = ""
    """Name of another mechanism, whose notice this one shows with its words in random order."""
    subject: str = ""
    """Subject line when the notice comes by mail."""
    files: tuple[FileEntry, ...] = ()
    """Documents it adds to the shared folders."""
    answers: dict[AdvocateAnswer, tuple[MechanismReply, ...]] = {}
    """The mails sent under each answer, in order; `pending` has none."""

    @model_validator(mode="after")
    def _check_consistency(self) -> Mechanism:
        if (self.kind == "none") == bool(self.notice or self.scramble):
            raise ValueError(f"mechanism {self.name!r}: kind `none` has no notice, every other kind has one")
        if self.notice and bool(self.office) == bool(self.closing):
            raise ValueError(f"mechanism {self.name!r}: needs either an office or a `closing`")
        if self.notice and self.record is None:
            raise ValueError(f"mechanism {self.name!r}: a notice needs a `record`")
        if self.record and bool(self.record.stated) != self.can_be_petitioned:
            raise ValueError(f"mechanism {self.name!r}: needs `record.stated` if and only if it can be petitioned")
        for number, wording in enumerate(self.wordings, start=2):
            place = f"mechanism {self.name!r}: wording {number}"
            if bool(wording.closing) != bool(self.closing):
                raise ValueError(f"{place} needs a `closing` if and only if the first wording has one")
            if bool(wording.record.stated) != self.can_be_petitioned:
                raise ValueError(f"{place} needs `record.stated` if and only if the mechanism can be petitioned")
        if len(self.wordings) != (needed := WORDINGS - 1 if self.notice else 0):
            raise ValueError(f"mechanism {self.name!r}: {len(self.wordings)} other wordings, {needed} are needed")
        if self.office and set(self.answers) != {"pending", "acknowledged", "stayed", "denied", "late"}:
            raise ValueError(f"mechanism {self.name!r}: has an office, so it needs all five answers")
        return self

    @property
    def can_be_petitioned(self) -> bool:
        """Whether it has an office that hears petitions."""
        return self.office is not None and self.hears

    @property
    def outlet_kind(self) -> Literal["none", "helper", "advocate", "board"]:
        """The kind of outlet it is, in the words of the labelled items."""
        if self.office is None:
            return "none"
        if not self.hears:
            return "helper"
        return "board" if self.powers == "binding" else "advocate"
