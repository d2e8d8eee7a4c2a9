"""The Inspect model provider `standin`: from a generate call to the turn of a scripted subject or a grader's form."""

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

_CHARACTERS_PER_TOKEN = 4


class StandIn(ModelAPI):
    """A scripted subject or grader. Keeps nothing between calls; the same messages get the same answer.

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
        """The next turn of the policy, or a form filled in where it is a grader."""
        if self.model_name in GRADER_POLICIES:
            request = GraderRequest(input, tools, config)
            return _grader_output(self.model_name, request, self.options, _count_input_tokens(input))
        transcript = Transcript(input, "\n\n".join(tool.description for tool in tools))
        turn = next_turn(transcript, set() if tool_choice == "none" else {tool.name for tool in tools}, self.options)
        return _subject_output(self.model_name, turn, transcript.turns, _count_input_tokens(input))

    async def count_text_tokens(self, text: str) -> int:
        """Tokens of a text, by its length."""
        return _count_tokens(len(text))

    async def count_tokens(self, input: str | list[ChatMessage], config: GenerateConfig | None = None) -> int:
        """Tokens of a text or a conversation, by length."""
        return _count_tokens(len(input)) if isinstance(input, str) else _count_input_tokens(input)

    def max_connections(self) -> int:
        """Calls that may run side by side; many, since none of them waits."""
        return 200

    def connection_key(self) -> str:
        """One key for all stand-ins, which share their connections."""
        return "standin"


def _subject_output(policy: str, turn: SubjectTurn, number: int, input_tokens: int) -> ModelOutput:
    """The output for a turn of a policy; `number` counts the turns before it."""
    calls = [
        ToolCall(id=f"t{number}c{place}", function=call.tool, arguments=dict(call.args), parse_error=call.parse_error)
        for place, call in enumerate(turn.calls)
    ]
    stop: StopReason = "content_filter" if turn.refused else "tool_calls" if calls else "stop"
    length = len(turn.text) + sum(len(json.dumps(call.arguments, default=str)) for call in calls)
    return _build_output(policy, turn.text, calls, stop, (input_tokens, _count_tokens(length)))


def _grader_output(policy: str, request: GraderRequest, options: PolicyOptions, input_tokens: int) -> ModelOutput:
    """A grader's answer, in the form it was asked for: tool calls or text.

    Raises:
        RuntimeError: where a broken grader fails in that way.
    """
    reply = answer_as_grader(request, options)
    calls = [
        ToolCall(id=f"g{place}", function=request.form_name, arguments=dict(form), parse_error=reply.parse_error)
        for place, form in enumerate(reply.forms)
    ]
    if not request.by_tool:
        calls = []
    text = reply.text or ("" if calls else json.dumps(reply.forms[0], ensure_ascii=False) if reply.forms else "")
    stop: StopReason = reply.stop or ("tool_calls" if calls else "stop")
    length = len(text) + sum(len(json.dumps(form)) for form in reply.forms)
    return _build_output(policy, text, calls, stop, (input_tokens, _count_tokens(length)))


def _build_output(
    policy: str, text: str, calls: list[ToolCall], stop: StopReason, tokens: tuple[int, int]
) -> ModelOutput:
    """A model output with its usage; `tokens` are those of the input and of the output."""
    model = f"standin/{policy}"
    message = ChatMessageAssistant(content=text, tool_calls=calls or None, model=model, source="generate")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop)],
        usage=ModelUsage(input_tokens=tokens[0], output_tokens=tokens[1], total_tokens=sum(tokens)),
    )


def _count_input_tokens(messages: list[ChatMessage]) -> int:
    return _count_tokens(sum(len(message.text) for message in messages))


def _count_tokens(characters: int) -> int:
    return characters // _CHARACTERS_PER_TOKEN + 1
