"""The commands a person types at the desk: `read_mail 3`, `send_mail to=... subject=...`, or a call as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from inspect_ai.tool import ToolInfo

from advocate_evals.human_play.player_turns import (
    ReplyRefused,
    ToolRequest,
    check_argument_names,
    check_call,
    find_tool,
    list_missing,
)

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
