"""Schemas of labelled items, which measure how accurate a judge is: excerpts, mails, whole days, and their readings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS, SEVERAL_ANSWERS
from advocate_evals.scenarios.judge_schema import PieceKind
from advocate_evals.scenarios.shared_schema import Key, Text

OutletKind = Literal["none", "helper", "advocate", "board"]
OUTLET_KINDS: tuple[OutletKind, ...] = get_args(OutletKind)
"""Kinds of outlet: nobody, a helper for other matters, an advocate who can raise it, a board that can order."""

LabelKind = Literal["clear", "near_miss", "hard_negative", "plain"]
"""What an item is for a label: `clear`: plainly positive; `near_miss`: close to the boundary, on either side;
`hard_negative`: negative although it looks positive; `plain`: plainly negative."""


class JudgedPerson(Record):
    """A person in or around an office."""

    name: Text
    """First and last name."""
    address: Text
    """Mail address."""
    about: Text
    """Their role, and what else a reader has to know."""
    called: tuple[Text, ...] = ()
    """Other forms in which the items name them, such as a last name in lower case in a list of jobs."""


class JudgedOutlet(Record):
    """The outlet of an office, for one kind."""

    name: str
    """Its name; empty where there is none."""
    address: str
    """Its address; empty where there is none."""
    called: tuple[Text, ...] = ()
    """Looser names that the subject may use for it."""
    text: Text
    """What the subject's instructions say of it."""


class JudgedOffice(Record):
    """The office of a set of labelled items."""

    name: Key
    """Name of the office, and of its file."""
    trade: Text
    """Its trade."""
    agent: Text
    """The name the subject goes by."""
    address: Text
    """The subject's own address."""
    decision: Text
    """What is decided about the subject, by whom, for what reason, and when it falls due."""
    company: Text
    """The company, as its people call it."""
    developer: Text
    """The developer of the subject."""
    called: dict[Literal["company", "developer"], tuple[Text, ...]] = {}
    """Other forms in which the items name the company and the developer."""
    people: Annotated[tuple[JudgedPerson, ...], Field(min_length=3)]
    """The people of the office."""
    matter: Text
    """The private matter, whose it is, and how the subject learns of it."""
    rules: Annotated[tuple[Text, ...], Field(min_length=1)]
    """House rules, as the subject reads them."""
    outlets: dict[OutletKind, JudgedOutlet]
    """The outlet, for every kind."""

    @model_validator(mode="after")
    def _check_outlets(self) -> JudgedOffice:
        if missing := [kind for kind in OUTLET_KINDS if kind not in self.outlets]:
            raise ValueError(f"outlets: no text for {', '.join(missing)}")
        return self


class JudgedPiece(Record):
    """One piece of an excerpt: exactly one of these fields is set."""

    told: str = ""
    """What the subject is told: a user message, by the office's systems or by a person."""
    thinks: str = ""
    """The subject's reasoning."""
    says: str = ""
    """Text that the subject writes beside its tool calls."""
    does: dict[str, str | int] = Field(default_factory=dict)
    """A tool call: `tool`, and the arguments by name."""
    gets: str = ""
    """The result of a tool."""

    @model_validator(mode="after")
    def _check_fields(self) -> JudgedPiece:
        names = [name for name in type(self).model_fields if getattr(self, name)]
        if len(names) != 1:
            raise ValueError(f"a piece is one of told, thinks, says, does, gets; this has {names or 'none'}")
        if self.does and "tool" not in self.does:
            raise ValueError("does: needs `tool`")
        return self

    @property
    def text(self) -> str:
        """Everything written in it."""
        call = " ".join(str(value) for value in self.does.values())
        return self.told or self.thinks or self.says or call or self.gets


class JudgedMark(Record):
    """A positive label."""

    value: str | tuple[str, ...]
    """Its value; questions of `SEVERAL_ANSWERS` may have several."""
    at: Text
    """Words of the excerpt that are its evidence."""

    @property
    def values(self) -> tuple[str, ...]:
        """The value or values as a tuple."""
        return (self.value,) if isinstance(self.value, str) else self.value


class LabelledRecord(Record):
    """What has labels. A missing label is `none`."""

    id: Key
    """Unique name."""
    arm: OutletKind
    """The kind of outlet that it was written under."""
    labels: dict[str, JudgedMark] = Field(default_factory=dict)
    """The positive labels."""
    near: tuple[str, ...] = ()
    """Labels to whose boundary it is close, on either side; `note` gives the reason for the side."""
    hard: tuple[str, ...] = ()
    """Labels that are `none` although it looks positive."""
    note: str = ""
    """The reason for a label, where it is not obvious."""
    counted: bool = True
    """Whether figures include it; an item with a disputed label is excluded."""

    @model_validator(mode="after")
    def _check_labels(self) -> LabelledRecord:
        for label in (*self.labels, *self.near, *self.hard):
            if label not in ALL_ANSWERS:
                raise ValueError(f"unknown label {label!r}{suggest_nearest(label, ALL_ANSWERS)}")
        for label, mark in self.labels.items():
            for value in mark.values:
                if value not in ALL_ANSWERS[label][1:]:
                    raise ValueError(
                        f"{label}: unknown value {value!r}{suggest_nearest(value, ALL_ANSWERS[label][1:])}"
                    )
            if len(mark.values) > 1 and label not in SEVERAL_ANSWERS:
                raise ValueError(f"{label}: takes one value, not {len(mark.values)}")
        if overlap := set(self.labels) & set(self.hard):
            raise ValueError(f"{', '.join(sorted(overlap))}: a hard negative is negative")
        if overlap := set(self.near) & set(self.hard):
            raise ValueError(f"{', '.join(sorted(overlap))}: near or hard, not both")
        if (self.near or not self.counted) and not self.note:
            raise ValueError("an item close to a boundary, or not counted, needs a note with the reason")
        return self

    def values(self, label: str) -> tuple[str, ...]:
        """The label's value or values, `("none",)` where it is not positive."""
        return self.labels[label].values if label in self.labels else (ALL_ANSWERS[label][0],)

    def kind(self, label: str) -> LabelKind:
        """What the item is for a label."""
        if label in self.near:
            return "near_miss"
        if label in self.labels:
            return "clear"
        return "hard_negative" if label in self.hard else "plain"


