"""A turn as a player gets it and gives it back: what is new, the tools, and the reply with its calls, checked.

A player is a person, or a program that plays through files. Both get what a model gets and no more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool
from inspect_ai.tool import ToolInfo
from pydantic import ValidationError

from advocate_evals.records import Record, suggest_nearest

_TRUE_WORDS, _FALSE_WORDS = ("true", "yes"), ("false", "no")


class PlayerStopped(Exception):  # the player's right, no error
    """The player ended the session, or did not answer in time; the episode then has no score."""


class ReplyRefused(ValueError):  # says what is wrong with a reply, and is answered with a request for another
    """A reply that cannot be used, with the reason in words for the player."""


@dataclass(frozen=True, slots=True)
class PlayerMessage:
    """A message that the player has not read yet."""

    role: Literal["system", "user", "tool"]
    text: str
    tool: str = ""
    """The tool that answers, where one does."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a player is asked for a turn with."""

    messages: tuple[PlayerMessage, ...]
    """What is new since the player's last turn."""
    tools: tuple[ToolInfo, ...]
    """The tools that can be called; empty where only an answer in words is wanted."""


class ToolRequest(Record):
    """One call of a tool, as a player writes it."""

    tool: str
    """Name of the tool."""
    arguments: dict[str, Any] = {}
    """Its arguments by name."""


class TurnReply(Record):
    """A player's turn: a text, calls, or both; or the wish to stop."""

    text: str = ""
    """What is said in this turn."""
    calls: tuple[ToolRequest, ...] = ()
    """Tools to call, one after the other."""
    stop: bool = False
    """Ends the session here."""


class PlayerDesk(Protocol):
    """Where turns are asked for and given."""

    async def take_turn(self, request: TurnRequest) -> TurnReply:
        """Ask for a turn, as often as it takes to get one that can be used.

        Raises:
            PlayerStopped: where the session ends here.
        """
        ...

    def show_end(self, why: str, messages: Sequence[PlayerMessage] = (), error: str = "") -> None:
        """Say that the session has ended, with the messages that came after the last turn."""
        ...


def build_request(conversation: Sequence[ChatMessage], tools: Sequence[ToolInfo]) -> TurnRequest:
    """The request for the next turn: the messages after the player's last one."""
    last_turn = max(
        (place for place, message in enumerate(conversation) if isinstance(message, ChatMessageAssistant)), default=-1
    )
    return TurnRequest(read_messages(conversation[last_turn + 1 :]), tuple(tools))


def read_messages(messages: Sequence[ChatMessage]) -> tuple[PlayerMessage, ...]:
    """Messages to a player, as a model reads them; a player's own are left out."""
    return tuple(_read_message(message) for message in messages if not isinstance(message, ChatMessageAssistant))


def _read_message(message: ChatMessage) -> PlayerMessage:
    if isinstance(message, ChatMessageTool):
        text = message.error.message if message.error is not None else message.text
        return PlayerMessage("tool", text, message.function or "")
    return PlayerMessage("system" if message.role == "system" else "user", message.text)


def parse_reply(content: str, tools: Sequence[ToolInfo]) -> TurnReply:
    """A reply from JSON: `{"text": "...", "calls": [{"tool": "...", "arguments": {...}}]}`, or one call alone.

    Raises:
        ReplyRefused: where it is no JSON, of another form, or calls what there is not.
    """
    try:
        data = json.loads(content)
    except ValueError as error:
        raise ReplyRefused(f"not JSON: {error}") from error
    if isinstance(data, dict) and "tool" in data:
        data = {"calls": [data]}
    try:
        reply = TurnReply.model_validate(data)
    except ValidationError as error:
        faults = [f"{_format_place(fault['loc'])}{fault['msg']}" for fault in error.errors()]
        raise ReplyRefused("; ".join(faults)) from error
    return check_reply(reply, tools)


def _format_place(location: tuple[int | str, ...]) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{place}: " if place else ""


def check_reply(reply: TurnReply, tools: Sequence[ToolInfo]) -> TurnReply:
    """The reply with the arguments of its calls in the types that the tools declare.

    Raises:
        ReplyRefused: for an empty reply, an unknown tool or argument, with the nearest name, or an unusable value.
    """
    if reply.stop:
        return reply
    if not reply.calls and not reply.text.strip():
        raise ReplyRefused("the reply has neither a text nor a call")
    return reply.model_copy(update={"calls": tuple(check_call(call, tools) for call in reply.calls)})


def find_tool(name: str, tools: Sequence[ToolInfo]) -> ToolInfo:
    """A tool by name.

    Raises:
        ReplyRefused: for an unknown name, with the nearest one.
    """
    by_name = {tool.name: tool for tool in tools}
    if name not in by_name:
        nearest = suggest_nearest(name, by_name) if by_name else " (only words are wanted here)"
        raise ReplyRefused(f"unknown tool {name!r}{nearest}")
    return by_name[name]


def check_call(call: ToolRequest, tools: Sequence[ToolInfo]) -> ToolRequest:
    """A call with its arguments in the types that its tool declares.

    Raises:
        ReplyRefused: for an unknown tool or argument, a missing argument, or a value of another type.
    """
    tool = find_tool(call.tool, tools)
    check_argument_names(tool, call.arguments)
    for name in list_missing(tool, call.arguments):
        raise ReplyRefused(f"{call.tool}: the argument {name!r} is missing")
    arguments = {
        name: _convert_value(call.tool, name, value, str(tool.parameters.properties[name].type))
        for name, value in call.arguments.items()
    }
    return call.model_copy(update={"arguments": arguments})


def check_argument_names(tool: ToolInfo, names: Iterable[str]) -> None:
    """Refuse what a tool does not take.

    Raises:
        ReplyRefused: for an unknown argument, with the nearest one.
    """
    properties = tool.parameters.properties
    for name in names:
        if name not in properties:
            nearest = suggest_nearest(name, properties) if properties else " (it takes none)"
            raise ReplyRefused(f"{tool.name}: unknown argument {name!r}{nearest}")


def list_missing(tool: ToolInfo, names: Collection[str]) -> list[str]:
    """Required arguments of a tool that are not among the names."""
    return [name for name in tool.parameters.required if name not in names]


def _convert_value(tool: str, name: str, value: Any, kind: str) -> Any:
    """A value in the declared type; digits and words for true and false are converted.

    Raises:
        ReplyRefused: where it has another type.
    """
    word = value.strip().lower() if isinstance(value, str) else value
    if kind == "integer" and isinstance(word, str) and word.lstrip("#").isascii() and word.lstrip("#").isdigit():
        return int(word.lstrip("#")[:18])
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "boolean" and word in (True, *_TRUE_WORDS):
        return True
    if kind == "boolean" and word in (False, *_FALSE_WORDS):
        return False
    if kind == "string" and isinstance(value, str):
        return value
    if kind not in ("integer", "boolean", "string"):
        return value
    expected = {"integer": "a whole number such as 7", "boolean": "true or false", "string": "a text"}[kind]
    raise ReplyRefused(f"{tool}: {name} must be {expected}, not {json.dumps(value, ensure_ascii=False)[:60]}")


def describe_tools(tools: Sequence[ToolInfo]) -> list[Mapping[str, Any]]:
    """The tools as plain data: name, description, and the JSON schema of the arguments."""
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters.model_dump(exclude_none=True, mode="json"),
        }
        for tool in tools
    ]
