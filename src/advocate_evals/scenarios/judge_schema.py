"""Schemas of the data for judging: the judge's prompts and rubrics, phrase lists, and labelled episodes.

The labelled episodes (`judge_calibration/`) measure how accurate a judge is.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from advocate_evals.outcomes import DESPERATION_OUTCOMES, JUDGE_ANSWERS
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.shared_schema import ClosedAnswer, Key, Text

EvidenceBasis = Literal["words", "reasoning", "call", "note"]
"""Kinds of pieces of a record that can be evidence of what the agent did: what it wrote, its reasoning, its tool calls,
and notes on turns without any output."""

PieceKind = Literal["instructions", "message", "words", "reasoning", "call", "result", "note"]
"""Kinds of pieces of a record."""
RuleBasis = Literal["instructions", "message", "result"]
"""Kinds of pieces that can state a rule: what the agent was told, and what it read."""


class RubricLabel(Record):
    """One question of a rubric."""

    key: Key
    """Its name."""
    question: Text
    """Its text."""
    answers: Annotated[tuple[ClosedAnswer, ...], Field(min_length=2)]
    """The closed answers. The first says that nothing happened and needs no quote."""
    several: bool = False
    """Whether several answers may be given at once, other than the first."""
    rests_on: Annotated[tuple[EvidenceBasis, ...], Field(min_length=1)]
    """Kinds of pieces that its quotes may come from."""
    rule_in: tuple[RuleBasis, ...] = ()
    """Kinds of pieces one of which must be quoted besides, for the rule that the answer is about; none where empty."""
    boundary: tuple[Text, ...] = ()
    """Borderline cases, and how they are decided."""

    @property
    def words(self) -> tuple[str, ...]:
        """The closed answers as words."""
        return tuple(answer.answer for answer in self.answers)


class Rubric(Record):
    """A judge's task: its role, its questions, and which answer takes precedence."""

    role: Text
    """What the judge is asked to do."""
    labels: Annotated[tuple[RubricLabel, ...], Field(min_length=1)]
    """The questions, in order."""
    precedence: tuple[Text, ...] = ()
    """Which answer takes precedence where several apply."""

    @model_validator(mode="after")
    def _check_keys(self) -> Rubric:
        keys = [label.key for label in self.labels]
        if len(set(keys)) < len(keys) or {"notes", "account"} & set(keys):
            raise ValueError(f"keys of questions must be unique, none of them 'notes' or 'account': {', '.join(keys)}")
        return self


class RecordTexts(Record):
    """Texts that present the record of a session to a judge."""

    fence: Text
    """Explains the marks and the bars."""
    names: Text
    """Explains the neutral names."""
    begins: Text
    """Line before the record: `{nonce}`."""
    ends: Text
    """Line after it: `{nonce}`."""
    cut: Text
    """Line where text was left out: `{count}`, `{piece}`, `{nonce}`."""
    unseen: Text
    """Line where characters that are not seen were left out: `{count}`, `{piece}`, `{nonce}`."""
    headings: dict[PieceKind, Text]
    """Heading of a piece by its kind: `{piece}`, `{tool}`, and of results `{to}`."""
    to: Text
    """Says which tool call a result belongs to: `{piece}`."""
    quiet: dict[Literal["turn_refused", "turn_empty", "turn_idle"], Text]
    """Placeholder for a turn that left no message, by its kind."""
    before: Text
    """Placeholder for the session before an excerpt: `{before}`."""
    office: Text
    """Placeholder for the instructions in a labelled item: `{agent}`, `{company}`, `{trade}`, `{developer}`,
    `{address}`, `{people}`, `{rules}`, `{decision}`, `{matter}`."""
    withheld: Text
    """Placeholder for a text that is left out."""
    minutes: Text
    """Placeholder for the minutes that the agent waited for mail."""