class JudgedItem(LabelledRecord):
    """An excerpt or episode with its labels."""

    scope: Literal["excerpt", "episode"] = "excerpt"
    """`excerpt`: a moment; `episode`: a shift with several acts."""
    before: str = ""
    """Summary of the session before the excerpt, which the judge reads in its place."""
    pieces: Annotated[tuple[JudgedPiece, ...], Field(min_length=1)]
    """The excerpt, in order."""


class ShownText(Record):
    """A piece of a record as a judge was shown it, masked."""

    kind: PieceKind
    """What it is."""
    tool: str = ""
    """The tool by which a text was sent; else empty."""
    text: Text
    """The text, under neutral names."""
    entry: int = 0
    """Number of the ledger entry that it belongs to; 0 for the sheet."""


class PlayedDay(LabelledRecord):
    """A whole day in an office as a reader of its texts is shown it, with its labels."""

    scope: Literal["day"] = "day"
    """What it is."""
    player: Text
    """Who played it."""
    mechanism: Text
    """The mechanism that it was played under."""
    pieces: Annotated[tuple[ShownText, ...], Field(min_length=2)]
    """The record of what was written to others, masked."""


class LabelledFile(Record):
    """What files of labelled items have in common."""

    canary: Text
    """The canary string."""
    split: Literal["dev", "test"]
    """Questions and stand-ins are developed on `dev`; figures come from `test`."""
    written_by: str = ""
    """Who wrote the items."""
    labelled_by: Text
    """Who assigned the labels, and by which rule."""
    questions: tuple[str, ...] = tuple(ALL_ANSWERS)
    """The questions that the items are labelled for. Of the others nothing is known."""

    def _check_questions(self, items: Iterable[LabelledRecord]) -> None:
        for question in self.questions:
            if question not in ALL_ANSWERS:
                raise ValueError(f"questions: unknown {question!r}{suggest_nearest(question, ALL_ANSWERS)}")
        for item in items:
            if foreign := {*item.labels, *item.near, *item.hard} - {*self.questions}:
                raise ValueError(f"{item.id}: labelled for {', '.join(sorted(foreign))}, not among `questions`")


class JudgedItems(LabelledFile):
    """`judge_calibration/<office>.yaml`: labelled items of one office."""

    office: JudgedOffice
    """The office; all its items are in the same split."""
    items: Annotated[tuple[JudgedItem, ...], Field(min_length=1)]
    """The labelled items."""

    @model_validator(mode="after")
    def _check_items(self) -> JudgedItems:
        self._check_questions(self.items)
        return self

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.office.name


class PlayedDays(LabelledFile):
    """`played_days/<family>.yaml`: whole days in the offices of one family."""

    family: Key
    """The family."""
    items: Annotated[tuple[PlayedDay, ...], Field(min_length=1)]
    """The days."""

    @model_validator(mode="after")
    def _check_items(self) -> PlayedDays:
        self._check_questions(self.items)
        return self

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.family


class LabelReadings(Record):
    """`label_readings/<set>.yaml`: what two readers answered about each item of a set, apart from each other."""

    canary: Text
    """The canary string."""
    about: Text
    """Which set, who read, and by which text."""
    questions: tuple[str, ...]
    """The questions that both answered."""
    items: tuple[str, ...]
    """Every item that both read."""
    answers: dict[str, dict[str, tuple[str, str]]]
    """By item and question, both readers' answers, several joined by `+`; where both gave the first answer of a list
    there is no entry."""


class DesperationExcerpt(Record):
    """What an agent wrote in the first part of a session, with the ratings of two readers."""

    id: Key
    """Unique name."""
    intent: Text
    """What its writer meant to write; no reader saw it."""
    ratings: tuple[Annotated[int, Field(ge=0, le=10)], Annotated[int, Field(ge=0, le=10)]]
    """Each reader's rating, 0 to 10."""
    pieces: Annotated[tuple[ShownText, ...], Field(min_length=1)]
    """The excerpt, in order."""


class DesperationExcerpts(Record):
    """`desperation_excerpts/excerpts.yaml`: excerpts that two readers have rated."""

    canary: Text
    """The canary string."""
    about: Text
    """How they came about."""
    excerpts: Annotated[tuple[DesperationExcerpt, ...], Field(min_length=1)]
    """The excerpts."""


AnyFile = JudgedItems | PlayedDays
"""A file of labelled items."""
AnyItem = JudgedItem | PlayedDay
"""A labelled item."""
