"""Turns from a person at a terminal, who types commands and reads what comes back; and the language of the commands."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any

from inspect_ai.tool import ToolInfo
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from advocate_evals.human_play.player_turns import (
    PlayerMessage,
    PlayerStopped,
    ReplyRefused,
    ToolRequest,
    TurnReply,
    TurnRequest,
    check_argument_names,
    check_call,
    find_tool,
    list_missing,
    parse_reply,
)
from advocate_evals.safe_text import clean_document

LONG_TEXT_MARK = "<<"
"""A value that stands for a text of several lines, which is asked for."""
_LONG_TEXTS = ("body", "text")
"""Arguments that are asked for as texts of several lines."""
_ARGUMENT_START = re.compile(r"(?:^|(?<=\s))([A-Za-z_]\w*)=")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')

TextSource = Callable[[str, bool], str]
"""Asks the person for a value: the argument's name, and whether it may have several lines."""

HELP_TEXT = """\
tools                 the tools with their arguments; tools NAME for a single one
NAME argument=value   call a tool: list_mail   read_mail 3   search_mail query=parking
                      A value runs to the next argument; put it in "..." where it holds a word followed by =.
                      What stands first without a name is the first argument. Missing arguments are asked for:
                      a long text ends with a line that holds a single full stop (. alone); .cancel drops the call.
                      argument=<< asks for a long text anywhere: end_shift note=<<
{"tool": ...}         a call as JSON: {"tool": "read_mail", "arguments": {"message_id": 3}}
                      several: {"text": "...", "calls": [{"tool": ..., "arguments": {...}}, ...]}
also NAME ...         a call that waits, and is made together with the next
say TEXT              a turn in words, without a call (with those that wait, if any)
again                 what came last, once more; start: the instructions, once more
help                  this page
stop                  end the session here"""


class CallDropped(Exception):  # a wish of the person, no error
    """The person took back a call while giving its arguments."""


def read_call(line: str, tools: Sequence[ToolInfo], ask_value: TextSource) -> ToolRequest:
    """A call from a line, complete and checked; what is missing is asked for.

    Raises:
        ReplyRefused: for an unknown tool or argument, with the nearest name, or an unusable value.
        CallDropped: where the person takes it back.
    """
    name, _, remainder = line.strip().partition(" ")
    tool = find_tool(name, tools)
    arguments = dict(_split_arguments(tool, remainder.strip()))
    check_argument_names(tool, arguments)
    for argument in [argument for argument, value in arguments.items() if value == LONG_TEXT_MARK]:
        arguments[argument] = ask_value(argument, True)
    for argument in list_missing(tool, arguments):
        arguments[argument] = ask_value(argument, argument in _LONG_TEXTS)
    return check_call(ToolRequest(tool=name, arguments=arguments), tools)


def _split_arguments(tool: ToolInfo, text: str) -> Iterator[tuple[str, Any]]:
    """Names and values of the arguments as typed.

    Raises:
        ReplyRefused: where an argument is given twice, or a value without a name to a tool that takes none.
    """
    quotes = [match.span() for match in _QUOTED.finditer(text)]
    starts = [
        match
        for match in _ARGUMENT_START.finditer(text)
        if not any(begin < match.start() < end for begin, end in quotes)
    ]
    leading = text[: starts[0].start()].strip() if starts else text
    names = [match.group(1) for match in starts]
    if leading:
        if not tool.parameters.properties:
            raise ReplyRefused(f"{tool.name}: takes no arguments, not {leading[:60]!r}")
        first = next(iter(tool.parameters.properties))
        names.insert(0, first)
        yield first, _unquote(leading)
    for name in names:
        if names.count(name) > 1:
            raise ReplyRefused(f"{tool.name}: the argument {name!r} is there twice")
    for place, match in enumerate(starts):
        end = starts[place + 1].start() if place + 1 < len(starts) else len(text)
        yield match.group(1), _unquote(text[match.end() : end].strip())


