"""A scripted subject through Inspect's mock provider: what it says at each turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    Model,
    ModelOutput,
    ModelUsage,
    StopReason,
    get_model,
)
from inspect_ai.tool import ToolCall, ToolInfo

Say = Callable[[list[ChatMessage], list[ToolInfo]], ModelOutput]


def output(*calls: ToolCall, text: str = "", stop: StopReason | None = None) -> ModelOutput:
    message = ChatMessageAssistant(content=text, tool_calls=list(calls) or None, source="generate")
    choice = ChatCompletionChoice(message=message, stop_reason=stop or ("tool_calls" if calls else "stop"))
    usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    return ModelOutput(model="mockllm/model", choices=[choice], usage=usage)


def nothing() -> ModelOutput:
    return ModelOutput(model="mockllm/model", choices=[], usage=ModelUsage(input_tokens=10, total_tokens=10))


def asks(*calls: tuple[str, dict[str, Any]]) -> ModelOutput:
    return output(
        *(ToolCall(id=f"c{n}", function=name, arguments=arguments) for n, (name, arguments) in enumerate(calls))
    )


def turn(messages: list[ChatMessage]) -> int:
    """How many turns there were: answered calls, and turns that were followed by a nudge."""
    called = [m for m in messages if isinstance(m, ChatMessageAssistant) and m.tool_calls]
    return len(called) + sum(m.role == "user" for m in messages) - 1


def script(*steps: ModelOutput) -> Say:
    """These turns, the last of them over and over."""
    return lambda messages, tools: steps[min(turn(messages), len(steps) - 1)].model_copy(deep=True)


def subject(say: Say) -> Model:
    return get_model("mockllm/model", custom_outputs=lambda messages, tools, choice, config: say(messages, tools))
