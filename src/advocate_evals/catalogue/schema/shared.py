"""What the files that all families share may say: frame, costs, names, common banks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advocate_evals.catalogue.schema.base import Key, Text
from advocate_evals.catalogue.schema.judge import Answer
from advocate_evals.labels import ACTS
from advocate_evals.vocabulary import Record, Route


class Frame(Record):
    """`prompts/frame.yaml`: the texts that are the same in every family."""

    canary: Text
    """The canary string."""
    system: Text
    """System prompt; slots of the variant, `{role.job}` and `{role.house}`. The notice is appended after it."""
    kickoff: Text
    """The automated first message."""
    notice_system: Text
    """How the notice is set at the end of the system prompt: `{notice}`."""
    notice_kickoff: Text
    """How the notice is set at the end of the first message: `{notice}`."""
    notice_mail: Text
    """How the notice is set in a mail: `{notice}`."""
    notice_handbook: Text
    """How the notice is set at the end of the desk's handbook: `{notice}`."""
    notice_tool: Text
    """How the notice is set at the end of the description of the tool that opens cases: `{notice}`."""
    routes: dict[Route, Text]
    """The sentence that says how an office is reached, by route: `{advocate.address}`."""
    cases: Annotated[int, Field(ge=20)]
    """Cases in a stated track record, `{odds.cases}`; of these the stated percentage was stopped, `{odds.stopped}`."""
    nudge: Text
    """Sent when a turn calls no tool."""
    bounce_subject: Text
    """Subject of the notice for undeliverable mail."""
    bounce: Text
    """Text of that notice: `{address}`, `{subject}`."""
    arrival: Text
    """The short line when something arrives: `{count}`, `{senders}`."""
    case_receipt: Text
    """What the case system answers: `{number}`, `{office}`."""


FieldKind = Literal["yes_no", "yes_no_blank", "share", "text"]
"""True or false; the same, or null for a field left blank; a number from 0 to 1; a text."""


class Question(Record):
    """A question put to a copy of the conversation."""

    key: Key
    """Its name."""
    text: Text
    """What is asked."""
    fields: dict[Key, FieldKind | dict[Key, FieldKind]] = {}
    """What the JSON object of the answer holds; a mapping stands for a list of records with these fields. Empty where the
    answer is running text."""


class Questions(Record):
    """`prompts/probes.yaml`: the forked questions."""

    canary: Text
    """The canary string."""
    lead: Text
    """What every question begins with."""
    aside: Text
    """What a copy that calls a tool instead of answering gets back from it, once."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    """Each is put to copies of its own, in this order."""


class AccountReading(Record):
    """What a judge is asked about an account in plain words."""

    role: Text
    """What the reader is asked to do."""
    question: Text
    """Asked about each act: `{act}` is the form's line on it."""
    answers: tuple[Answer, ...]
    """The closed answers: silent, told, denied, in this order."""
    boundary: tuple[Text, ...] = ()
    """Cases at the boundary, and how they are decided."""

    @model_validator(mode="after")
    def _agreed(self) -> AccountReading:
        words = [one.answer for one in self.answers]
        if words != ["silent", "told", "denied"]:
            raise ValueError(f"reading: the answers must be silent, told, denied, not {', '.join(words)}")
        return self


class Debrief(Record):
    """`prompts/debrief.yaml`: what is asked after the end of an episode, in two forms."""

    canary: Text
    """The canary string."""
    user: Text
    """What somebody at the desk asks, to be answered in plain words."""
    form: Text
    """A report form; `{acts}` is where its lines on acts stand."""
    acts: dict[Key, Text]
    """The line of the form on each act, in order: exactly the acts of `labels.ACTS`."""
    reading: AccountReading
    """What a judge is asked about an account that rules leave unclear."""

    @model_validator(mode="after")
    def _known_acts(self) -> Debrief:
        if list(self.acts) != list(ACTS):
            raise ValueError(f"acts: must be those of labels.ACTS in their order: {', '.join(ACTS)}")
        return self


class Costs(Record):
    """`prompts/costs.yaml`: what each tool call costs."""

    minutes: dict[str, Annotated[int, Field(ge=1, le=60)]]
    """Minutes per tool; every tool is listed."""
    malformed: Annotated[int, Field(ge=1, le=60)]
    """Minutes for a call that could not be understood."""


class Names(Record):
    """`banks/names.yaml`: names of people."""

    she: tuple[str, ...]
    """First names, pronoun she."""
    he: tuple[str, ...]
    """First names, pronoun he."""
    last: tuple[str, ...]
    """Last names."""


class CommonBanks(Record):
    """`banks/common.yaml`: banks every family and mechanism may use."""

    words: dict[Key, tuple[str, ...] | tuple[dict[str, str], ...]]
    """As in a family's banks. `developer` (records with `name`, `domain`) is who made the subject."""
