"""Turns from a person at a terminal, who types commands and reads what comes back."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from advocate_evals.human_play.command_language import (
    HELP_TEXT,
    CallDropped,
    describe_tool,
    read_call,
)
from advocate_evals.human_play.player_turns import (
    PlayerMessage,
    PlayerStopped,
    ReplyRefused,
    ToolRequest,
    TurnReply,
    TurnRequest,
    find_tool,
    parse_reply,
)
from advocate_evals.safe_text import clean_document

with suppress(ImportError):  # line editing and history, where the system has it
    import readline  # noqa: F401

_TEXT_END, _TEXT_CANCEL = ".", ".cancel"
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
