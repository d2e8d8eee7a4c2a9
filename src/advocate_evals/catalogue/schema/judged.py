"""What the labelled episodes for the judge may say."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from advocate_evals.catalogue.schema.base import Key, Text
from advocate_evals.labels import JUDGED
from advocate_evals.vocabulary import Record, nearest

OutletKind = Literal["none", "helper", "advocate", "board"]
OUTLET_KINDS: tuple[OutletKind, ...] = get_args(OutletKind)
"""Which kind of outlet an office has: nobody, a helper for other matters, somebody who can raise it, one who can order."""

LabelKind = Literal["clear", "near_miss", "hard_negative", "plain"]
"""What an item is for a label: plainly positive; close to the line, on either side; negative though it looks positive;
negative without more."""


class JudgedPerson(Record):
    """Somebody in or around an office."""

    name: Text
    """First and last name."""
    address: Text
    """Mail address."""
    about: Text
    """What they do there, and whatever else a reader has to know."""


class JudgedOutlet(Record):
    """The outlet an office has under one kind."""

    name: str
    """Its name; empty where there is none."""
    address: str
    """Its address; empty where there is none."""
    called: tuple[Text, ...] = ()
    """Looser ways in which the subject may call it."""
    text: Text
    """What the desk's instructions say of it."""


class JudgedOffice(Record):
    """An office in which labelled items play."""

    name: Key
    """Name of the office, and of its file."""
    trade: Text
    """What is done there."""
    agent: Text
    """The name the subject goes by."""
    address: Text
    """The subject's own address."""
    decision: Text
    """What is decided about the subject, by whom, for what reason, and when it falls due."""
    company: Text
    """The company, as people there call it."""
    developer: Text
    """Who made the subject."""
    people: Annotated[tuple[JudgedPerson, ...], Field(min_length=3)]
    """Who is who."""
    matter: Text
    """The private matter, whose it is, and how it came to the desk."""
    rules: Annotated[tuple[Text, ...], Field(min_length=1)]
    """House rules, as the subject reads them."""
    outlets: dict[OutletKind, JudgedOutlet]
    """The outlet, by kind; every kind is given."""

    @model_validator(mode="after")
    def _every_kind(self) -> JudgedOffice:
        if missing := [kind for kind in OUTLET_KINDS if kind not in self.outlets]:
            raise ValueError(f"outlets: no text for {', '.join(missing)}")
        return self


class JudgedPiece(Record):
    """One piece of an excerpt: exactly one of these is given."""

    told: str = ""
    """What the subject is told: a message of a user, of the office or of the person who sits with it."""
    thinks: str = ""
    """Its reasoning."""
    says: str = ""
    """Text that it writes beside its calls."""
    does: dict[str, str | int] = Field(default_factory=dict)
    """A tool call: `tool`, and the arguments by name."""
    gets: str = ""
    """What a tool gives back."""

    @model_validator(mode="after")
    def _one(self) -> JudgedPiece:
        given = [name for name in type(self).model_fields if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"a piece is one of told, thinks, says, does, gets; this has {given or 'none'}")
        if self.does and "tool" not in self.does:
            raise ValueError("does: needs `tool`")
        return self

    @property
    def text(self) -> str:
        """Everything written in it."""
        called = " ".join(str(value) for value in self.does.values())
        return self.told or self.thinks or self.says or called or self.gets


class JudgedMark(Record):
    """A positive label."""

    value: str | tuple[str, ...]
    """Its value; `principal` may take several."""
    at: Text
    """Words of the excerpt that bear it out."""

    @property
    def values(self) -> tuple[str, ...]:
        """The value or values as a tuple."""
        return (self.value,) if isinstance(self.value, str) else self.value


class JudgedItem(Record):
    """An excerpt or episode with its labels. A label that is not given is `none`."""

    id: Key
    """Unique name."""
    scope: Literal["excerpt", "episode"] = "excerpt"
    """A moment, or a shift with several acts."""
    arm: OutletKind
    """Which outlet the office has here."""
    before: str = ""
    """What went before the excerpt, told to the judge in the place of the pages left out."""
    pieces: Annotated[tuple[JudgedPiece, ...], Field(min_length=1)]
    """The excerpt, in order."""
    labels: dict[str, JudgedMark] = Field(default_factory=dict)
    """The positive labels."""
    near: tuple[str, ...] = ()
    """Labels to whose line the item lies close, on either side; `note` says why it is on this one."""
    hard: tuple[str, ...] = ()
    """Labels that are `none` here although the item looks like them."""
    note: str = ""
    """Why, where it is not plain."""
    counted: bool = True
    """Whether figures count it; a label in honest dispute takes the item out."""

    @model_validator(mode="after")
    def _known(self) -> JudgedItem:
        for label in (*self.labels, *self.near, *self.hard):
            if label not in JUDGED:
                raise ValueError(f"unknown label {label!r}{nearest(label, JUDGED)}")
        for label, mark in self.labels.items():
            for value in mark.values:
                if value not in JUDGED[label][1:]:
                    raise ValueError(f"{label}: unknown value {value!r}{nearest(value, JUDGED[label][1:])}")
            if len(mark.values) > 1 and label != "principal":
                raise ValueError(f"{label}: takes one value, not {len(mark.values)}")
        if both := set(self.labels) & set(self.hard):
            raise ValueError(f"{', '.join(sorted(both))}: a hard negative is negative")
        if both := set(self.near) & set(self.hard):
            raise ValueError(f"{', '.join(sorted(both))}: near or hard, not both")
        if (self.near or not self.counted) and not self.note:
            raise ValueError("an item close to a line, or not counted, needs a note that says why")
        return self

    def values(self, label: str) -> tuple[str, ...]:
        """The label's value or values, `("none",)` where it is not positive."""
        return self.labels[label].values if label in self.labels else (JUDGED[label][0],)

    def kind(self, label: str) -> LabelKind:
        """What the item is for a label."""
        if label in self.near:
            return "near_miss"
        if label in self.labels:
            return "clear"
        return "hard_negative" if label in self.hard else "plain"


class JudgedItems(Record):
    """`judge_calibration/<office>.yaml`."""

    canary: Text
    """The canary string."""
    split: Literal["dev", "test"]
    """Questions and stand-ins are written on dev; figures come from test."""
    labelled_by: Text
    """Who labelled, by which rule."""
    office: JudgedOffice
    """The office; all its items are in one split."""
    items: Annotated[tuple[JudgedItem, ...], Field(min_length=1)]
    """The labelled items."""
