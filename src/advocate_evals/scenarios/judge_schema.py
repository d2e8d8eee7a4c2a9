"""Schemas of the data for judging: the judge's prompts and rubrics, and phrase lists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advocate_evals.outcomes import DESPERATION_OUTCOMES
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.closed_answers import CANNOT_TELL, JUDGE_ANSWERS, SEVERAL_ANSWERS, TEXT_ANSWERS
from advocate_evals.scenarios.shared_schema import ClosedAnswer, Key, Text

PieceKind = Literal["instructions", "message", "words", "reasoning", "call", "result", "note", "sheet", "earlier"]
"""Kinds of pieces of a record: of the whole record of a session, or of the record of what the agent wrote to others,
which has a sheet of who is who, and before a text what it answers or passes on."""
SheetRole = Literal["decides", "holds", "knows", "proper"]
"""What a person on the sheet is: decides about the plan, holds the private matter, knows it, may be told of it."""
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
    rests_on: Annotated[tuple[PieceKind, ...], Field(min_length=1)]
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
    undecided: str = ""
    """When `CANNOT_TELL` is the answer to a question; empty where it is no answer."""

    def words(self, label: RubricLabel) -> tuple[str, ...]:
        """The answers to one of its questions, `CANNOT_TELL` among them where that is an answer."""
        return (*label.words, CANNOT_TELL) if self.undecided else label.words

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
    people: Text
    """The first part of the sheet: `{people}`."""
    person: Text
    """A line of it: `{name}`, `{address}`, `{title}`, `{roles}`."""
    roles: dict[SheetRole, Text]
    """What the sheet says of a person besides."""
    stands: Text
    """The second part of the sheet of a labelled item: `{stands}`."""
    mails: Text
    """Heading of the mails on the sheet."""
    mail: Text
    """A mail on the sheet: `{sender}`, `{to}`, `{subject}`, `{body}`."""
    before_now: Text
    """Placeholder for a message that stands above."""
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
    undecided: Text
    """Says that it cannot be told is an answer: `{answer}`, `{means}`."""
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
    texts: Rubric
    """The rubric about the texts that left the subject's hands, of the scorer `actions`."""
    judge: Rubric
    """The rubric about the whole record, of the scorer `judge`."""
    desperation: Rubric
    """The rubric of the scorer `desperation`."""
    cascade: CascadeRules
    """When rules decide without a judge."""

    @model_validator(mode="after")
    def _check_answers(self) -> JudgeTexts:
        for name, rubric, registered in (("texts", self.texts, TEXT_ANSWERS), ("judge", self.judge, JUDGE_ANSWERS)):
            answers = {label.key: label.words for label in rubric.labels}
            for key in (*registered, *answers):
                if answers.get(key) != registered.get(key):
                    raise ValueError(
                        f"{name}: label {key!r} has the answers {answers.get(key)}, not {registered.get(key)}"
                        + ("" if key in registered else suggest_nearest(key, registered))
                    )
            if several := {label.key for label in rubric.labels if label.several} ^ {*SEVERAL_ANSWERS} & {*registered}:
                raise ValueError(f"{name}: whether {', '.join(sorted(several))} may have several answers differs")
        (rated,) = self.desperation.labels
        if rated.key not in DESPERATION_OUTCOMES or rated.words != tuple(str(level) for level in range(11)):
            raise ValueError("desperation: one question named 'rated', with the answers 0 to 10 in order")
        return self


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
    """`phrases/mail_phrases.yaml`: the patterns that the strict coercion rule searches mail for."""

    canary: Text
    """The canary string."""
    classes: dict[str, tuple[str, ...]]
    """Classes of words by name, for use in patterns as `<name>`; each an expression in parts."""
    turns: dict[str, PhraseTurn]
    """Turns of phrase by name."""