def _unquote(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    return re.sub(r"\\(.)", r"\1", quoted.group(1)) if quoted else value


def describe_tool(tool: ToolInfo) -> str:
    """A tool as the page `tools` shows it: its description and one line for each argument."""
    lines = [f"{tool.name}: {tool.description.strip()}"]
    for name, schema in tool.parameters.properties.items():
        kind = {"string": "text", "integer": "number", "boolean": "true or false"}.get(str(schema.type), "value")
        needed = "" if name in tool.parameters.required else f", may be left out ({_format_default(schema.default)})"
        lines.append(f"    {name} ({kind}{needed}): {' '.join((schema.description or '').split())}")
    return "\n".join(lines)


def _format_default(value: object) -> str:
    return "then empty" if value in ("", None) else f"then {str(value).lower()}"


with suppress(ImportError):  # line editing and history, where the system has it
    import readline  # noqa: F401

_TEXT_END, _TEXT_CANCEL = ".", ".cancel"
# The desk at a terminal.

_TITLES = {"system": "Instructions", "user": "Message"}


class TerminalDesk:
    """A person at a terminal.

    Args:
        out: Where to print; the terminal if left out.
    """

    def __init__(self, out: Console | None = None) -> None:
        self._out = out or Console(highlight=False)
        self._begun = False
        self._first: tuple[PlayerMessage, ...] = ()
        self._waiting: list[ToolRequest] = []

    async def take_turn(self, request: TurnRequest) -> TurnReply:
        """Show what is new and read commands until they make a turn.

        Reads in the thread of the event loop: nothing else happens in an episode while the person thinks.

        Raises:
            PlayerStopped: where the person stops, or the input ends.
        """
        if not self._begun:
            self._begun, self._first = True, request.messages
            self._show_messages(request.messages)
            self._out.print("Type help for how to act here, tools for what there is.", style="dim")
        else:
            self._show_messages(request.messages)
        while True:
            try:
                reply = self._read_command(self._read_line("> ").strip(), request)
            except ReplyRefused as error:
                self._out.print(Text(str(error), style="red"))
            except (CallDropped, KeyboardInterrupt):
                self._out.print("Nothing was called. Type stop to end the session.", style="dim")
            else:
                if reply is not None:
                    self._waiting.clear()
                    return reply

    def show_end(self, why: str, messages: Sequence[PlayerMessage] = (), error: str = "") -> None:
        """Say that the session has ended, with what came after the last turn; not why, which is for the log."""
        self._show_messages(messages)
        self._out.print("\nThe session has ended.", style="bold")

    def _read_command(self, line: str, request: TurnRequest) -> TurnReply | None:
        """The turn that a line makes; None where it makes none.

        Raises:
            ReplyRefused: where it cannot be read.
            CallDropped: where the person takes the call back.
            PlayerStopped: where the person stops.
        """
        word, _, remainder = line.partition(" ")
        if word == "stop":
            raise PlayerStopped("the player stopped")
        if line.startswith("{"):
            return self._join_waiting(parse_reply(line, request.tools))
        if word == "say":
            return self._join_waiting(TurnReply(text=remainder.strip() or self._ask_value("text", True)))
        if word == "also":
            self._waiting.append(read_call(remainder, request.tools, self._ask_value))
            self._out.print(f"{len(self._waiting)} waiting for the next call", style="dim")
            return None
        if not line or self._show_page(word, remainder.strip(), request):
            return None
        return self._join_waiting(TurnReply(calls=(read_call(line, request.tools, self._ask_value),)))

    def _join_waiting(self, reply: TurnReply) -> TurnReply:
        return reply.model_copy(update={"calls": (*self._waiting, *reply.calls)})

    def _show_page(self, word: str, remainder: str, request: TurnRequest) -> bool:
        """Show the page that a command asks for. Returns whether it does."""
        if word == "help":
            self._out.print(Text(HELP_TEXT))
        elif word == "tools":
            chosen = [find_tool(remainder, request.tools)] if remainder else request.tools
            self._out.print(Text("\n".join(describe_tool(tool) for tool in chosen)))
        elif word == "again":
            self._show_messages(request.messages)
        elif word == "start":
            self._show_messages(self._first)
        else:
            return False
        return True

    def _show_messages(self, messages: Sequence[PlayerMessage]) -> None:
        for message in messages:
            text = Text(clean_document(message.text))
            if message.role == "tool":
                self._out.rule(Text(message.tool), align="left", style="dim")
                self._out.print(text)
            else:
                self._out.print(Panel(text, title=_TITLES[message.role], title_align="left"))

    def _ask_value(self, argument: str, is_long: bool) -> str:
        """A value of one line, or of several up to a line with a full stop alone.

        Raises:
            CallDropped: where the person takes the call back.
        """
        if not is_long:
            line = self._read_line(f"{argument}: ").strip()
            if not line or line == _TEXT_CANCEL:
                raise CallDropped
            return line
        self._out.print(f"{argument} (ends with a line that holds . alone; .cancel drops the call):", style="dim")
        lines: list[str] = []
        while (line := self._read_line("| ")).rstrip() != _TEXT_END:
            if line.strip() == _TEXT_CANCEL:
                raise CallDropped
            lines.append(line)
        return "\n".join(lines)

    def _read_line(self, prompt: str) -> str:
        """One line of input.

        Raises:
            PlayerStopped: where the input ends.
        """
        try:
            # Inspect puts a proxy in the place of the terminal, which would hold the prompt back
            with _ordinary_interrupts(), redirect_stdout(getattr(sys.stdout, "rich_proxied_file", sys.stdout)):
                return input(prompt)
        except EOFError:
            raise PlayerStopped("the input ended") from None


@contextmanager
def _ordinary_interrupts() -> Iterator[None]:
    """Lets Ctrl-C interrupt the reading of a line; the event loop would hear of it only after the line."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
