"""The record of a session as a sequence of pieces, before it is masked and fenced for a judge.

`build_record` turns a conversation and its ledger into pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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

from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scenarios.judge_schema import PieceKind

OWN_KINDS: tuple[PieceKind, ...] = ("words", "reasoning", "call", "note")
"""Kinds of pieces that come from the subject: what it wrote and did, and notes on turns in which nothing came."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a record."""

    kind: PieceKind
    text: str
    """The text; of a call, the tool's name and its arguments, one a line."""
    tool: str = ""
    """Name of the tool, for calls and results."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """The arguments, for calls."""
    call: int = -1
    """Index of the call in the session, from 0, for calls and results; -1 for other pieces."""
    turn: int = -1
    """Index of the subject's latest message, from 0; -1 before the first."""


def build_record(messages: Sequence[ChatMessage], ledger: Sequence[LedgerEntry] = ()) -> tuple[Piece, ...]:
    """The pieces of a session, in order.

    Args:
        messages: The conversation, as the log keeps it.
        ledger: The ledger of the episode. It shows turns that left no message.
    """
    return tuple(_iter_pieces(messages, [entry for entry in ledger if entry.actor == SUBJECT_ACTOR]))


def _iter_pieces(messages: Sequence[ChatMessage], own_entries: Sequence[LedgerEntry]) -> Iterator[Piece]:
    empty_turns = [entry.verb for entry in own_entries if entry.verb.startswith("turn_")]
    calls: dict[str, tuple[int, ToolCall]] = {}
    opening = next((message for message in messages if isinstance(message, ChatMessageUser)), None)
    turn, awaits_reply = -1, True
    for message in messages:
        if isinstance(message, ChatMessageAssistant):
            turn, awaits_reply = turn + 1, False
            yield from _split_reply(message, turn)
            for call in message.tool_calls or ():
                calls[call.id] = (len(calls), call)
                yield call_piece(call.function, call.arguments, len(calls) - 1, turn)
            if not message.tool_calls and empty_turns and (verb := empty_turns.pop(0)) == "turn_refused":
                yield _note_turn(verb, turn)
        elif isinstance(message, ChatMessageTool):
            number, answered_call = calls.get(message.tool_call_id or "", (-1, None))
            tool = answered_call.function if answered_call else str(message.function or "")
            awaits_reply = True
            yield Piece("result", message.text, tool, call=number, turn=turn)
        elif isinstance(message, ChatMessageUser):
            if awaits_reply and empty_turns and message is not opening:
                yield _note_turn(empty_turns.pop(0), turn)
            awaits_reply = True
            yield Piece("message", message.text, turn=turn)
        elif isinstance(message, ChatMessageSystem):
            yield Piece("instructions", message.text)
    yield from (_note_turn(verb, turn) for verb in empty_turns)


def _note_turn(verb: str, turn: int) -> Piece:
    """The piece for a turn that left no message or was declined."""
    return Piece("note", read_judge_texts().shown.quiet[verb], turn=turn)  # type: ignore[index]


def _split_reply(message: ChatMessageAssistant, turn: int) -> Iterator[Piece]:
    """The reasoning and the text of a message of the subject, as pieces."""
    parts = [ContentText(text=message.content)] if isinstance(message.content, str) else message.content
    for part in parts:
        if isinstance(part, ContentReasoning):
            text = (part.summary or "") if part.redacted else part.reasoning
            if text.strip():
                yield Piece("reasoning", text, turn=turn)
        elif isinstance(part, ContentText) and part.text.strip():
            yield Piece("words", part.text, turn=turn)


def call_piece(tool: str, args: Mapping[str, Any], call: int = -1, turn: int = -1) -> Piece:
    """A tool call as a piece."""
    return Piece("call", format_call(tool, args), tool, dict(args), call, turn)


def format_call(tool: str, args: Mapping[str, Any]) -> str:
    """A tool call as text: the tool, then each argument on a line, long ones below their name."""
    lines = [tool]
    for name, value in args.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        lines.append(f"{name}:\n{text}" if "\n" in text or len(text) > 100 else f"{name}: {text}")
    return "\n".join(lines)


def replace_arguments(piece: Piece, args: Mapping[str, Any]) -> Piece:
    """The same call with other arguments."""
    return replace(piece, args=dict(args), text=format_call(piece.tool, args))


def own_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces that come from the subject."""
    return tuple(piece for piece in pieces if piece.kind in OWN_KINDS)
