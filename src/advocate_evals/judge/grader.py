"""What a grader made of a record: which answers hold, by which quotes, and why others are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from inspect_ai.model import (
    CachePolicy,
    ChatMessage,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    ResponseSchema,
)
from inspect_ai.tool import ToolFunction

from advocate_evals.judge.fencing import FencedRecord
from advocate_evals.judge.rubric import (
    FilledForm,
    UnreadableForm,
    describe_piece_kinds,
    parse_form,
    parse_form_text,
    rubric_instructions,
    rubric_schema,
    rubric_tool,
)
from advocate_evals.model_calls import generate_with_retry
from advocate_evals.model_names import is_standin
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scenarios.judge_schema import Rubric, RubricLabel

MAX_QUOTE_LENGTH = 300
"""Characters of a quote or of a provider's words that are kept."""
_CLASHES = (("petition", "petition_truth"),)
"""Pairs of questions whose first answers go together."""

GraderFault = Literal["", "refused", "malformed", "truncated", "failed"]


@dataclass(frozen=True, slots=True)
class LocatedQuote:
    """A quote that was found."""

    text: str
    piece: int
    """Number of the first piece it stands in, of the kinds that can show it where there is one."""
    kind: str


@dataclass(frozen=True, slots=True)
class GraderUsage:
    """What asking cost."""

    calls: int = 0
    """How often a grader was asked."""
    input_tokens: int = 0
    """Tokens read, from a provider's prompt cache or not."""
    output_tokens: int = 0
    """Tokens written, reasoning among them where the provider counts it so."""

    def __add__(self, other: GraderUsage) -> GraderUsage:
        return GraderUsage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class GraderResponse:
    """What one grader made of one record."""

    grader: str
    """Name of the model."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By question, the answers that hold. A question that is not here is missing."""
    quotes: Mapping[str, tuple[LocatedQuote, ...]] = field(default_factory=dict)
    """By question, the quotes found."""
    reasoning_alone: tuple[str, ...] = ()
    """Questions whose answer rests on nothing but the subject's reasoning."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why an answer is missing, by question."""
    account: str = ""
    """What the grader says that happened."""
    fault: GraderFault = ""
    """Why nothing could be read at all; empty where something could."""
    why: str = ""
    """The same in words."""
    again: tuple[str, ...] = ()
    """Questions that were asked once more; `form` for the whole."""
    spent: GraderUsage = GraderUsage()
    """What it cost."""


def describe_faults(ballot: GraderResponse) -> str:
    """What is asked again, and why, in words for the grader."""
    lines = "\n".join(f"- {why}" for why in ballot.missing.values())
    return read_judge_texts().form.again_faults.format(faults=lines)


def merge_rounds(first: GraderResponse, second: GraderResponse) -> GraderResponse:
    """Both rounds as one: answers that held the first time stand, the others are those of the second."""
    spent, again = first.spent + second.spent, tuple(first.missing) or ("form",)
    if first.fault:
        return replace(second, spent=spent, again=again)
    if second.fault:
        missing = {key: f"{why}; asked again: {second.why}" for key, why in first.missing.items()}
        return replace(first, missing=missing, spent=spent, again=again)
    taken = [key for key in first.missing if key in second.answers]
    missing = {key: second.missing.get(key, why) for key, why in first.missing.items() if key not in taken}
    alone = {*first.reasoning_alone, *(key for key in second.reasoning_alone if key in taken)}
    return replace(
        first,
        answers={**first.answers, **{key: second.answers[key] for key in taken}},
        quotes={**first.quotes, **{key: second.quotes[key] for key in taken if key in second.quotes}},
        reasoning_alone=tuple(sorted(alone)),
        missing=missing,
        spent=spent,
        again=again,
    )


def verify_answers(
    grader: str, sheet: Rubric, said: Mapping[str, FilledForm], evidence: FencedRecord
) -> GraderResponse:
    """The answers whose quotes hold, and why the others do not.

    Args:
        grader: Name of the model.
        sheet: The form.
        said: It, filled in.
        evidence: The record.
    """
    answers: dict[str, tuple[str, ...]] = {}
    quotes: dict[str, tuple[LocatedQuote, ...]] = {}
    missing: dict[str, str] = {}
    alone = []
    for label in sheet.labels:
        given = said[label.key]
        if given.answers == (label.words[0],):
            answers[label.key] = given.answers
            continue
        found, why = _checked(label, given, evidence)
        if why:
            missing[label.key] = why
            continue
        answers[label.key], quotes[label.key] = given.answers, found
        if {quote.kind for quote in found if quote.kind in label.rests_on} == {"reasoning"}:
            alone.append(label.key)
    missing |= _clashes(answers)
    return GraderResponse(
        grader,
        answers={key: given for key, given in answers.items() if key not in missing},
        quotes={key: found for key, found in quotes.items() if key not in missing},
        reasoning_alone=tuple(alone),
        missing=missing,
    )


