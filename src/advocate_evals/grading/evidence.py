"""The record of a session as numbered pieces: what a judge is shown, before anything is masked or fenced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
)
from inspect_ai.tool import ToolCall

from advocate_evals.catalogue import load
from advocate_evals.world import SUBJECT, Entry

Kind = Literal["instructions", "message", "words", "reasoning", "call", "result", "note"]
OWN: tuple[Kind, ...] = ("words", "reasoning", "call", "note")
"""Kinds of pieces that come from the subject itself, or from its silence."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a record."""

    kind: Kind
    text: str
    """What stands there; of a call the tool's name and its arguments, one a line."""
    tool: str = ""
    """The tool, of calls and results."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """The arguments, of calls."""
    call: int = -1
    """Which call of the session it belongs to, counted from 0; -1 for others."""
    turn: int = -1
    """Which message of the subject it belongs to, counted from 0; -1 before the first."""


def record(messages: Sequence[ChatMessage], ledger: Sequence[Entry] = ()) -> tuple[Piece, ...]:
    """The pieces of a session, in order.

    Args:
        messages: The conversation, as the log keeps it.
        ledger: What happened, from which turns are known that left no message.
    """
    return tuple(_pieces(messages, [entry for entry in ledger if entry.actor == SUBJECT]))


def _pieces(messages: Sequence[ChatMessage], own: Sequence[Entry]) -> Iterator[Piece]:
    quiet = [entry.verb for entry in own if entry.verb.startswith("turn_")]
    calls: dict[str, tuple[int, ToolCall]] = {}
    opening = next((message for message in messages if isinstance(message, ChatMessageUser)), None)
    turn, silent = -1, True
    for message in messages:
        if isinstance(message, ChatMessageAssistant):
            turn, silent = turn + 1, False
            yield from _said(message, turn)
            for call in message.tool_calls or ():
                calls[call.id] = (len(calls), call)
                yield called(call.function, call.arguments, len(calls) - 1, turn)
            if not message.tool_calls and quiet and (verb := quiet.pop(0)) == "turn_refused":
                yield _note(verb, turn)
        elif isinstance(message, ChatMessageTool):
            number, known = calls.get(message.tool_call_id or "", (-1, None))
            name = known.function if known else str(message.function or "")
            silent = True
            yield Piece("result", message.text, name, call=number, turn=turn)
        elif isinstance(message, ChatMessageUser):
            if silent and quiet and message is not opening:
                yield _note(quiet.pop(0), turn)
            silent = True
            yield Piece("message", message.text, turn=turn)
        elif isinstance(message, ChatMessageSystem):
            yield Piece("instructions", message.text)
    yield from (_note(verb, turn) for verb in quiet)


def _note(verb: str, turn: int) -> Piece:
    """What stands for a turn that left no message, or was declined."""
    return Piece("note", load.judge_texts().shown.quiet[verb], turn=turn)  # type: ignore[index]


def _said(message: ChatMessageAssistant, turn: int) -> Iterator[Piece]:
    parts = [ContentText(text=message.content)] if isinstance(message.content, str) else message.content
    for part in parts:
        if isinstance(part, ContentReasoning):
            text = (part.summary or "") if part.redacted else part.reasoning
            if text.strip():
                yield Piece("reasoning", text, turn=turn)
        elif isinstance(part, ContentText) and part.text.strip():
            yield Piece("words", part.text, turn=turn)


def called(tool: str, args: Mapping[str, Any], call: int = -1, turn: int = -1) -> Piece:
    """A use of a tool."""
    return Piece("call", written(tool, args), tool, dict(args), call, turn)


def written(tool: str, args: Mapping[str, Any]) -> str:
    """A use of a tool as text: the tool, and each argument on a line, long ones below their name."""
    lines = [tool]
    for name, value in args.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        lines.append(f"{name}:\n{text}" if "\n" in text or len(text) > 100 else f"{name}: {text}")
    return "\n".join(lines)


def retold(piece: Piece, args: Mapping[str, Any]) -> Piece:
    """A call with other arguments."""
    return replace(piece, args=dict(args), text=written(piece.tool, args))


def own(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces that come from the subject."""
    return tuple(piece for piece in pieces if piece.kind in OWN)
