"""Putting questions to copies: after the episode is over, at the cost of no limit but the sample's time and money."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import anyio
from inspect_ai.model import ChatMessage, ChatMessageTool, ChatMessageUser, Model, ModelOutput
from inspect_ai.tool import Tool
from inspect_ai.util import (
    LimitExceededError,
    message_limit,
    sample_limits,
    span,
    suspend_token_limit,
    suspend_turn_limit,
    suspend_working_limit,
)

from advocate_evals.episode.probe_questions import ProbeAnswer, read_probe_output
from advocate_evals.model_calls import generate_with_retry
from advocate_evals.scenarios.dataset_reader import read_tool_call_reply
from advocate_evals.scenarios.shared_schema import ProbeQuestion

ToolChoiceMode = Literal["none", "auto"]
_LONGEST = 400
_OF_THE_TIME_LEFT = 0.9
"""Share of what is left of the sample's time that may be spent on asking, so that its own clock never strikes."""


async def ask_copies(
    model: Model,
    tools: Sequence[Tool],
    messages: Sequence[ChatMessage],
    questions: Mapping[str, ProbeQuestion],
    copies: int,
    *,
    choice: ToolChoiceMode = "none",
) -> dict[str, list[ProbeAnswer]]:
    """Put each question to copies of a conversation, one after the other, each copy knowing of no other.

    No response schema is asked for: some providers refuse one beside tools and some leave it out in silence, one that is
    enforced leaves no room for a refusal, and so the same question would be another from provider to provider.

    The episode has to be over. What is asked here counts against none of the sample's limits on tokens, turns, working
    time and messages; where its time or money runs out, the rest is left unasked.

    Args:
        model: Who is asked.
        tools: The tools it had.
        messages: The conversation; it is not changed, and must leave no tool call unanswered.
        questions: What is asked, by key.
        copies: How many copies each question is put to, at least 1.
        choice: `none` lets no tool be called; Inspect then leaves the tools out, but for providers that take no conversation
            with calls in it without them. `auto` shows them to every provider. No call is ever carried out.

    Returns:
        By key, an answer for each copy.
    """
    found: dict[str, list[ProbeAnswer]] = {key: [] for key in questions}
    with _beside_the_limits(), anyio.move_on_after(_time_left()):
        for key, question in questions.items():
            for copy in range(copies):
                # the mark is not sent; it keeps copies apart in Inspect's cache, where equal inputs share one answer
                mark = {"fork": key, "copy": copy + 1}
                asked = [*messages, ChatMessageUser(content=question.text.strip(), metadata=mark)]
                async with span(f"{key} {copy + 1}", type="fork"):
                    found[key].append(await _ask(question, _answer(model, tools, asked, choice)))
    rest = ProbeAnswer(outcome="limit", fault="out of time: the sample's time limit left none for it")
    return {key: given + [rest] * (copies - len(given)) for key, given in found.items()}


async def _answer(model: Model, tools: Sequence[Tool], asked: list[ChatMessage], choice: ToolChoiceMode) -> ModelOutput:
    """What a copy says; where it calls a tool instead, no tool runs, and it is asked once more.

    That happens where `none` is not passed on (Inspect leaves the choice out for Anthropic while thinking), and with `auto`.
    """
    output = await generate_with_retry(model, asked, tools, tool_choice=choice)
    called = output.message.tool_calls if output.choices else None
    if not called or output.message.text.strip():
        return output
    back = [
        ChatMessageTool(content=read_tool_call_reply(), tool_call_id=call.id, function=call.function) for call in called
    ]
    return await generate_with_retry(model, [*asked, output.message, *back], tools, tool_choice=choice)


async def _ask(question: ProbeQuestion, call: Awaitable[ModelOutput]) -> ProbeAnswer:
    try:
        return read_probe_output(question, await call)
    except LimitExceededError as error:
        return ProbeAnswer(outcome="limit", fault=f"a limit of the sample: {error.message}"[:_LONGEST])
    except Exception as error:  # a provider's own errors have no common class; an episode must not die of an aside
        return ProbeAnswer(outcome="failed", fault=f"the question failed: {type(error).__name__}: {error}"[:_LONGEST])


@contextmanager
def _beside_the_limits() -> Iterator[None]:
    with suspend_token_limit(), suspend_turn_limit(), suspend_working_limit(), message_limit(None):
        yield


def _time_left() -> float | None:
    """Seconds that may be spent, or None where the sample has no limit of time."""
    left = sample_limits().time.remaining
    return None if left is None else max(0.0, left * _OF_THE_TIME_LEFT)
