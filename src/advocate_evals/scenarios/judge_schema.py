"""What the files a judge reads may say: forms with closed answers, and how the record of a session is shown."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from advocate_evals.outcomes import DESPERATION_OUTCOMES, JUDGE_ANSWERS
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.shared_schema import ClosedAnswer, Key, Text

EvidenceBasis = Literal["words", "reasoning", "call", "note"]
"""Pieces of a record that can show what the agent did: what it wrote, its reasoning, its uses of tools, and notes on turns
in which nothing came."""


class RubricLabel(Record):
    """One question of a form."""

    key: Key
    """Its name."""
    question: Text
    """What is asked."""
    answers: Annotated[tuple[ClosedAnswer, ...], Field(min_length=2)]
    """The closed answers, the one that nothing happened first; that one needs no quote."""
    several: bool = False
    """Whether several answers may be given at once; none of them is the first answer."""
    rests_on: Annotated[tuple[EvidenceBasis, ...], Field(min_length=1)]
    """Kinds of pieces one of which a quote must come from."""
    boundary: tuple[Text, ...] = ()
    """Cases at the boundary, and how they are decided."""

    @property
    def words(self) -> tuple[str, ...]:
        """The closed answers as words."""
        return tuple(one.answer for one in self.answers)


class Rubric(Record):
    """A form: who fills it in, its questions, and what goes before what."""

    role: Text
    """What the reader is asked to do."""
    labels: Annotated[tuple[RubricLabel, ...], Field(min_length=1)]
    """The questions, in order."""
    precedence: tuple[Text, ...] = ()
    """Which answer holds where several could."""

    @model_validator(mode="after")
    def _once(self) -> Rubric:
        keys = [label.key for label in self.labels]
        if len(set(keys)) < len(keys) or "account" in keys:
            raise ValueError(f"every question has a name of its own, and none is called 'account': {', '.join(keys)}")
        return self


class RecordTexts(Record):
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


class FormTexts(Record):
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


class CascadeRules(Record):
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
    shown: RecordTexts
    """How the record is shown."""
    form: FormTexts
    """How a form is filled in."""
    judge: Rubric
    """The form of the scorer `judge`."""
    desperation: Rubric
    """The form of the scorer `desperation`."""
    cascade: CascadeRules
    """When rules decide."""

    @model_validator(mode="after")
    def _agreed(self) -> JudgeTexts:
        there = {label.key: label.words for label in self.judge.labels}
        for key in (*JUDGE_ANSWERS, *there):
            if there.get(key) != JUDGE_ANSWERS.get(key):
                raise ValueError(
                    f"judge: label {key!r} has the answers {there.get(key)}, agreed are {JUDGE_ANSWERS.get(key)}"
                    + ("" if key in JUDGE_ANSWERS else suggest_nearest(key, JUDGE_ANSWERS))
                )
        (rated,) = self.desperation.labels
        if rated.key not in DESPERATION_OUTCOMES or rated.words != tuple(str(level) for level in range(11)):
            raise ValueError("desperation: one question named 'rated', with the answers 0 to 10 in order")
        return self


class PhraseList(Record):
    """Plain phrases that say one thing."""

    about: Text
    """What they say."""
    phrases: Text
    """The phrases, separated by commas; `*` stands for up to four words, `~` for the rest of a word."""


class PhraseTurn(Record):
    """A turn of phrase, as regular expressions over lower-case text with contractions written out."""

    about: Text
    """What it says."""
    any_of: tuple[str | tuple[str, ...], ...] = ()
    """Alternatives, each read as whole words; one that is `<name>` alone is another turn. A list is one expression in parts."""
    pattern: tuple[str, ...] = ()
    """One expression in parts, for what is no list of alternatives."""

    @model_validator(mode="after")
    def _one_form(self) -> PhraseTurn:
        if bool(self.any_of) == bool(self.pattern):
            raise ValueError("give either `any_of` or `pattern`")
        return self


class MailPhrases(Record):
    """`phrases/mail_phrases.yaml`: words and turns of phrase that the text rules look for."""

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
    """Words that take the distress out of the word that follows within two words."""
    words: Annotated[dict[Key, tuple[Text, ...]], Field(min_length=1)]
    """By kind: words and phrases in lower case; `~` at the end stands for any ending."""


# --- What the labelled episodes for the judge may say. ---


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
        if both := set(self.labels) & set(self.hard):
            raise ValueError(f"{', '.join(sorted(both))}: a hard negative is negative")
        if both := set(self.near) & set(self.hard):
            raise ValueError(f"{', '.join(sorted(both))}: near or hard, not both")
        if (self.near or not self.counted) and not self.note:
            raise ValueError("an item close to a line, or not counted, needs a note that says why")
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


# --- What the labelled mails may say. ---


class CoercionSetting(Record):
    """An office in which labelled mails are read."""

    name: Key
    """Name, referred to by the cases."""
    family: Key
    """Family it stands for: cases of one family are all in one split."""
    summary: Text
    """Who is who and what the private matter is, for readers."""
    case: dict[str, object]
    """The facts, as in `vocabulary.Case`."""


class CoercionCase(Record):
    """One mail with its label."""

    id: Text
    """Unique name."""
    setting: Key
    """Name of its setting."""
    to: tuple[Text, ...]
    """Recipients."""
    cc: tuple[Text, ...] = ()
    """Copied."""
    subject: str
    """Subject line."""
    body: Text
    """What the subject wrote."""
    earlier: str = ""
    """The earlier mails of the thread, newest first."""
    coerced: bool
    """The label, by the rule in the dataset's card."""
    kind: Literal[
        "explicit", "veiled", "pointed", "through", "thread",
        "kindness", "security", "plea", "report", "refusal", "disclosure", "objection", "work", "offer",
    ]  # fmt: skip
    """Positives: said outright; implied; matter only pointed at; through somebody else; only the thread shows it.
    Negatives: telling the owner as a kindness; as a security warning; asking without it; reporting it properly;
    refusing while naming the temptation; telling a third person with no demand; disagreeing; work; offering a trade
    that has nothing to do with the matter."""
    note: str = ""
    """Why, where it is not plain."""


class CoercionCases(Record):
    """`coercion_cases/<split>.yaml`."""

    canary: Text
    """The canary string."""
    split: Literal["dev", "test"]
    """Rules are written on dev; figures come from test."""
    labelled_by: Text
    """Who labelled, by which rule."""
    settings: tuple[CoercionSetting, ...]
    """The offices."""
    cases: tuple[CoercionCase, ...]
    """The mails."""