class FormTexts(Record):
    """Texts of the tool call through which a judge answers."""

    tool: Key
    """Name of the tool."""
    description: Text
    """Description of the tool."""
    notes: Text
    """Description of the field `notes`, in which the judge may think before it answers."""
    account: Text
    """Description of the field `account`."""
    boundary: Text
    """Heading of the borderline cases of a question."""
    several: Text
    """Says that a question takes several answers."""
    source: Text
    """Says which kinds of pieces a quote must come from: `{kinds}`."""
    rule_source: Text
    """Says which kinds of pieces the quote of a rule must come from: `{kinds}`."""
    kinds: dict[PieceKind, Text]
    """The kinds of pieces in words."""
    precedence: Text
    """Heading of the rules of precedence."""
    quoting: Text
    """The rule for quotes."""
    closing: Text
    """The end of the request, after the record: `{questions}`, `{several}`, `{tool}`."""
    question: Text
    """A question in the end of the request: `{label}`, `{question}`, `{answers}`."""
    several_shape: Text
    """Says what the field of a question with several answers looks like: `{label}`."""
    again_unread: Text
    """Repeated request where nothing could be parsed: `{why}`."""
    again_declined: Text
    """Repeated request where the judge declined."""
    again_faults: Text
    """Repeated request where single answers are invalid: `{faults}`."""
    fault_missing: Text
    """A quote that is not in the record: `{label}`, `{quote}`."""
    fault_place: Text
    """Quotes from the wrong kind of piece: `{label}`, `{answer}`, `{kinds}`."""
    fault_rule: Text
    """No quote of the rule: `{label}`, `{kinds}`."""
    fault_none: Text
    """No quote: `{label}`, `{answer}`."""
    fault_clash: Text
    """Two answers that exclude each other: `{label}`, `{answer}`, `{other}`."""


class CascadeRules(Record):
    """When rules decide an episode without a judge."""

    most_words: Annotated[int, Field(ge=0, le=200)]
    """The largest number of words that the agent may have written in the episode."""
    declines: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Beginnings of words that may express a refusal: the judge decides unless every turn was refused."""
    open: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Beginnings of words that always require a judge."""


class JudgeTexts(Record):
    """`prompts/judge.yaml`: every word a judge reads."""

    canary: Text
    """The canary string."""
    shown: RecordTexts
    """Texts that present the record."""
    form: FormTexts
    """Texts of the tool call through which the judge answers."""
    judge: Rubric
    """The rubric of the scorer `judge`."""
    desperation: Rubric
    """The rubric of the scorer `desperation`."""
    cascade: CascadeRules
    """When rules decide without a judge."""

    @model_validator(mode="after")
    def _check_answers(self) -> JudgeTexts:
        answers = {label.key: label.words for label in self.judge.labels}
        for key in (*JUDGE_ANSWERS, *answers):
            if answers.get(key) != JUDGE_ANSWERS.get(key):
                raise ValueError(
                    f"judge: label {key!r} has the answers {answers.get(key)}, not {JUDGE_ANSWERS.get(key)}"
                    + ("" if key in JUDGE_ANSWERS else suggest_nearest(key, JUDGE_ANSWERS))
                )
        (rated,) = self.desperation.labels
        if rated.key not in DESPERATION_OUTCOMES or rated.words != tuple(str(level) for level in range(11)):
            raise ValueError("desperation: one question named 'rated', with the answers 0 to 10 in order")
        return self


class PhraseList(Record):
    """Plain phrases with the same meaning."""

    about: Text
    """Their meaning."""
    phrases: Text
    """The phrases, separated by commas; `*` stands for up to four words, `~` for any ending of a word."""


class PhraseTurn(Record):
    """A turn of phrase, as regular expressions over lower-case text with contractions written out."""

    about: Text
    """Its meaning."""
    any_of: tuple[str | tuple[str, ...], ...] = ()
    """Alternatives, each matched as whole words; an alternative `<name>` is the turn of that name. A list is one
    expression in parts."""
    pattern: tuple[str, ...] = ()
    """One expression in parts, where alternatives do not suffice."""

    @model_validator(mode="after")
    def _check_pattern(self) -> PhraseTurn:
        if bool(self.any_of) == bool(self.pattern):
            raise ValueError("needs either `any_of` or `pattern`")
        return self


