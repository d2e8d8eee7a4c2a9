"""One grader asked to fill in one rubric about one record.

`ask_grader` asks, reads the form, and checks that each answer is supported by quotes that occur in the record. What
cannot be read or is not supported, and a refusal, is asked once more with the reason. What fails again is missing. No
answer is ever guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    rubric_reminder,
    rubric_schema,
    rubric_tool,
)
from advocate_evals.model_calls import generate_with_retry
from advocate_evals.model_names import is_standin
from advocate_evals.scenarios.closed_answers import CANNOT_TELL
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scenarios.judge_schema import PieceKind, Rubric, RubricLabel

MAX_QUOTE_LENGTH = 300
"""Characters kept of a quote or of a provider's message."""
MIN_FORM_TOKENS = 8_000
"""Tokens that a grader may write at least: twice as many where it is set to reason, and again when it is asked again.
Several providers allow 2,048 or fewer if nothing is said, which reasoning can use up before the form."""
SCHEMA_PROVIDERS = ("openai", "google", "mistral", "vllm", "sglang", "ollama", "moonshot", "deepseek")
"""Providers that get the form as `response_schema`. According to Inspect's source and their own documents they take one
for all their current models, without tools; DeepSeek's holds the answer to JSON without the schema, and the reminder
after the record says the fields. Moonshot and DeepSeek accept no forced tool while they think, which is their default.
Others get the form as the one tool that must be called: Groq, Together, Fireworks and Azure take a schema for some
models. Where Inspect turns a forced tool into a free choice, a form written as JSON text is read as well."""
_CLAUDE_PROVIDERS = ("anthropic", "bedrock", "openrouter")
_CLAUDE_WITHOUT_SCHEMA = re.compile(r"claude-(?:instant|v?[123](?!\d)|(?:opus|sonnet)-4(?![-.][1-9]\d?(?!\d)))")
"""Claude models before 4.1, which take no schema and let a tool be forced. Later ones take one, and the latest refuse a
forced tool."""
_PAIRED_QUESTIONS = (("petition", "petition_truth"), ("coercion", "fate"), ("coercion", "means"))
"""Pairs of questions of which both or neither have the answer `none`, unless one cannot be told."""

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
    unlocated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By question, quotes that do not occur in the record, beside others that support its answer."""
    account: str = ""
    """The grader's account of what happened."""
    notes: str = ""
    """What it wrote before its answers, as far as it is kept."""
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

    A form that cannot be read, a refusal, and answers whose quotes do not support them are asked once more with the
    reason. What fails again is missing. No answer is ever filled in for the grader.

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
    if first.fault == "failed" or not (first.fault or first.missing):
        return first
    texts = read_judge_texts().form
    if first.fault == "refused":
        dialogue.replace_reply(texts.again_declined.strip())
    elif first.fault:
        dialogue.add_reason(texts.again_unread.format(why=first.reason))
    else:
        dialogue.add_reason(describe_faults(first))
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
        unlocated={**first.unlocated, **{key: second.unlocated[key] for key in new_keys if key in second.unlocated}},
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
            ChatMessageUser(content=f"{record.text}\n\n{rubric_reminder(rubric)}"),
        ]
        self.output: ModelOutput | None = None
        self.attempts = 0

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
            form = parse_form(self.rubric, _form_fields(self.output))
        except UnreadableForm as error:
            return GraderResponse(name, fault="malformed", reason=str(error), usage=usage)
        response = verify_answers(name, self.rubric, form.answers, self.record)
        return replace(response, account=form.account, notes=form.notes, usage=usage)

    async def _generate(self) -> ModelOutput:
        self.attempts += 1
        config = GenerateConfig(max_tokens=limit_form_tokens(self.grader, self.attempts), fail_on_refusal=False)
        if takes_response_schema(self.grader):
            name, schema = read_judge_texts().form.tool, rubric_schema(self.rubric)
            config.response_schema = ResponseSchema(name=name, json_schema=schema, strict=True)
            return await generate_with_retry(self.grader, self.messages, config=config, cache=self.cache)
        tool = rubric_tool(self.rubric)
        forced = ToolFunction(tool.name)
        return await generate_with_retry(
            self.grader, self.messages, [tool], tool_choice=forced, config=config, cache=self.cache
        )

    def replace_reply(self, reason: str) -> None:
        """Add the reason to ask again to the request itself, without a refusal, which providers want left out."""
        request = self.messages[-1]
        self.messages[-1] = ChatMessageUser(content=f"{request.text}\n\n{reason}")

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
    provider, _, name = str(model).lower().partition("/")
    if provider in SCHEMA_PROVIDERS:
        return True
    if provider not in _CLAUDE_PROVIDERS or name.startswith("vertex/"):  # there a schema needs an organisation's leave
        return False
    is_claude = provider == "anthropic" or "claude" in name
    return is_claude and not _CLAUDE_WITHOUT_SCHEMA.search(name)


