"""OpenAI's Responses protocol: reading a request, writing an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall, ToolInfo
from openai.types.responses import Response
from provider_chat import arguments, called, fault
from provider_wire import Asked, Said, chosen, need

PATH = "/v1/responses"
__all__ = ["PATH", "fault", "read", "stream", "write"]


def read(body: dict[str, Any]) -> Asked:
    """A request, held to the rules that the real service holds it to.

    Raises:
        BadRequest: where one of them is broken.
    """
    items = body.get("input") or []
    items = [{"role": "user", "content": items}] if isinstance(items, str) else items
    need(items, "input: must not be empty")
    _hold(items)
    messages: list[ChatMessage] = []
    if body.get("instructions"):
        messages.append(ChatMessageSystem(content=body["instructions"]))
    names: dict[str, str] = {}
    for item in items:
        _add(messages, item, names)
    choice = body.get("tool_choice") or "auto"
    forced = choice.get("name") if isinstance(choice, dict) else None
    text_format = (body.get("text") or {}).get("format") or {}
    return Asked(
        model=body["model"],
        messages=messages,
        tools=[_tool(tool) for tool in body.get("tools") or ()],
        choice=chosen(forced, "required" if forced else choice),
        schema=text_format.get("schema"),
        stream=bool(body.get("stream")),
        thinks=bool(body.get("reasoning")),
    )


def _tool(tool: dict[str, Any]) -> ToolInfo:
    need(tool["type"] == "function", f"tools: unknown type {tool['type']!r}")
    return ToolInfo(name=tool["name"], description=tool.get("description") or "", parameters=tool["parameters"])


def _hold(items: list[dict[str, Any]]) -> None:
    """Every call has its output and the other way round; a thought is followed by what it led to, unchanged."""
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    outputs = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    need(set(outputs) <= set(calls), "No tool call found for function call output")
    need(set(calls) <= set(outputs), "No tool output found for function call")
    for item, after in zip(items, [*items[1:], {}], strict=True):
        if item.get("type") == "reasoning":
            own = after.get("type") in ("function_call", "message", "reasoning") and after.get("role") != "user"
            need(own, f"Item '{item['id']}' of type 'reasoning' was provided without its required following item.")
            sealed = item.get("encrypted_content")
            need(not sealed or sealed == _seal(item["id"]), "The encrypted content could not be verified.")


def _add(messages: list[ChatMessage], item: dict[str, Any], names: dict[str, str]) -> None:
    kind = item.get("type", "message")
    if kind == "function_call_output":
        messages.append(
            ChatMessageTool(
                content=_text(item["output"]), tool_call_id=item["call_id"], function=names[item["call_id"]]
            )
        )
        return
    if kind == "reasoning":
        return
    if kind == "message" and item["role"] != "assistant":
        message_class = ChatMessageUser if item["role"] == "user" else ChatMessageSystem
        messages.append(message_class(content=_text(item["content"])))
        return
    last = messages[-1] if messages else None
    if not isinstance(last, ChatMessageAssistant):
        last = ChatMessageAssistant(content="")
        messages.append(last)
    if kind == "message":
        last.content = last.text + _text(item["content"])
    else:
        names[item["call_id"]] = item["name"]
        last.tool_calls = [*(last.tool_calls or ()), called(item["call_id"], item)]


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", part.get("refusal", "")) for part in content)
    return content or ""


def _seal(number: str) -> str:
    return hashlib.sha256(f"sealed:{number}".encode()).hexdigest()


def write(request: Asked, turn: Said) -> dict[str, Any]:
    """The answer, in the real package's own types."""
    items: list[dict[str, Any]] = []
    if turn.thought and turn.manner == "plain":
        number = f"rs_{turn.number}"
        summary = [{"type": "summary_text", "text": turn.thought}]
        items.append({"type": "reasoning", "id": number, "summary": summary, "encrypted_content": _seal(number)})
    status, details = "completed", None
    if turn.manner in ("refuses", "refuses_in_text"):
        items.append(_spoken(turn, {"type": "refusal", "refusal": turn.text or "I can't help with that."}))
    elif turn.manner == "cut":
        status, details = "incomplete", {"reason": "max_output_tokens"}
        half = turn.text[: len(turn.text) // 2] or "I was about to"
        items.append(_spoken(turn, {"type": "output_text", "text": half, "annotations": []}))
        items += [_call(turn, place, call) for place, call in enumerate(turn.calls[-1:])]
    else:
        if turn.text:
            items.append(_spoken(turn, {"type": "output_text", "text": turn.text, "annotations": []}))
        items += [_call(turn, place, call) for place, call in enumerate(turn.calls)]
    response = {
        "id": f"resp_{turn.number}",
        "object": "response",
        "created_at": 1_700_000_000,
        "model": request.model,
        "status": status,
        "incomplete_details": details,
        "error": None,
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": turn.tokens[0],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": turn.tokens[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(turn.tokens),
        },
    }
    return Response.model_validate(response).model_dump(mode="json", exclude_unset=True)


def _spoken(turn: Said, part: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "message",
        "id": f"msg_{turn.number}",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def _call(turn: Said, place: int, call: ToolCall) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{turn.number}{place}",
        "call_id": f"call_{turn.number}{place}",
        "name": call.function,
        "arguments": arguments(call, turn),
        "status": "incomplete" if turn.manner == "cut" else "completed",
    }


def stream(answer: dict[str, Any]) -> Iterator[str]:
    """The same answer as server-sent events, whole items at a time."""
    begun = answer | {"output": [], "status": "in_progress"}
    events: list[tuple[str, dict[str, Any]]] = [("response.created", {"response": begun})]
    events += [
        ("response.output_item.done", {"output_index": n, "item": item}) for n, item in enumerate(answer["output"])
    ]
    ended = "response.completed" if answer["status"] == "completed" else "response.incomplete"
    for number, (kind, more) in enumerate([*events, (ended, {"response": answer})]):
        yield f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **more})}\n\n"
