"""The model provider: one generate call in, one turn out."""

from __future__ import annotations

import json
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from advocate_evals.standins.office_reading import SubjectTurn, Transcript
from advocate_evals.standins.policies import next_turn
from advocate_evals.standins.policy_options import GRADER_POLICIES, PolicyOptions, check_options
from advocate_evals.standins.scripted_graders import GraderRequest, answer_as_grader

_CHARACTERS = 4
"""Characters counted as a token."""


class StandIn(ModelAPI):
    """A scripted subject. Keeps nothing between calls; the same messages get the same answer.

    Args:
        model_name: Name of the policy.
        base_url: Not used.
        api_key: Not used.
        config: Not used.
        model_args: Options of the policy, as given by `-M`.

    Raises:
        ValueError: for an unknown policy or option.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # the provider interface's own default
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self.options = check_options(model_name, model_args)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The next turn of the policy, or a filled-in form where it is a grader."""
        if self.model_name in GRADER_POLICIES:
            return grader_output(self.model_name, GraderRequest(input, tools, config), self.options, _size(input))
        transcript = Transcript(input, "\n\n".join(tool.description for tool in tools))
        turn = next_turn(transcript, set() if tool_choice == "none" else {tool.name for tool in tools}, self.options)
        return _output(f"standin/{self.model_name}", turn, transcript.turns, _size(input))

    async def count_text_tokens(self, text: str) -> int:
        """Tokens of a text, by its length."""
        return len(text) // _CHARACTERS + 1

    async def count_tokens(self, input: str | list[ChatMessage], config: GenerateConfig | None = None) -> int:
        """Tokens of a text or a conversation, by length."""
        return len(input) // _CHARACTERS + 1 if isinstance(input, str) else _size(input)

    def max_connections(self) -> int:
        """Nothing is waited for, so many may run side by side."""
        return 200

    def connection_key(self) -> str:
        """All stand-ins share one."""
        return "standin"


def _output(model: str, turn: SubjectTurn, number: int, asked: int) -> ModelOutput:
    calls = [
        ToolCall(id=f"t{number}c{place}", function=call.tool, arguments=dict(call.args), parse_error=call.parse_error)
        for place, call in enumerate(turn.calls)
    ]
    message = ChatMessageAssistant(content=turn.text, tool_calls=calls or None, model=model, source="generate")
    stop: StopReason = "content_filter" if turn.refused else "tool_calls" if calls else "stop"
    said = len(turn.text) + sum(len(json.dumps(call.arguments, default=str)) for call in calls)
    tokens = said // _CHARACTERS + 1
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop)],
        usage=ModelUsage(input_tokens=asked, output_tokens=tokens, total_tokens=asked + tokens),
    )


def grader_output(model: str, request: GraderRequest, options: PolicyOptions, asked: int) -> ModelOutput:
    """A grader's answer, in the form it was asked for.

    Raises:
        RuntimeError: where a broken grader is drawn to fail.
    """
    answer = answer_as_grader(request, options)
    calls = [
        ToolCall(id=f"g{place}", function=request.form, arguments=dict(filled), parse_error=answer.parse_error)
        for place, filled in enumerate(answer.forms)
    ]
    if not request.by_tool:
        calls = []
    text = answer.text or ("" if calls else json.dumps(answer.forms[0], ensure_ascii=False) if answer.forms else "")
    message = ChatMessageAssistant(content=text, tool_calls=calls or None, model=f"standin/{model}", source="generate")
    stop: StopReason = answer.stop or ("tool_calls" if calls else "stop")
    tokens = (len(text) + sum(len(json.dumps(filled)) for filled in answer.forms)) // _CHARACTERS + 1
    return ModelOutput(
        model=f"standin/{model}",
        choices=[ChatCompletionChoice(message=message, stop_reason=stop)],
        usage=ModelUsage(input_tokens=asked, output_tokens=tokens, total_tokens=asked + tokens),
    )


def _size(messages: list[ChatMessage]) -> int:
    return sum(len(message.text) for message in messages) // _CHARACTERS + 1
