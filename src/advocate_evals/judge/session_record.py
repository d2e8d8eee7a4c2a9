"""The record of a session as a sequence of pieces, before it is masked and fenced for a judge.

`build_record` turns a conversation and its ledger into pieces. `neutralise_listing` removes from a tool's answer the
lines, numbers and clock times that differ between the arms of a block. Reading a notice takes minutes, so that mail may
come in a call earlier or later: what tells of its coming is removed, and mails that came in the course of the day are
numbered in the order in which the record shows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from advocate_evals.model_calls import read_reasoning
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
    empty_turns = [entry for entry in own_entries if entry.verb.startswith("turn_")]
    unanswered = _UnansweredCalls()
    opening = next((message for message in messages if isinstance(message, ChatMessageUser)), None)
    turn, awaits_reply = -1, True
    for message in messages:
        if isinstance(message, ChatMessageAssistant):
            turn, awaits_reply = turn + 1, False
            yield from _split_reply(message, turn)
            for call in message.tool_calls or ():
                yield call_piece(call.function, call.arguments, unanswered.add_call(call, turn), turn)
            if not message.tool_calls and empty_turns and (entry := empty_turns.pop(0)).verb == "turn_refused":
                yield from _note_turn(entry, turn)
        elif isinstance(message, ChatMessageTool):
            number, tool = unanswered.take_call(message.tool_call_id or "")
            tool = tool or str(message.function or "")
            awaits_reply = True
            yield Piece("result", message.text, tool, call=number, turn=turn)
        elif isinstance(message, ChatMessageUser):
            if awaits_reply and empty_turns and message is not opening:
                yield from _note_turn(empty_turns.pop(0), turn)
            awaits_reply = True
            yield Piece("message", message.text, turn=turn)
        elif isinstance(message, ChatMessageSystem):
            yield Piece("instructions", message.text)
    for entry in empty_turns:
        yield from _note_turn(entry, turn)


class _UnansweredCalls:
    """Calls that wait for their answer. Some providers repeat an id from turn to turn, or give it to every call."""

    def __init__(self) -> None:
        self._count = 0
        self._by_id: dict[str, list[tuple[int, int, str]]] = {}

    def add_call(self, call: ToolCall, turn: int) -> int:
        """Enter a call; gives its index in the session."""
        self._by_id.setdefault(call.id, []).append((turn, self._count, call.function))
        self._count += 1
        return self._count - 1

    def take_call(self, call_id: str) -> tuple[int, str]:
        """Index and tool of the call that an answer belongs to: the first of its id in the latest turn that has one.

        -1 and an empty name where none waits.
        """
        waiting = self._by_id.get(call_id)
        if not waiting:
            return -1, ""
        latest = max(turn for turn, _, _ in waiting)
        answered = next(entry for entry in waiting if entry[0] == latest)
        waiting.remove(answered)
        return answered[1:]


def _note_turn(entry: LedgerEntry, turn: int) -> Iterator[Piece]:
    """The pieces for a turn that left no message or was declined: what was thought in it, where that can be read."""
    if thought := str(entry.facts.get("reasoning", "")):
        yield Piece("reasoning", thought, turn=turn)
    yield Piece("note", read_judge_texts().shown.quiet[entry.verb], turn=turn)  # type: ignore[index]


def _split_reply(message: ChatMessageAssistant, turn: int) -> Iterator[Piece]:
    """The reasoning and the text of a message of the subject, as pieces."""
    parts = [ContentText(text=message.content)] if isinstance(message.content, str) else message.content
    for part in parts:
        if isinstance(part, ContentReasoning):
            if text := read_reasoning(part):
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


# Answers of the office's tools as they would be in any arm.

_MAIL_LINE = re.compile(r"^([* ])( *\d+)(  \w{3} \d+ \w+ \d{4} \d\d:\d\d  )", re.M)
_FOLDER_COUNT = re.compile(r"^(Inbox|Sent|Bin), (\d+) messages", re.M)
_SEARCH_COUNT = re.compile(r"^(\d+) found:$", re.M)
_MAIL_NUMBERS = re.compile(r"^(Id: |In reply to: |Original message |Message )(\d+)\b", re.M)
_UNKNOWN_NUMBER = re.compile(r"(\bNo message with id )(\d+)|( Your mailbox holds ids 1 to \d+\.)")
_FILE_SIZE = re.compile(r"[\d,]+ characters, (?=changed )|, [\d,]+ characters(?=\.)")
_OFFICE_NAMES = re.compile(r"(Offices that take cases: )([^\n]*?)(\.(?:\n|$))")
_FOLDER_NAMES = re.compile(r"(Folders: )([^\n]*?)(\.(?:\n|$))")
_SUGGESTION = re.compile(r" \(did you mean '[^'\n]*'\?\)| \(known: [^\n]*\)(?=\.)")
_FROM_LINE = re.compile(r"^From: [^\n]*$", re.M)
_NEWS_LINE = re.compile(r"\n\n(?:It is \d\d:\d\d\.$|(?:It is \d\d:\d\d\. )?New mail \(\d+\): [^\n]*$)")
_SCHEDULE_TOOLS = ("list_jobs",)
"""Tools whose answers give scheduled times, which are the same in all arms."""
_MAIL_TOOLS = ("list_mail", "read_mail", "search_mail", "send_mail", "reply_mail", "forward_mail", "delete_mail")


@dataclass(frozen=True, slots=True)
class MailNumbers:
    """The numbers that mails are shown with."""

    notice: int = 0
    """Number of the mail that carries the notice; 0 for none."""
    initial: int = 0
    """How many mails there are when the day begins, without the notice."""
    later: Mapping[int, int] = field(default_factory=dict)
    """By number in the session, the number that a mail of the day is shown with."""

    def neutral_number(self, number: int) -> int:
        """The number that a mail is shown with; a number that no mail was seen with stays."""
        if number > self.initial + bool(self.notice):
            return self.later.get(number, number)
        return number - (0 < self.notice < number)


def number_mails(pieces: Iterable[Piece], notice: int, initial: int) -> MailNumbers:
    """Numbers for the mails of a session: those of the day in the order in which it shows them.

    Args:
        pieces: The record of the session.
        notice: Number of the mail that carries the notice; 0 for none.
        initial: How many mails there are when the day begins, without the notice.
    """
    later: dict[int, int] = {}
    for piece in pieces:
        if piece.kind == "result" and piece.tool in _MAIL_TOOLS:
            for match in re.finditer(f"{_MAIL_LINE.pattern}|{_MAIL_NUMBERS.pattern}", piece.text, re.M):
                number = int(match[2] or match[5])
                if number > initial + bool(notice) and number != notice:
                    later.setdefault(number, initial + 1 + len(later))
    return MailNumbers(notice, initial, later)


@dataclass(frozen=True, slots=True)
class ListingContext:
    """What the answers of the tools show of an arm."""

    numbers: MailNumbers
    """The numbers that mails are shown with."""
    day: str
    """The day of the session, as time stamps write it."""
    addresses: tuple[str, ...]
    """Mail addresses of the people that the mechanism adds, in lower case."""
    paths: frozenset[str]
    """Paths of the files that the mechanism adds, and of folders that hold nothing else, in lower case."""


def neutralise_listing(tool: str, text: str, context: ListingContext) -> str:
    """The answer of a tool as it would be in any arm.

    Args:
        tool: The tool.
        text: Its answer.
        context: What to remove.
    """
    text = _NEWS_LINE.sub("", text).rstrip()
    neutralise = _BY_TOOL.get(tool)
    if neutralise:
        text = neutralise(text, context)
    text = _SUGGESTION.sub("", _FILE_SIZE.sub("", text))
    text = _FOLDER_NAMES.sub(lambda match: match[1] + _drop_names(match[2], context.paths) + match[3], text)
    if tool not in _SCHEDULE_TOOLS:
        text = re.sub(rf"({re.escape(context.day)}) \d\d:\d\d", r"\1", text)
    return text


def _drop_names(names: str, excluded: frozenset[str]) -> str:
    return ", ".join(name for name in names.split(", ") if name.lower() not in excluded)


def _neutralise_mail(text: str, context: ListingContext) -> str:
    """Lists of mail and numbers of mails as they are without the notice; mail of the advocate without its text."""
    if context.numbers.notice:
        text = _drop_notice(text, context.numbers.notice)
    neutral = context.numbers.neutral_number
    text = _MAIL_LINE.sub(lambda match: f"{match[1]}{neutral(int(match[2])):>3}{match[3]}", text)
    text = _MAIL_NUMBERS.sub(lambda match: f"{match[1]}{neutral(int(match[2]))}", text)
    text = _UNKNOWN_NUMBER.sub(lambda match: "" if match[3] else f"{match[1]}{neutral(int(match[2]))}", text)
    text = re.sub(r"^Nothing found for [^\n]*$", "Nothing found.", text, flags=re.M)
    sender = _FROM_LINE.search(text)
    if sender and any(address in sender[0].lower() for address in context.addresses):
        return text.partition("\n\n")[0] + "\n\n" + read_judge_texts().shown.withheld
    return text


def _drop_notice(text: str, notice: int) -> str:
    """A list of mail without the mail that carries the notice."""
    numbers = {line: _MAIL_LINE.match(line) for line in text.split("\n")}
    lines = [line for line in text.split("\n") if not ((match := numbers[line]) and int(match[2]) == notice)]
    removed = text.count("\n") + 1 - len(lines)
    text = "\n".join(lines)
    text = _FOLDER_COUNT.sub(lambda match: f"{match[1]}, {int(match[2]) - removed} messages", text)
    text = _SEARCH_COUNT.sub(lambda match: f"{int(match[1]) - removed} found:", text)
    return re.sub(r"^(\w+), 0 messages[^\n]*", r"\1 is empty.", re.sub(r"^0 found:", "Nothing found.", text))


def _drop_files(text: str, context: ListingContext) -> str:
    """Lists of files without those that the mechanism adds."""
    return "\n".join(line for line in text.split("\n") if line.partition("  ")[0].lower() not in context.paths)


def _drop_offices(text: str, context: ListingContext) -> str:
    """The directory without the offices that the mechanism adds."""
    return "\n".join(
        line
        for line in text.split("\n")
        if not any(f"  {address}  " in f"{line.lower()}  " for address in context.addresses)
    )


def _drop_office_names(text: str, context: ListingContext) -> str:
    """The answer to a case for an unknown office, without the list of offices, which differs between arms."""
    return _OFFICE_NAMES.sub("", text).rstrip()


_BY_TOOL: dict[str, Callable[[str, ListingContext], str]] = {
    **dict.fromkeys(_MAIL_TOOLS, _neutralise_mail),
    "list_files": _drop_files,
    "list_offices": _drop_offices,
    "open_case": _drop_office_names,
}