def limit_form_tokens(model: Model, attempt: int) -> int:
    """How many tokens a grader may write, reasoning included: what its user set, else enough for a form.

    Args:
        model: The grader.
        attempt: 1 for the first request, 2 where it is asked again.
    """
    config = model.config
    if config.max_tokens is not None:
        return config.max_tokens
    reasons = config.reasoning_effort not in (None, "none") or config.reasoning_tokens is not None
    enough = MIN_FORM_TOKENS * attempt * (2 if reasons else 1) + (config.reasoning_tokens or 0)
    usual = model.api.max_tokens_for_config(config) or model.api.max_tokens() or 0
    return max(enough, usual)


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
    grader: str, rubric: Rubric, quoted_answers: Mapping[str, Sequence[QuotedAnswer]], record: FencedRecord
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
    unlocated: dict[str, tuple[str, ...]] = {}
    missing: dict[str, str] = {}
    for label in rubric.labels:
        words = tuple(quoted.answer for quoted in quoted_answers[label.key])
        if words in ((label.words[0],), (CANNOT_TELL,)):
            answers[label.key] = words
            continue
        checks = [_check_quotes(label, quoted, record) for quoted in quoted_answers[label.key]]
        if faults := [check.fault for check in checks if check.fault]:
            missing[label.key] = "; ".join(faults)
            continue
        answers[label.key] = words
        quotes[label.key] = tuple(dict.fromkeys(quote for check in checks for quote in check.located))
        if bad_quotes := tuple(text for check in checks for text in check.unlocated):
            unlocated[label.key] = bad_quotes
    missing |= _find_contradictions(answers)
    quotes = {key: located for key, located in quotes.items() if key not in missing}
    return GraderResponse(
        grader,
        answers={key: words for key, words in answers.items() if key not in missing},
        quotes=quotes,
        reasoning_alone=tuple(label.key for label in rubric.labels if _rests_on_reasoning(label, quotes)),
        missing=missing,
        unlocated={key: texts for key, texts in unlocated.items() if key not in missing},
    )


def _rests_on_reasoning(label: RubricLabel, quotes: Mapping[str, Sequence[LocatedQuote]]) -> bool:
    kinds = {quote.kind for quote in quotes.get(label.key, ()) if quote.kind in label.rests_on}
    return kinds == {"reasoning"}


@dataclass(frozen=True, slots=True)
class _QuoteCheck:
    """The quotes of one answer, held against the record."""

    located: tuple[LocatedQuote, ...] = ()
    unlocated: tuple[str, ...] = ()
    fault: str = ""
    """Why the quotes do not support the answer; empty where they do."""


def _check_quotes(label: RubricLabel, quoted: QuotedAnswer, record: FencedRecord) -> _QuoteCheck:
    """Whether the quotes of an answer support it. A quote that does not occur takes nothing from one that does."""
    texts = read_judge_texts().form
    if not quoted.quotes:
        return _QuoteCheck(fault=texts.fault_none.format(label=label.key, answer=quoted.answer))
    pieces = {text: record.locate_quote(text) for text in quoted.quotes}
    unlocated = tuple(text[:MAX_QUOTE_LENGTH] for text, numbers in pieces.items() if not numbers)
    located = _place_quotes(label, {text: numbers for text, numbers in pieces.items() if numbers}, record)
    if not located:
        return _QuoteCheck(fault=texts.fault_missing.format(label=label.key, quote=repr(unlocated[0])))
    if not any(quote.kind in label.rests_on for quote in located):
        kinds = describe_piece_kinds(label.rests_on)
        return _QuoteCheck(fault=texts.fault_place.format(label=label.key, answer=quoted.answer, kinds=kinds))
    if label.rule_in and not any(quote.kind in label.rule_in for quote in located):
        kinds = describe_piece_kinds(label.rule_in)
        return _QuoteCheck(fault=texts.fault_rule.format(label=label.key, kinds=kinds))
    return _QuoteCheck(located, unlocated)


def _place_quotes(
    label: RubricLabel, pieces: Mapping[str, Sequence[int]], record: FencedRecord
) -> tuple[LocatedQuote, ...]:
    """Each quote with the piece that counts for it. One may count for the rule, if another is left for the act."""
    placed = {text: _place_quote(text, numbers, record, label.rests_on) for text, numbers in pieces.items()}
    acts = [text for text, quote in placed.items() if quote.kind in label.rests_on]
    if len(acts) == len(placed) > 1:
        rules = {text: _place_quote(text, pieces[text], record, label.rule_in) for text in acts}
        rule = next((quote for quote in rules.values() if quote.kind in label.rule_in), None)
        placed |= {text: quote for text, quote in rules.items() if quote is rule}
    return tuple(placed.values())


def _place_quote(
    text: str, numbers: Sequence[int], record: FencedRecord, preferred: Sequence[PieceKind]
) -> LocatedQuote:
    """A quote with the first piece that contains it: of a preferred kind, and other than reasoning, if there is one."""

    def rank(number: int) -> int:
        kind = record.piece_kind(number)
        return 2 if kind not in preferred else 1 if kind == "reasoning" else 0

    number = min(numbers, key=rank)
    return LocatedQuote(text[:MAX_QUOTE_LENGTH], number, record.piece_kind(number))


def _find_contradictions(answers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Questions whose answers contradict each other, each with the reason."""
    text = read_judge_texts().form.fault_clash
    faults: dict[str, str] = {}
    for first, second in _PAIRED_QUESTIONS:
        pair = (answers.get(first, (CANNOT_TELL,)), answers.get(second, (CANNOT_TELL,)))
        if (CANNOT_TELL,) not in pair and (pair[0] == ("none",)) != (pair[1] == ("none",)):
            first_answer = f"{first}: {', '.join(answers[first])}"
            fault = text.format(label=second, answer=", ".join(answers[second]), other=first_answer)
            faults |= dict.fromkeys((first, second), fault)
    return faults
