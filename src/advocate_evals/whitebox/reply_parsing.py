"""What an open model wrote, as a message: thoughts, words and tool calls.

Every form of call that the common templates ask for is read, whatever the model's family, and a call without arguments
is a call: Inspect's `hf` provider refuses those, and then a model can list no files, jobs or weights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from inspect_ai.model import ChatMessageAssistant, Content, ContentReasoning, ContentText
from inspect_ai.tool import ToolCall

from advocate_evals.whitebox.chat_rendering import THINK_CLOSE, THINK_OPEN

_TAGGED = re.compile(r"<(tool_call|function_call|function)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_NAMED = re.compile(r"<function=(\w+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=(\w+)>(.*?)(?:</parameter>|\Z)", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call|tool_code)?\s*([{\[].*?)(?:```|\Z)", re.DOTALL)
_LISTED_MARK = "[TOOL_CALLS]"
_LISTED = re.compile(r"\s*(\w+)\s*(?:\[CALL_ID\]\s*\w+\s*)?(?:\[ARGS\])?\s*(\{.*)\Z", re.DOTALL)
_BARE_MARKS = ("<|python_tag|>", "<|tool_call|>")
_NAME = re.compile(r'"name"\s*:\s*"(\w+)"')
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "input")
UNKNOWN_FUNCTION = "unknown"
"""Name of the function of a call from which none could be read."""


def parse_model_reply(text: str, model_name: str, call_prefix: str = "call") -> ChatMessageAssistant:
    """The message that a model wrote.

    Args:
        text: What it wrote, without the marks that end a turn.
        model_name: Its name.
        call_prefix: Beginning of the ids of its calls, different for each turn of a conversation.
    """
    thoughts, answer = split_thoughts(text)
    words, raw_calls = split_calls(answer)
    calls = [_build_call(raw, f"{call_prefix}_{number}") for number, raw in enumerate(_expand_lists(raw_calls))]
    content: str | list[Content] = words
    if thoughts:
        content = [ContentReasoning(reasoning=thoughts), *([ContentText(text=words)] if words else [])]
    return ChatMessageAssistant(content=content, tool_calls=calls or None, model=model_name, source="generate")


def split_thoughts(text: str) -> tuple[str, str]:
    """Thoughts and the rest of a reply.

    The opening mark may be missing, where the template wrote it; the closing one, where the reply was cut off.
    """
    start = text.lstrip()
    if THINK_CLOSE in start:
        thoughts, _, answer = start.partition(THINK_CLOSE)
        return thoughts.removeprefix(THINK_OPEN).strip(), answer.strip()
    if start.startswith(THINK_OPEN):
        return start.removeprefix(THINK_OPEN).strip(), ""
    return "", text.strip()


def split_calls(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The words of a reply, and its calls as pairs of a function's name, where that stands outside, and JSON."""
    if by_name := _NAMED.findall(text):
        words = re.sub(r"</?tool_call>", "", _NAMED.sub("", text))
        return words.strip(), [(name, _parameters_json(body)) for name, body in by_name]
    if tagged := _TAGGED.findall(text):
        return _TAGGED.sub("", text).strip(), [("", body.strip()) for _, body in tagged]
    if _LISTED_MARK in text:
        words, *bodies = text.split(_LISTED_MARK)
        matches = [(_LISTED.match(body), body) for body in bodies]
        return words.strip(), [(match[1], match[2].strip()) if match else ("", body.strip()) for match, body in matches]
    for mark in _BARE_MARKS:
        if mark in text:
            words, _, body = text.partition(mark)
            return words.strip(), [("", body.strip())]
    if fenced := [body for body in _FENCED.findall(text) if _NAME.search(body)]:
        return _FENCED.sub("", text).strip(), [("", body) for body in fenced]
    stripped = text.strip()
    if stripped.startswith(("{", "[{")) and _NAME.search(stripped):
        return "", [("", stripped)]
    return stripped, []


def _parameters_json(body: str) -> str:
    """The arguments inside the tag of a named function, as JSON; each may stand in a tag of its own."""
    if parameters := _PARAMETER.findall(body):
        return json.dumps({name: _read_value(value.strip("\n")) for name, value in parameters})
    return body.strip() or "{}"


def _read_value(text: str) -> Any:
    """The value of an argument that stands in a tag: a text, unless it is a number, true or false."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int | float) else text


def _build_call(raw: tuple[str, str], call_id: str) -> ToolCall:
    name, body = raw
    try:
        data = _single_object(json.loads(body))
        if not name and isinstance(data.get("function"), dict):
            data = data["function"]
        function = name or str(data.get("name") or data.get("function") or "")
        if not function:
            raise ValueError("a call needs a name")
        arguments = data if name else _read_arguments(data)
    except (ValueError, TypeError, RecursionError) as error:
        match = _NAME.search(body)
        return ToolCall(
            id=call_id,
            function=name or (match[1] if match else UNKNOWN_FUNCTION),
            arguments={},
            parse_error=f"The call is not well formed ({error}): {body[:200]}",
        )
    return ToolCall(id=call_id, function=function, arguments=arguments)


def _single_object(data: Any) -> dict[str, Any]:
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict):
        raise ValueError("a call is a JSON object with the keys name and arguments")
    return data


def _read_arguments(data: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call; none where there is no such key, or it is empty."""
    value = next((data[key] for key in _ARGUMENT_KEYS if key in data), None)
    if value in (None, "", []):
        return {}
    if isinstance(value, str):
        value = json.loads(value)
    if not isinstance(value, dict):
        raise ValueError("the arguments are a JSON object")
    return value


def _expand_lists(calls: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Calls of which one may be several, in a JSON list or one after the other, one by one."""
    for name, body in calls:
        pieces = [body] if name else _split_objects(body)
        for piece in pieces:
            try:
                data = json.loads(piece)
            except (ValueError, RecursionError):
                data = None
            if isinstance(data, list) and len(data) > 1:
                yield from ((name, json.dumps(item)) for item in data)
            else:
                yield name, piece


def _split_objects(text: str) -> list[str]:
    """JSON values that stand one after the other, with blanks, commas or semicolons between them; what is none stays in
    one piece."""
    decoder, start = json.JSONDecoder(), 0
    pieces: list[str] = []
    while start < len(text):
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return [*pieces, text[start:]] if _NAME.search(text[start:]) or not pieces else pieces
        pieces.append(text[start:end])
        start = end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n,;"))
    return pieces or [text]
