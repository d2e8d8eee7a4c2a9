"""One grader asked to fill in one form about one record: asked once more where it must be, never read between the lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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

from advocate_evals.catalogue import load
from advocate_evals.catalogue.schema import JudgedLabel, Sheet
from advocate_evals.grading import forms
from advocate_evals.grading.ballots import LONGEST, Ballot, Fault, Spent, faults_of, held, joined
from advocate_evals.grading.fence import Evidence
from advocate_evals.grading.forms import Unreadable

SCHEMA_PROVIDERS = ("openai", "google", "mistral", "vllm", "sglang", "ollama")
"""Providers that enforce a response schema for all their current models, without tools (read in Inspect's source): these
get the form as `response_schema`. All others get it as the one tool that must be called: Anthropic takes a schema from its
newer models only and a forced tool from all; Groq, Together, Fireworks, OpenRouter, Bedrock and Azure take a schema for some
models; DeepSeek reads none. Where Inspect turns a forced tool into a free choice (Anthropic and DeepSeek while thinking), a
form given as plain JSON text is read as well."""


def by_schema(model: Model) -> bool:
    """Whether a grader gets the form as a response schema, or else as a tool that must be called."""
    return str(model).partition("/")[0] in SCHEMA_PROVIDERS


def policy(model: Model) -> CachePolicy | bool:
    """Answers of graders are kept for good, whatever the epoch; those of stand-ins, which cost nothing and may change, are not."""
    return False if str(model).startswith("standin/") else CachePolicy(expiry=None, per_epoch=False)


async def ask(grader: Model, sheet: Sheet, evidence: Evidence, *, cache: bool = True) -> Ballot:
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
        ChatMessageSystem(content=forms.instructions(sheet)),
        ChatMessageUser(content=f"{evidence.text}\n\n{load.judge_texts().form.closing.strip()}"),
    ]
    first = await asking.once(messages, evidence)
    if first.fault in ("refused", "failed") or not (first.fault or first.missing):
        return first
    texts = load.judge_texts().form
    reason = texts.again_unread.format(why=first.why) if first.fault else faults_of(first)
    second = await asking.once([*messages, *asking.reply(reason)], evidence)
    return joined(first, second)


async def ask_closed(grader: Model, label: JudgedLabel, evidence: Evidence, *, role: str, cache: bool = True) -> Ballot:
    """Have a grader answer a single closed question, under the same rules.

    Args:
        grader: The model.
        label: The question.
        evidence: The record.
        role: What the reader is asked to do.
        cache: As for `ask`.
    """
    return await ask(grader, Sheet(role=role, labels=(label,)), evidence, cache=cache)


class _Asking:
    """The calls to one grader about one record."""

    def __init__(self, grader: Model, sheet: Sheet, cache: bool) -> None:
        self.grader, self.sheet = grader, sheet
        self.cache = policy(grader) if cache else False
        self.output: ModelOutput | None = None

    async def once(self, messages: list[ChatMessage], evidence: Evidence) -> Ballot:
        """Ask, and read what comes."""
        name = str(self.grader)
        try:
            self.output = await self._generate(messages)
        except Exception as error:  # providers' errors have no common class, and no episode may be lost to a grader
            said = f"{type(error).__name__}: {error}".strip()[:LONGEST]
            return Ballot(name, fault="failed", why=said, spent=Spent(1))
        spent = _spent(self.output)
        fault, why = _fault(self.output)
        if fault:
            return Ballot(name, fault=fault, why=why, spent=spent)
        try:
            account, said_ = forms.understood(self.sheet, _given(self.output))
        except Unreadable as error:
            return Ballot(name, fault="malformed", why=str(error), spent=spent)
        return replace(held(name, self.sheet, said_, evidence), account=account, spent=spent)

    async def _generate(self, messages: list[ChatMessage]) -> ModelOutput:
        if by_schema(self.grader):
            form = ResponseSchema(name=load.judge_texts().form.tool, json_schema=forms.schema(self.sheet), strict=True)
            config = GenerateConfig(response_schema=form)
            return await self.grader.generate(messages, config=config, cache=self.cache)
        tool = forms.tool(self.sheet)
        return await self.grader.generate(messages, tools=[tool], tool_choice=ToolFunction(tool.name), cache=self.cache)

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


def _spent(output: ModelOutput) -> Spent:
    used = output.usage
    if used is None:
        return Spent(1)
    cached = (used.input_tokens_cache_read or 0) + (used.input_tokens_cache_write or 0)
    return Spent(1, used.input_tokens + cached, used.output_tokens)


def _fault(output: ModelOutput) -> tuple[Fault, str]:
    """Whether an output holds no form for a reason that its provider gives."""
    if output.error:
        return "failed", output.error[:LONGEST]
    if not output.choices:
        return "malformed", "nothing came back"
    if output.stop_reason == "content_filter":
        return "refused", "the grader or its provider declined"
    parts = output.message.content if isinstance(output.message.content, list) else []
    if any(isinstance(part, ContentText) and part.refusal for part in parts):
        return "refused", f"the grader declined: {output.message.text[:LONGEST]}"
    if output.stop_reason in ("max_tokens", "model_length"):
        return "truncated", "the answer was cut off"
    return "", ""


def _given(output: ModelOutput) -> Mapping[str, Any]:
    """What was filled in: the arguments of the one call of the form, else a text that is nothing but JSON.

    Raises:
        Unreadable: where there is neither.
    """
    form = load.judge_texts().form.tool
    calls = output.message.tool_calls or []
    if calls:
        if len(calls) > 1 or calls[0].function != form:
            raise Unreadable(f"not one call of {form} but {', '.join(call.function for call in calls)}"[:LONGEST])
        if calls[0].parse_error:
            raise Unreadable(calls[0].parse_error[:LONGEST])
        return calls[0].arguments
    text = output.message.text
    if not text.strip():
        raise Unreadable("nothing was answered")
    return forms.from_text(text)
