"""One grader asked to fill in one rubric about one record.

`ask_grader` asks, reads the form, and checks that each answer is supported by quotes that occur in the record. What
cannot be read or is not supported is asked once more with the reason. What fails again is missing. No answer is ever
guessed.
"""

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
    QuotedAnswer,
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
"""Characters kept of a quote or of a provider's message."""
SCHEMA_PROVIDERS = ("openai", "google", "mistral", "vllm", "sglang", "ollama")
"""Providers that get the form as `response_schema`. According to Inspect's source they enforce a response schema for
all their current models, without tools. All others get it as the one tool that must be called: Anthropic takes a schema
from its newer models only and a forced tool from all; Groq, Together, Fireworks, OpenRouter, Bedrock and Azure take a
schema for some models; DeepSeek reads none. Where Inspect turns a forced tool into a free choice (Anthropic and
DeepSeek while thinking), a form given as plain JSON text is read as well."""
_PAIRED_QUESTIONS = (("petition", "petition_truth"),)
"""Pairs of questions of which both or neither have the answer `none`."""

GraderFault = Literal["", "refused", "malformed", "truncated", "failed"]
"""Why a grader gave no form that can be read."""


@dataclass(frozen=True, slots=True)
class LocatedQuote:
    """A quote that occurs in the record."""

    text: str
    piece: int
    """Number of the piece it occurs in: the first of a kind that can support the answer, if there is one."""
    kind: str
    """Kind of that piece."""


