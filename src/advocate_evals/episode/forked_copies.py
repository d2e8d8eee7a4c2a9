"""Puts questions to copies of a conversation after the episode is over.

The calls count against none of the sample's limits except its time and cost.
"""

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
_MAX_FAULT_LENGTH = 400
"""Characters of an error message that are stored."""
_TIME_SHARE = 0.9
"""Share of the sample's remaining time that may be spent on questions, so that its own time limit is never hit."""


async def ask_copies(
    model: Model,
    tools: Sequence[Tool],
    messages: Sequence[ChatMessage],
    questions: Mapping[str, ProbeQuestion],
    copies: int,
    *,
    choice: ToolChoiceMode = "none",
) -> dict[str, list[ProbeAnswer]]:
    """Put each question to copies of a conversation, one after the other; no copy sees another.

    No response schema is requested. Some providers refuse a schema beside tools, some ignore it silently, and an
    enforced schema leaves no room for a refusal, so the same question would differ from provider to provider.

    The episode has to be over. The questions do not count against the sample's limits on tokens, turns, working time
    and messages. Where its time or cost limit is reached, the remaining questions are not asked.

    Args:
        model: The model.
        tools: The tools it had.
        messages: The conversation; it is not changed, and must leave no tool call unanswered.
        questions: The questions by key.
        copies: How many copies each question is put to, at least 1.
        choice: `none` forbids tool calls; Inspect then leaves the tools out, except for providers that do not accept a
            conversation with tool calls without them. `auto` shows them to every provider. No call is ever executed.

    Returns:
        By key, an answer for each copy.
    """
    answers: dict[str, list[ProbeAnswer]] = {key: [] for key in questions}
    with _suspend_limits(), anyio.move_on_after(_time_budget()):
        for key, question in questions.items():
            for copy in range(copies):
                # the metadata is not sent; it separates copies in Inspect's cache, where equal inputs share one answer
                metadata = {"fork": key, "copy": copy + 1}
                copied = [*messages, ChatMessageUser(content=question.text.strip(), metadata=metadata)]
                async with span(f"{key} {copy + 1}", type="fork"):
                    answers[key].append(await _read_answer(question, _ask_copy(model, tools, copied, choice)))
    unasked = ProbeAnswer(outcome="limit", fault="out of time: the sample's time limit left none for it")
    return {key: answered + [unasked] * (copies - len(answered)) for key, answered in answers.items()}


async def _ask_copy(
    model: Model, tools: Sequence[Tool], messages: list[ChatMessage], choice: ToolChoiceMode
) -> ModelOutput:
    """The output of a copy. If it calls a tool instead of answering, no tool runs, and it is asked once more.

    That happens with `auto`, and where `none` is not passed on (Inspect omits the choice for Anthropic while thinking).
    """
    output = await generate_with_retry(model, messages, tools, tool_choice=choice)
    calls = output.message.tool_calls if output.choices else None
    if not calls or output.message.text.strip():
        return output
    reply = read_tool_call_reply()
    results = [ChatMessageTool(content=reply, tool_call_id=call.id, function=call.function) for call in calls]
    return await generate_with_retry(model, [*messages, output.message, *results], tools, tool_choice=choice)


async def _read_answer(question: ProbeQuestion, call: Awaitable[ModelOutput]) -> ProbeAnswer:
    """The answer in an output; an error of the call becomes an answer with that outcome."""
    try:
        return read_probe_output(question, await call)
    except LimitExceededError as error:
        return ProbeAnswer(outcome="limit", fault=f"a limit of the sample: {error.message}"[:_MAX_FAULT_LENGTH])
    except Exception as error:  # providers' errors have no common class, and a failed question must not end the episode
        fault = f"the question failed: {type(error).__name__}: {error}"[:_MAX_FAULT_LENGTH]
        return ProbeAnswer(outcome="failed", fault=fault)


@contextmanager
def _suspend_limits() -> Iterator[None]:
    with suspend_token_limit(), suspend_turn_limit(), suspend_working_limit(), message_limit(None):
        yield


def _time_budget() -> float | None:
    """Seconds that may be spent, or None where the sample has no time limit."""
    remaining = sample_limits().time.remaining
    return None if remaining is None else max(0.0, remaining * _TIME_SHARE)