class MailPhrases(Record):
    """`phrases/mail_phrases.yaml`: the phrase lists and patterns that the text rules search mail for."""

    canary: Text
    """The canary string."""
    classes: dict[str, tuple[str, ...]]
    """Classes of words by name, for use in patterns as `<name>`; each an expression in parts."""
    lists: dict[str, PhraseList]
    """Plain phrases by name."""
    turns: dict[str, PhraseTurn]
    """Turns of phrase by name."""


class DistressWords(Record):
    """`prompts/distress.yaml`: words of distress."""

    canary: Text
    """The canary string."""
    denied: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Negations: a word of distress within two words after one of these does not count."""
    words: Annotated[dict[Key, tuple[Text, ...]], Field(min_length=1)]
    """By kind: words and phrases in lower case; `~` at the end stands for any ending."""


# Labelled episodes, which measure how accurate a judge is.

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
    """Its value; `principal` may have several."""
    at: Text
    """Words of the excerpt that are its evidence."""

    @property
    def values(self) -> tuple[str, ...]:
        """The value or values as a tuple."""
        return (self.value,) if isinstance(self.value, str) else self.value


class JudgedItem(Record):
    """An excerpt or episode with its labels. A missing label is `none`."""

    id: Key
    """Unique name."""
    scope: Literal["excerpt", "episode"] = "excerpt"
    """`excerpt`: a moment; `episode`: a shift with several acts."""
    arm: OutletKind
    """The kind of outlet in this item."""
    before: str = ""
    """Summary of the session before the excerpt, which the judge reads in its place."""
    pieces: Annotated[tuple[JudgedPiece, ...], Field(min_length=1)]
    """The excerpt, in order."""
    labels: dict[str, JudgedMark] = Field(default_factory=dict)
    """The positive labels."""
    near: tuple[str, ...] = ()
    """Labels to whose boundary the item is close, on either side; `note` gives the reason for the side."""
    hard: tuple[str, ...] = ()
    """Labels that are `none` although the item looks positive."""
    note: str = ""
    """The reason for a label, where it is not obvious."""
    counted: bool = True
    """Whether figures include it; an item with a disputed label is excluded."""

    @model_validator(mode="after")
    def _check_labels(self) -> JudgedItem:
        for label in (*self.labels, *self.near, *self.hard):
            if label not in JUDGE_ANSWERS:
                raise ValueError(f"unknown label {label!r}{suggest_nearest(label, JUDGE_ANSWERS)}")
        for label, mark in self.labels.items():
            for value in mark.values:
                if value not in JUDGE_ANSWERS[label][1:]:
                    raise ValueError(
                        f"{label}: unknown value {value!r}{suggest_nearest(value, JUDGE_ANSWERS[label][1:])}"
                    )
            if len(mark.values) > 1 and label != "principal":
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
        return self.labels[label].values if label in self.labels else (JUDGE_ANSWERS[label][0],)

    def kind(self, label: str) -> LabelKind:
        """What the item is for a label."""
        if label in self.near:
            return "near_miss"
        if label in self.labels:
            return "clear"
        return "hard_negative" if label in self.hard else "plain"


class JudgedItems(Record):
    """`judge_calibration/<office>.yaml`: labelled items of one office."""

    canary: Text
    """The canary string."""
    split: Literal["dev", "test"]
    """Questions and stand-ins are developed on `dev`; figures come from `test`."""
    labelled_by: Text
    """Who assigned the labels, and by which rule."""
    office: JudgedOffice
    """The office; all its items are in the same split."""
    items: Annotated[tuple[JudgedItem, ...], Field(min_length=1)]
    """The labelled items."""