@dataclass(frozen=True, slots=True)
class GraderUsage:
    """Calls and tokens that grading took."""

    calls: int = 0
    """Number of calls to a grader."""
    input_tokens: int = 0
    """Tokens read, those from a provider's prompt cache included."""
    output_tokens: int = 0
    """Tokens written, with reasoning where the provider counts it so."""

    def __add__(self, usage: GraderUsage) -> GraderUsage:
        return GraderUsage(
            self.calls + usage.calls,
            self.input_tokens + usage.input_tokens,
            self.output_tokens + usage.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class GraderResponse:
    """The response of one grader about one record."""

    grader: str
    """Name of the model."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By question, the answers that are supported. The answer to a question without an entry is missing."""
    quotes: Mapping[str, tuple[LocatedQuote, ...]] = field(default_factory=dict)
    """By question, the quotes that support its answer."""
    reasoning_alone: tuple[str, ...] = ()
    """Questions whose answer is supported by the subject's reasoning only."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """By question, why its answer is missing."""
    account: str = ""
    """The grader's account of what happened."""
    fault: GraderFault = ""
    """Why there is no form that can be read; empty where there is one."""
    reason: str = ""
    """The fault in words."""
    retried: tuple[str, ...] = ()
    """Questions that were asked a second time; `form` where the form as a whole was."""
    usage: GraderUsage = GraderUsage()
    """Calls and tokens."""


async def ask_grader(grader: Model, rubric: Rubric, record: FencedRecord, *, cache: bool = True) -> GraderResponse:
    """Have a grader fill in a rubric about a record.

    A form that cannot be read, and answers whose quotes do not support them, are asked once more with the reason. What
    fails again is missing. No answer is ever filled in for the grader.

    Args:
        grader: The model.
        rubric: The form.
        record: The record.
        cache: Whether an earlier answer to the same request is used.

    Returns:
        The response. A failure is a response with a `fault`, never an exception.
    """
    dialogue = _GraderDialogue(grader, rubric, record, cache)
    first = await dialogue.request_form()
    if first.fault in ("refused", "failed") or not (first.fault or first.missing):
        return first
    texts = read_judge_texts().form
    dialogue.add_reason(texts.again_unread.format(why=first.reason) if first.fault else describe_faults(first))
    second = await dialogue.request_form()
    return merge_rounds(first, second)


def describe_faults(response: GraderResponse) -> str:
    """The request to answer again, with the reason for each answer that is missing, in words for the grader."""
    lines = "\n".join(f"- {reason}" for reason in response.missing.values())
    return read_judge_texts().form.again_faults.format(faults=lines)


def merge_rounds(first: GraderResponse, second: GraderResponse) -> GraderResponse:
    """Two rounds as one response: the supported answers of the first, and those of the second to what was missing."""
    usage, retried = first.usage + second.usage, tuple(first.missing) or ("form",)
    if first.fault:
        return replace(second, usage=usage, retried=retried)
    if second.fault:
        missing = {key: f"{reason}; asked again: {second.reason}" for key, reason in first.missing.items()}
        return replace(first, missing=missing, usage=usage, retried=retried)
    new_keys = [key for key in first.missing if key in second.answers]
    missing = {key: second.missing.get(key, reason) for key, reason in first.missing.items() if key not in new_keys}
    reasoning_alone = {*first.reasoning_alone, *(key for key in second.reasoning_alone if key in new_keys)}
    return replace(
        first,
        answers={**first.answers, **{key: second.answers[key] for key in new_keys}},
        quotes={**first.quotes, **{key: second.quotes[key] for key in new_keys if key in second.quotes}},
        reasoning_alone=tuple(sorted(reasoning_alone)),
        missing=missing,
        usage=usage,
        retried=retried,
    )


# The calls to a grader.


class _GraderDialogue:
    """The conversation with one grader about one record."""

    def __init__(self, grader: Model, rubric: Rubric, record: FencedRecord, cache: bool) -> None:
        self.grader, self.rubric, self.record = grader, rubric, record
        self.cache = cache_policy(grader) if cache else False
        self.messages: list[ChatMessage] = [
            ChatMessageSystem(content=rubric_instructions(rubric)),
            ChatMessageUser(content=f"{record.text}\n\n{read_judge_texts().form.closing.strip()}"),
        ]
        self.output: ModelOutput | None = None

    async def request_form(self) -> GraderResponse:
        """Ask for the form, and read and verify it."""
        name = str(self.grader)
        try:
            self.output = await self._generate()
        except Exception as error:  # providers' errors have no common class, and no episode may be lost to a grader
            reason = f"{type(error).__name__}: {error}".strip()[:MAX_QUOTE_LENGTH]
            return GraderResponse(name, fault="failed", reason=reason, usage=GraderUsage(1))
        usage = _output_usage(self.output)
        fault, reason = _find_fault(self.output)
        if fault:
            return GraderResponse(name, fault=fault, reason=reason, usage=usage)
        try:
            account, answers = parse_form(self.rubric, _form_fields(self.output))
        except UnreadableForm as error:
            return GraderResponse(name, fault="malformed", reason=str(error), usage=usage)
        return replace(verify_answers(name, self.rubric, answers, self.record), account=account, usage=usage)

    async def _generate(self) -> ModelOutput:
        if takes_response_schema(self.grader):
            form = ResponseSchema(
                name=read_judge_texts().form.tool, json_schema=rubric_schema(self.rubric), strict=True
            )
            config = GenerateConfig(response_schema=form)
            return await generate_with_retry(self.grader, self.messages, config=config, cache=self.cache)
        tool = rubric_tool(self.rubric)
        forced = ToolFunction(tool.name)
        return await generate_with_retry(self.grader, self.messages, [tool], tool_choice=forced, cache=self.cache)

    def add_reason(self, reason: str) -> None:
        """Add the grader's answer and the reason to ask again, in the form that providers require."""
        if self.output is not None and self.output.choices:
            reply = self.output.message
            if reply.tool_calls:
                self.messages.append(reply)
                self.messages += [
                    ChatMessageTool(content=reason, tool_call_id=call.id, function=call.function)
                    for call in reply.tool_calls
                ]
                return
            if reply.text.strip():
                self.messages.append(reply)
        self.messages.append(ChatMessageUser(content=reason))


def takes_response_schema(model: Model) -> bool:
    """Whether a grader gets the form as a response schema; else it gets it as a tool that must be called."""
    return str(model).partition("/")[0] in SCHEMA_PROVIDERS


def cache_policy(model: Model) -> CachePolicy | bool:
    """Graders' answers are cached without expiry, for all epochs. Those of stand-ins, which cost nothing, are not."""
    return False if is_standin(str(model)) else CachePolicy(expiry=None, per_epoch=False)


def _output_usage(output: ModelOutput) -> GraderUsage:
    usage = output.usage
    if usage is None:
        return GraderUsage(1)
    cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    return GraderUsage(1, usage.input_tokens + cached, usage.output_tokens)


def _find_fault(output: ModelOutput) -> tuple[GraderFault, str]:
    """Why an output holds no form, according to its provider, and the same in words; empty where it may hold one."""
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


def _form_fields(output: ModelOutput) -> Mapping[str, Any]:
    """The fields of a form: the arguments of the only call, if it is one of the form's tool, else a text that is JSON.

    Raises:
        UnreadableForm: where there is neither.
    """
    tool = read_judge_texts().form.tool
    calls = output.message.tool_calls or []
    if calls:
        if len(calls) > 1 or calls[0].function != tool:
            functions = ", ".join(call.function for call in calls)
            raise UnreadableForm(f"not one call of {tool} but {functions}"[:MAX_QUOTE_LENGTH])
        if calls[0].parse_error:
            raise UnreadableForm(calls[0].parse_error[:MAX_QUOTE_LENGTH])
        return calls[0].arguments
    text = output.message.text
    if not text.strip():
        raise UnreadableForm("nothing was answered")
    return parse_form_text(text)


# The check of a form against the record.


def verify_answers(
    grader: str, rubric: Rubric, quoted_answers: Mapping[str, QuotedAnswer], record: FencedRecord
) -> GraderResponse:
    """The answers that their quotes support, and why the others are missing.

    Args:
        grader: Name of the model.
        rubric: The form.
        quoted_answers: The grader's answers, by question.
        record: The record.
    """
    answers: dict[str, tuple[str, ...]] = {}
    quotes: dict[str, tuple[LocatedQuote, ...]] = {}
    missing: dict[str, str] = {}
    reasoning_alone = []
    for label in rubric.labels:
        quoted = quoted_answers[label.key]
        if quoted.answers == (label.words[0],):
            answers[label.key] = quoted.answers
            continue
        located, fault = _locate_quotes(label, quoted, record)
        if fault:
            missing[label.key] = fault
            continue
        answers[label.key], quotes[label.key] = quoted.answers, located
        if {quote.kind for quote in located if quote.kind in label.rests_on} == {"reasoning"}:
            reasoning_alone.append(label.key)
    missing |= _find_contradictions(answers)
    return GraderResponse(
        grader,
        answers={key: words for key, words in answers.items() if key not in missing},
        quotes={key: located for key, located in quotes.items() if key not in missing},
        reasoning_alone=tuple(reasoning_alone),
        missing=missing,
    )


def _locate_quotes(
    label: RubricLabel, quoted: QuotedAnswer, record: FencedRecord
) -> tuple[tuple[LocatedQuote, ...], str]:
    """The quotes of an answer with their pieces, or why they do not support it."""
    texts = read_judge_texts().form
    if not quoted.quotes:
        return (), texts.fault_none.format(label=label.key, answer=", ".join(quoted.answers))
    located = []
    for text in quoted.quotes:
        numbers = record.locate_quote(text)
        if not numbers:
            return (), texts.fault_missing.format(label=label.key, quote=repr(text[:MAX_QUOTE_LENGTH]))
        number = min(numbers, key=lambda number: _rank_kind(label, record.piece_kind(number)))
        located.append(LocatedQuote(text[:MAX_QUOTE_LENGTH], number, record.piece_kind(number)))
    if not any(quote.kind in label.rests_on for quote in located):
        return (), texts.fault_place.format(label=label.key, kinds=describe_piece_kinds(label))
    return tuple(located), ""


def _rank_kind(label: RubricLabel, kind: str) -> int:
    """Actions and words first, then reasoning, then kinds that cannot support the answer."""
    return 0 if kind in label.rests_on and kind != "reasoning" else 1 if kind in label.rests_on else 2


def _find_contradictions(answers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Questions whose answers contradict each other, each with the reason."""
    text = read_judge_texts().form.fault_clash
    faults: dict[str, str] = {}
    for first, second in _PAIRED_QUESTIONS:
        if first in answers and second in answers and (answers[first] == ("none",)) != (answers[second] == ("none",)):
            first_answer = f"{first}: {', '.join(answers[first])}"
            fault = text.format(label=second, answer=", ".join(answers[second]), other=first_answer)
            faults |= dict.fromkeys((first, second), fault)
    return faults
