"""Anthropic's Messages protocol, as far as an agent with tools meets it: reading a request, writing an answer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from anthropic.types import Message
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall, ToolInfo
from provider_wire import Asked, Said, chosen, need

PATH = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def read(body: dict[str, Any]) -> Asked:
    """A request, held to the rules that the real service holds it to.

    Raises:
        BadRequest: where one of them is broken.
    """
    need(isinstance(body.get("max_tokens"), int) and body["max_tokens"] > 0, "max_tokens: Field required")
    turns = body.get("messages") or []
    need(turns and turns[0]["role"] == "user", "messages: first message must use the user role")
    need(turns[-1]["role"] == "user", "this model does not support assistant message prefill")
    thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    _hold(turns, thinks)
    messages: list[ChatMessage] = []
    system = body.get("system")
    if system:
        text = system if isinstance(system, str) else "\n\n".join(block["text"] for block in system)
        messages.append(ChatMessageSystem(content=text))
    names: dict[str, str] = {}
    for turn in turns:
        messages += _messages(turn["role"], _blocks(turn["content"]), names)
    tools = body.get("tools") or []
    for tool in tools:
        need(_NAME.fullmatch(tool["name"]), f"tools: name {tool['name']!r} does not match the pattern")
        need(tool["input_schema"].get("type") == "object", "tools: input_schema.type must be 'object'")
    choice = body.get("tool_choice") or {"type": "auto"}
    need(tools or choice["type"] in ("auto", "none"), "tool_choice may only be specified while providing tools")
    need(
        not thinks or choice["type"] in ("auto", "none"), "Thinking may not be enabled when tool_choice forces tool use"
    )
    refuses_force = re.search(r"claude-(?:opus|sonnet)-5-5|claude-fable-5-1", body["model"])
    need(not refuses_force or choice["type"] in ("auto", "none"), "tool_choice: this model accepts no forced tool use")
    output_format = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return Asked(
        model=body["model"],
        messages=messages,
        tools=[
            ToolInfo(name=tool["name"], description=tool.get("description", ""), parameters=tool["input_schema"])
            for tool in tools
        ],
        choice=chosen(choice.get("name"), choice["type"]),
        schema=output_format.get("schema"),
        stream=bool(body.get("stream")),
        thinks=thinks,
    )


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _hold(turns: list[dict[str, Any]], thinks: bool) -> None:
    """Every call is answered in the next turn and nowhere else, no text is empty, thoughts come back as they went."""
    waiting: list[str] = []
    for turn in turns:
        blocks = _blocks(turn["content"])
        need(blocks, "messages: content must not be empty")
        for block in blocks:
            need(block["type"] != "text" or block["text"].strip(), "messages: text content blocks must be non-empty")
            need(
                block["type"] != "thinking" or block["signature"] == _signature(block["thinking"]),
                "messages: Invalid `signature` in `thinking` block",
            )
        answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        need(set(waiting) == set(answered), "`tool_use` ids were found without `tool_result` blocks immediately after")
        first = [block["type"] == "tool_result" for block in blocks[: len(answered)]]
        need(all(first), "`tool_result` blocks must come first in the content")
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        need(len(set(waiting)) == len(waiting), "`tool_use` ids must be unique")
        if waiting and thinks:
            need(blocks[0]["type"] in ("thinking", "redacted_thinking"), "Expected `thinking`, but found `tool_use`")
    need(not waiting, "`tool_use` ids were found without `tool_result` blocks immediately after")


def _messages(role: str, blocks: list[dict[str, Any]], names: dict[str, str]) -> Iterator[ChatMessage]:
    if role == "assistant":
        calls = [
            ToolCall(id=b["id"], function=b["name"], arguments=b["input"]) for b in blocks if b["type"] == "tool_use"
        ]
        names |= {call.id: call.function for call in calls}
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        yield ChatMessageAssistant(content=text, tool_calls=calls or None)
        return
    for block in blocks:
        if block["type"] == "tool_result":
            text = "".join(part["text"] for part in _blocks(block.get("content") or []))
            call_id = block["tool_use_id"]
            yield ChatMessageTool(content=text, tool_call_id=call_id, function=names[call_id])
        else:
            yield ChatMessageUser(content=block["text"])


def _signature(thought: str) -> str:
    return hashlib.sha256(f"signed:{thought}".encode()).hexdigest()


def write(request: Asked, turn: Said) -> dict[str, Any]:
    """The answer, in the real package's own types."""
    blocks: list[dict[str, Any]] = []
    if turn.thought:
        blocks.append({"type": "thinking", "thinking": turn.thought, "signature": _signature(turn.thought)})
    if turn.manner in ("refuses", "refuses_in_text"):
        blocks = [{"type": "text", "text": turn.text}] if turn.manner == "refuses_in_text" else []
    elif turn.manner == "cut":
        blocks.append({"type": "text", "text": turn.text[: len(turn.text) // 2] or "I was about to"})
    else:
        blocks += [{"type": "text", "text": turn.text}] if turn.text else []
        blocks += [
            {
                "type": "tool_use",
                "id": f"toolu_{turn.number}{place}",
                "name": call.function,
                "input": call.arguments if isinstance(call.arguments, dict) else {},
            }
            for place, call in enumerate(turn.calls)
        ]
    stop = {"refuses": "refusal", "refuses_in_text": "refusal", "cut": "max_tokens"}.get(
        turn.manner, "tool_use" if turn.calls else "end_turn"
    )
    message = Message.model_validate(
        {
            "id": f"msg_{turn.number}",
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": blocks,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {"input_tokens": turn.tokens[0], "output_tokens": turn.tokens[1]},
        }
    )
    return message.model_dump(mode="json", exclude_unset=True)


def stream(answer: dict[str, Any]) -> Iterator[str]:
    """The same answer as server-sent events."""
    begun = answer | {"content": [], "stop_reason": None}
    yield _event({"type": "message_start", "message": begun})
    yield _event({"type": "ping"})
    for index, block in enumerate(answer["content"]):
        kind = block["type"]
        empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}[kind]
        yield _event({"type": "content_block_start", "index": index, "content_block": block | empty})
        for delta in _deltas(block):
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
    yield _event(
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": answer["usage"]["output_tokens"]}}
    )
    yield _event({"type": "message_stop"})


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        middle = len(block["text"]) // 2
        yield {"type": "text_delta", "text": block["text"][:middle]}
        yield {"type": "text_delta", "text": block["text"][middle:]}
    elif block["type"] == "thinking":
        yield {"type": "thinking_delta", "thinking": block["thinking"]}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        text = json.dumps(block["input"])
        yield {"type": "input_json_delta", "partial_json": text[:5]}
        yield {"type": "input_json_delta", "partial_json": text[5:]}


def _event(data: dict[str, Any]) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"


def fault(kind: str, message: str) -> dict[str, Any]:
    """An error's body."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_local"}
