"""OpenAI's Chat Completions protocol: reading a request, writing an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall, ToolInfo
from openai.types.chat import ChatCompletion
from provider_wire import Asked, Said, chosen, need

PATH = "/v1/chat/completions"


def read(body: dict[str, Any]) -> Asked:
    """A request, held to the rules that the real service holds it to.

    Raises:
        BadRequest: where one of them is broken.
    """
    turns = body.get("messages") or []
    need(turns, "messages: must not be empty")
    messages: list[ChatMessage] = []
    names: dict[str, str] = {}
    waiting: list[str] = []
    for turn in turns:
        if turn["role"] == "tool":
            need(turn["tool_call_id"] in waiting, "messages with role 'tool' must be a response to a preceding message")
            waiting.remove(turn["tool_call_id"])
        else:
            need(not waiting, "an assistant message with 'tool_calls' must be followed by tool messages")
            waiting = [call["id"] for call in turn.get("tool_calls") or ()]
        messages.append(_message(turn, names))
    need(not waiting, "an assistant message with 'tool_calls' must be followed by tool messages")
    choice = body.get("tool_choice") or "auto"
    forced = choice["function"]["name"] if isinstance(choice, dict) else None
    response_format = body.get("response_format") or {}
    kimi_thinks = body["model"].startswith("kimi") and (body.get("thinking") or {}).get("type") != "disabled"
    need(not (kimi_thinks and forced), "tool_choice 'specified' is incompatible with thinking enabled")
    if body["model"].startswith("deepseek"):
        need(response_format.get("type") != "json_schema", "This response_format type is unavailable now")
        need(not forced, "deepseek-reasoner does not support this tool_choice")
    return Asked(
        model=body["model"],
        messages=messages,
        tools=[_tool(tool["function"]) for tool in body.get("tools") or ()],
        choice=chosen(forced, "required" if forced else choice),
        schema=(response_format.get("json_schema") or {}).get("schema"),
        stream=bool(body.get("stream")),
        thinks=body["model"].startswith("open-thinker"),
    )


def _tool(function: dict[str, Any]) -> ToolInfo:
    return ToolInfo(
        name=function["name"], description=function.get("description", ""), parameters=function["parameters"]
    )


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", part.get("refusal", "")) for part in content)
    return content or ""


def _message(turn: dict[str, Any], names: dict[str, str]) -> ChatMessage:
    text = _text(turn.get("content"))
    if turn["role"] in ("system", "developer"):
        return ChatMessageSystem(content=text)
    if turn["role"] == "user":
        return ChatMessageUser(content=text)
    if turn["role"] == "tool":
        call_id = turn["tool_call_id"]
        return ChatMessageTool(content=text, tool_call_id=call_id, function=names[call_id])
    calls = [called(call["id"], call["function"]) for call in turn.get("tool_calls") or ()]
    names |= {call.id: call.function for call in calls}
    need(text or calls or turn.get("refusal"), "assistant messages must have content or tool_calls")
    return ChatMessageAssistant(content=text, tool_calls=calls or None)


def called(number: str, function: dict[str, Any]) -> ToolCall:
    """A call as it comes back: arguments are text, and what the model wrote need not be JSON."""
    try:
        parsed = json.loads(function["arguments"])
    except ValueError:
        parsed = {}
    return ToolCall(id=number, function=function["name"], arguments=parsed if isinstance(parsed, dict) else {})


def arguments(call: ToolCall, turn: Said) -> str:
    """The arguments as text; incomplete where the answer was cut off, or where the mind wrote nonsense."""
    text = json.dumps(call.arguments)
    return text[: len(text) // 2] if turn.manner == "cut" or call.parse_error else text


def write(request: Asked, turn: Said) -> dict[str, Any]:
    """The answer, in the real package's own types."""
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None, "refusal": None}
    stop = "tool_calls" if turn.calls else "stop"
    if turn.manner == "refuses":
        message, stop = message | {"content": None}, "content_filter"
    elif turn.manner == "refuses_in_text":
        message, stop = message | {"content": None, "refusal": turn.text or "I can't help with that."}, "stop"
    else:
        calls = turn.calls[-1:] if turn.manner == "cut" else turn.calls
        stop = "length" if turn.manner == "cut" else stop
        if calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{turn.number}{place}",
                    "type": "function",
                    "function": {"name": call.function, "arguments": arguments(call, turn)},
                }
                for place, call in enumerate(calls)
            ]
        elif turn.manner == "cut":
            message["content"] = turn.text[: len(turn.text) // 2] or "I was about to"
        if turn.thought:
            message["reasoning_content"] = turn.thought
    total = sum(turn.tokens)
    completion = ChatCompletion.model_validate(
        {
            "id": f"chatcmpl-{turn.number}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": request.model,
            "choices": [{"index": 0, "message": message, "finish_reason": stop, "logprobs": None}],
            "usage": {"prompt_tokens": turn.tokens[0], "completion_tokens": turn.tokens[1], "total_tokens": total},
        }
    )
    return completion.model_dump(mode="json", exclude_unset=True)


def stream(answer: dict[str, Any]) -> Iterator[str]:
    """Not asked for by an episode."""
    raise NotImplementedError("chat completions are not streamed here")


def fault(kind: str, message: str) -> dict[str, Any]:
    """An error's body."""
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}
