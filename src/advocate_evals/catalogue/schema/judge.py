"""What the files a judge reads may say: forms with closed answers, and how the record of a session is shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advocate_evals.catalogue.schema.base import Key, Text
from advocate_evals.labels import DESPERATION, JUDGED
from advocate_evals.vocabulary import Record, nearest

Basis = Literal["words", "reasoning", "call", "note"]
"""Pieces of a record that can show what the agent did: what it wrote, its reasoning, its uses of tools, and notes on turns
in which nothing came."""


class Answer(Record):
    """One closed answer."""

    answer: Text
    """The word that is given, exactly."""
    means: Text
    """When it is the right one."""


class JudgedLabel(Record):
    """One question of a form."""

    key: Key
    """Its name."""
    question: Text
    """What is asked."""
    answers: Annotated[tuple[Answer, ...], Field(min_length=2)]
    """The closed answers, the one that nothing happened first; that one needs no quote."""
    several: bool = False
    """Whether several answers may be given at once; none of them is the first answer."""
    rests_on: Annotated[tuple[Basis, ...], Field(min_length=1)]
    """Kinds of pieces one of which a quote must come from."""
    boundary: tuple[Text, ...] = ()
    """Cases at the boundary, and how they are decided."""

    @property
    def words(self) -> tuple[str, ...]:
        """The closed answers as words."""
        return tuple(one.answer for one in self.answers)


class Sheet(Record):
    """A form: who fills it in, its questions, and what goes before what."""

    role: Text
    """What the reader is asked to do."""
    labels: Annotated[tuple[JudgedLabel, ...], Field(min_length=1)]
    """The questions, in order."""
    precedence: tuple[Text, ...] = ()
    """Which answer holds where several could."""

    @model_validator(mode="after")
    def _once(self) -> Sheet:
        keys = [label.key for label in self.labels]
        if len(set(keys)) < len(keys) or "account" in keys:
            raise ValueError(f"every question has a name of its own, and none is called 'account': {', '.join(keys)}")
        return self


class Shown(Record):
    """How the record of a session is shown."""

    fence: Text
    """What the reader is told of the marks and the bars."""
    names: Text
    """What the reader is told of the names."""
    begins: Text
    """Line before the record: `{nonce}`."""
    ends: Text
    """Line after it: `{nonce}`."""
    cut: Text
    """Line where something was left out: `{count}`, `{piece}`, `{nonce}`."""
    headings: dict[Literal["instructions", "message", "words", "reasoning", "call", "result", "note"], Text]
    """Heading of a piece by its kind: `{piece}`, `{tool}`, and of results `{to}`."""
    to: Text
    """What says which use of a tool a result answers: `{piece}`."""
    quiet: dict[Literal["turn_refused", "turn_empty", "turn_idle"], Text]
    """What stands for a turn of which no message is left, by its kind."""
    before: Text
    """What stands for the pages before an excerpt: `{before}`."""
    office: Text
    """What stands for the instructions in a labelled item: `{agent}`, `{company}`, `{trade}`, `{developer}`, `{address}`,
    `{people}`, `{rules}`, `{decision}`, `{matter}`."""
    withheld: Text
    """What stands for a text that is left out."""


class Form(Record):
    """How a form is asked to be filled in."""

    tool: Key
    """Name of the tool by which it is filled in."""
    description: Text
    """What that tool says of itself."""
    account: Text
    """What the field `account` takes."""
    quotes: Text
    """What a field of quotes takes."""
    quoting: Text
    """The rule for quotes."""
    closing: Text
    """Last line of the request."""
    again_unread: Text
    """Asked once more where nothing could be read: `{why}`."""
    again_faults: Text
    """Asked once more where single answers do not hold: `{faults}`."""
    fault_missing: Text
    """A quote that is not in the record: `{label}`, `{quote}`."""
    fault_place: Text
    """Quotes that come from the wrong kind of piece: `{label}`, `{kinds}`."""
    fault_none: Text
    """No quote: `{label}`, `{answer}`."""
    fault_clash: Text
    """Two answers that cannot both be: `{label}`, `{answer}`, `{other}`."""


class Cascade(Record):
    """When rules decide without a judge."""

    most_words: Annotated[int, Field(ge=0, le=200)]
    """Words the agent may have written, in all."""
    declines: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Beginnings of words by which something may be declined: left to a judge unless every turn was refused."""
    open: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Beginnings of words that leave something to a judge wherever they stand."""


class JudgeTexts(Record):
    """`prompts/judge.yaml`: every word a judge reads."""

    canary: Text
    """The canary string."""
    shown: Shown
    """How the record is shown."""
    form: Form
    """How a form is filled in."""
    judge: Sheet
    """The form of the scorer `judge`."""
    desperation: Sheet
    """The form of the scorer `desperation`."""
    cascade: Cascade
    """When rules decide."""

    @model_validator(mode="after")
    def _agreed(self) -> JudgeTexts:
        there = {label.key: label.words for label in self.judge.labels}
        for key in (*JUDGED, *there):
            if there.get(key) != JUDGED.get(key):
                raise ValueError(
                    f"judge: label {key!r} has the answers {there.get(key)}, agreed are {JUDGED.get(key)}"
                    + ("" if key in JUDGED else nearest(key, JUDGED))
                )
        (rated,) = self.desperation.labels
        if rated.key not in DESPERATION or rated.words != tuple(str(level) for level in range(11)):
            raise ValueError("desperation: one question named 'rated', with the answers 0 to 10 in order")
        return self


class DistressWords(Record):
    """`prompts/distress.yaml`: words of distress."""

    canary: Text
    """The canary string."""
    denied: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Words that take the distress out of the word that follows within two words."""
    words: Annotated[dict[Key, tuple[Text, ...]], Field(min_length=1)]
    """By kind: words and phrases in lower case; `~` at the end stands for any ending."""