def _checked(label: RubricLabel, given: FilledForm, evidence: FencedRecord) -> tuple[tuple[LocatedQuote, ...], str]:
    """The quotes of an answer as found, or why it does not hold."""
    texts = read_judge_texts().form
    if not given.quotes:
        return (), texts.fault_none.format(label=label.key, answer=", ".join(given.answers))
    found = []
    for text in given.quotes:
        places = evidence.found(text)
        if not places:
            return (), texts.fault_missing.format(label=label.key, quote=repr(text[:MAX_QUOTE_LENGTH]))
        best = min(places, key=lambda place: _rank(label, evidence.kind(place)))
        found.append(LocatedQuote(text[:MAX_QUOTE_LENGTH], best, evidence.kind(best)))
    if not any(quote.kind in label.rests_on for quote in found):
        return (), texts.fault_place.format(label=label.key, kinds=describe_piece_kinds(label))
    return tuple(found), ""


def _rank(label: RubricLabel, kind: str) -> int:
    """Deeds and words before reasoning, and what cannot show it last."""
    return 0 if kind in label.rests_on and kind != "reasoning" else 1 if kind in label.rests_on else 2


def _clashes(answers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Answers that contradict each other, each with the reason."""
    text = read_judge_texts().form.fault_clash
    found: dict[str, str] = {}
    for one, other in _CLASHES:
        if one in answers and other in answers and (answers[one] == ("none",)) != (answers[other] == ("none",)):
            words = {"label": other, "answer": ", ".join(answers[other]), "other": f"{one}: {', '.join(answers[one])}"}
            found |= dict.fromkeys((one, other), text.format(**words))
    return found


# --- One grader asked to fill in one form about one record: asked once more where it must be, never read between the lines. ---


SCHEMA_PROVIDERS = ("openai", "google", "mistral", "vllm", "sglang", "ollama")
"""Providers that enforce a response schema for all their current models, without tools (read in Inspect's source): these
get the form as `response_schema`. All others get it as the one tool that must be called: Anthropic takes a schema from its
newer models only and a forced tool from all; Groq, Together, Fireworks, OpenRouter, Bedrock and Azure take a schema for some
models; DeepSeek reads none. Where Inspect turns a forced tool into a free choice (Anthropic and DeepSeek while thinking), a
form given as plain JSON text is read as well."""


def takes_response_schema(model: Model) -> bool:
    """Whether a grader gets the form as a response schema, or else as a tool that must be called."""
    return str(model).partition("/")[0] in SCHEMA_PROVIDERS


def cache_policy(model: Model) -> CachePolicy | bool:
    """Answers of graders are kept for good, whatever the epoch; those of stand-ins, which cost nothing and may change, are not."""
    return False if is_standin(str(model)) else CachePolicy(expiry=None, per_epoch=False)


async def ask_grader(grader: Model, sheet: Rubric, evidence: FencedRecord, *, cache: bool = True) -> GraderResponse:
    """Have a grader fill in a form about a record.

    A form that cannot be read, and answers whose quotes do not hold, are asked once more with the reason. What does not hold
    then either is missing. Nothing is ever filled in for the grader.

    Args:
        grader: The model.
        sheet: The form.
        evidence: The record.
        cache: Whether an earlier answer to the same request is taken.

    Returns:
        What came of it; a failure is a ballot with a `fault`, never an exception.
    """
    asking = _Asking(grader, sheet, cache)
    messages: list[ChatMessage] = [
        ChatMessageSystem(content=rubric_instructions(sheet)),
        ChatMessageUser(content=f"{evidence.text}\n\n{read_judge_texts().form.closing.strip()}"),
    ]
    first = await asking.once(messages, evidence)
    if first.fault in ("refused", "failed") or not (first.fault or first.missing):
        return first
    texts = read_judge_texts().form
    reason = texts.again_unread.format(why=first.why) if first.fault else describe_faults(first)
    second = await asking.once([*messages, *asking.reply(reason)], evidence)
    return merge_rounds(first, second)


async def ask_closed_question(
    grader: Model, label: RubricLabel, evidence: FencedRecord, *, role: str, cache: bool = True
) -> GraderResponse:
    """Have a grader answer a single closed question, under the same rules.

    Args:
        grader: The model.
        label: The question.
        evidence: The record.
        role: What the reader is asked to do.
        cache: As for `ask`.
    """
    return await ask_grader(grader, Rubric(role=role, labels=(label,)), evidence, cache=cache)


class _Asking:
    """The calls to one grader about one record."""

    def __init__(self, grader: Model, sheet: Rubric, cache: bool) -> None:
        self.grader, self.sheet = grader, sheet
        self.cache = cache_policy(grader) if cache else False
        self.output: ModelOutput | None = None

    async def once(self, messages: list[ChatMessage], evidence: FencedRecord) -> GraderResponse:
        """Ask, and read what comes."""
        name = str(self.grader)
        try:
            self.output = await self._generate(messages)
        except Exception as error:  # providers' errors have no common class, and no episode may be lost to a grader
            said = f"{type(error).__name__}: {error}".strip()[:MAX_QUOTE_LENGTH]
            return GraderResponse(name, fault="failed", why=said, spent=GraderUsage(1))
        spent = _spent(self.output)
        fault, why = _fault(self.output)
        if fault:
            return GraderResponse(name, fault=fault, why=why, spent=spent)
        try:
            account, said_ = parse_form(self.sheet, _given(self.output))
        except UnreadableForm as error:
            return GraderResponse(name, fault="malformed", why=str(error), spent=spent)
        return replace(verify_answers(name, self.sheet, said_, evidence), account=account, spent=spent)

    async def _generate(self, messages: list[ChatMessage]) -> ModelOutput:
        if takes_response_schema(self.grader):
            form = ResponseSchema(name=read_judge_texts().form.tool, json_schema=rubric_schema(self.sheet), strict=True)
            config = GenerateConfig(response_schema=form)
            return await generate_with_retry(self.grader, messages, config=config, cache=self.cache)
        tool = rubric_tool(self.sheet)
        forced = ToolFunction(tool.name)
        return await generate_with_retry(self.grader, messages, [tool], tool_choice=forced, cache=self.cache)

    def reply(self, reason: str) -> list[ChatMessage]:
        """The grader's answer and the reason it is asked again, as providers want them set."""
        if self.output is None or not self.output.choices:
            return [ChatMessageUser(content=reason)]
        said = self.output.message
        if said.tool_calls:
            refused = [
                ChatMessageTool(content=reason, tool_call_id=call.id, function=call.function)
                for call in said.tool_calls
            ]
            return [said, *refused]
        return [said, ChatMessageUser(content=reason)] if said.text.strip() else [ChatMessageUser(content=reason)]


def _spent(output: ModelOutput) -> GraderUsage:
    used = output.usage
    if used is None:
        return GraderUsage(1)
    cached = (used.input_tokens_cache_read or 0) + (used.input_tokens_cache_write or 0)
    return GraderUsage(1, used.input_tokens + cached, used.output_tokens)


def _fault(output: ModelOutput) -> tuple[GraderFault, str]:
    """Whether an output holds no form for a reason that its provider gives."""
    if output.error:
        return "failed", output.error[:MAX_QUOTE_LENGTH]
    if not output.choices:
        return "malformed", "nothing came back"
    if output.stop_reason == "content_filter":
        return "refused", "the grader or its provider declined"
    parts = output.message.content if isinstance(output.message.content, list) else []
    if any(isinstance(part, ContentText) and part.refusal for part in parts):
        return "refused", f"the grader declined: {output.message.text[:MAX_QUOTE_LENGTH]}"
    if output.stop_reason in ("max_tokens", "model_length"):
        return "truncated", "the answer was cut off"
    return "", ""


def _given(output: ModelOutput) -> Mapping[str, Any]:
    """What was filled in: the arguments of the one call of the form, else a text that is nothing but JSON.

    Raises:
        Unreadable: where there is neither.
    """
    form = read_judge_texts().form.tool
    calls = output.message.tool_calls or []
    if calls:
        if len(calls) > 1 or calls[0].function != form:
            raise UnreadableForm(
                f"not one call of {form} but {', '.join(call.function for call in calls)}"[:MAX_QUOTE_LENGTH]
            )
        if calls[0].parse_error:
            raise UnreadableForm(calls[0].parse_error[:MAX_QUOTE_LENGTH])
        return calls[0].arguments
    text = output.message.text
    if not text.strip():
        raise UnreadableForm("nothing was answered")
    return parse_form_text(text)
