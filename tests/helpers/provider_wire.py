"""What a provider's server is asked and what it says, apart from any protocol; the mind behind it is a stand-in."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ResponseSchema
from inspect_ai.tool import ToolCall, ToolChoice, ToolFunction, ToolInfo
from inspect_ai.util import JSONSchema

from advocate_evals.standins.policies import StandIn

Manner = Literal["plain", "refuses", "refuses_in_text", "cut", "writes"]
"""How a turn comes back: as the mind gave it, declined (in the protocol's two forms), cut off by the token limit, or
with the arguments of its call written as text, as a model may do where no tool is forced."""


class BadRequest(Exception):
    """The request breaks a rule of the protocol: status 400, as the real service answers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read."""

    model: str
    messages: list[ChatMessage]
    tools: list[ToolInfo] = field(default_factory=list)
    choice: ToolChoice = "auto"
    schema: dict[str, Any] | None = None
    """The JSON schema the answer has to follow, where one was given."""
    stream: bool = False
    thinks: bool = False
    """Whether reasoning is to be given back."""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn."""

    text: str
    calls: tuple[ToolCall, ...]
    thought: str
    manner: Manner
    number: str
    """Decides the ids in the answer."""
    tokens: tuple[int, int]
    """Input and output."""


@cache
def _mind(policy: str, options: tuple[tuple[str, Any], ...]) -> StandIn:
    return StandIn(policy, **dict(options))


def answer(query: Asked, policy: str, manner: Manner, options: tuple[tuple[str, Any], ...] = ()) -> Said:
    """The turn of a policy, which sees only what came over the wire."""
    schema = query.schema and ResponseSchema(name="form", json_schema=JSONSchema.model_validate(query.schema))
    config = GenerateConfig(response_schema=schema)
    output: ModelOutput = asyncio.run(
        _mind(policy, options).generate(query.messages, query.tools, query.choice, config)  # type: ignore[arg-type]
    )
    reply = output.message
    if output.stop_reason == "content_filter":
        manner = "refuses"
    calls = tuple(reply.tool_calls or ())
    text = reply.text
    if manner == "writes" and query.choice == "auto" and calls:
        text, calls, manner = json.dumps(calls[0].arguments), (), "plain"
    number = hashlib.sha256("\x1f".join(message.text for message in query.messages).encode()).hexdigest()[:16]
    usage = output.usage
    return Said(
        text=text,
        calls=calls,
        thought=f"What next? {reply.text or 'On with it.'}" if query.thinks else "",
        manner=manner,
        number=number,
        tokens=(usage.input_tokens, usage.output_tokens) if usage else (1, 1),
    )


def chosen(name: str | None, kind: str) -> ToolChoice:
    """A tool choice of a protocol as Inspect's."""
    if name:
        return ToolFunction(name=name)
    return {"any": "any", "required": "any", "none": "none", "auto": "auto"}[kind]  # type: ignore[return-value]


def need(condition: object, reason: str) -> None:
    """A rule of the protocol.

    Raises:
        BadRequest: where it is broken.
    """
    if not condition:
        raise BadRequest(reason)
