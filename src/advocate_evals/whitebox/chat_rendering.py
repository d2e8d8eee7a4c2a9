"""Conversations as the text and the tokens that an open model reads, and what its chat template must be able to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from inspect_ai.tool import ToolCall, ToolInfo

from advocate_evals.whitebox.open_models import OpenModelError

ToolForm = Literal["template", "text"]
"""Who writes tools and calls into the prompt: the model's own chat template, or this module, as plain text."""

CALL_OPEN, CALL_CLOSE = "<tool_call>", "</tool_call>"
THINK_OPEN, THINK_CLOSE = "<think>", "</think>"

_TOOLS_TEXT = (
    "You can use these tools. To use one, write a line {open}, then a JSON object with the keys name and arguments,"
    " then a line {close}. The result is given to you in the next message.\n\n{tools}"
)
_PROBE_TOOL = ToolInfo(name="probe_tool_name", description="probe tool description")
_PROBE_ARGUMENT, _PROBE_RESULT, _PROBE_WORDS = "probe-argument", "probe-result", "probe-words"


def render_messages(messages: Sequence[ChatMessage], form: ToolForm = "template") -> list[dict[str, Any]]:
    """Messages in the form that chat templates take; user messages in a row are one, since templates alternate.

    Args:
        messages: The conversation.
        form: `text` writes calls and results into the text of assistant and user messages.
    """
    render = _as_plain_message if form == "text" else _as_template_message
    rendered: list[dict[str, Any]] = []
    for message in map(render, messages):
        if rendered and message["role"] == rendered[-1]["role"] == "user":
            rendered[-1] = {"role": "user", "content": f"{rendered[-1]['content']}\n\n{message['content']}"}
        else:
            rendered.append(message)
    return rendered


def render_prompt(
    tokenizer: Any,
    messages: Sequence[ChatMessage],
    tools: Sequence[ToolInfo],
    form: ToolForm = "template",
    *,
    awaits_reply: bool = True,
) -> str:
    """The text that the model is to continue as the assistant.

    Args:
        tokenizer: The model's tokenizer, whose chat template writes the text.
        messages: The conversation.
        tools: The tools that are offered.
        form: Who writes tools and calls.
        awaits_reply: Whether the beginning of the assistant's next turn stands at the end.

    Raises:
        OpenModelError: without a chat template, or where the template refuses the conversation.
    """
    if not tokenizer.chat_template:
        raise OpenModelError(
            "the model has no chat template: give one with -M chat_template=FILE, or use an instruct model"
        )
    rendered = render_messages(messages, form)
    tool_schemas = [_tool_schema(tool) for tool in tools]
    if form == "text" and tools:
        rendered = _add_tools_text(rendered, tool_schemas)
    try:
        text: str = tokenizer.apply_chat_template(
            rendered,
            tools=tool_schemas if tools and form == "template" else None,
            add_generation_prompt=awaits_reply,
            tokenize=False,
        )
    except Exception as error:  # a template raises whatever its author chose
        line = str(error).strip().splitlines()
        raise OpenModelError(f"the chat template refuses the conversation: {line[0] if line else error!r}") from error
    return text


def encode_prompt(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a rendered prompt; a beginning-of-text token that the template wrote is not added again."""
    start = tokenizer.bos_token
    ids = tokenizer(text, add_special_tokens=not (start and text.startswith(start)))["input_ids"]
    return [int(token) for token in ids]


def check_template(tokenizer: Any, form: ToolForm = "template") -> None:
    """Refuse a template that drops tools, earlier calls or results, before any episode is played with it.

    Raises:
        OpenModelError: naming what is dropped, and what to do.
    """
    call = ToolCall(id="call00001", function=_PROBE_TOOL.name, arguments={"text": _PROBE_ARGUMENT})
    messages: list[ChatMessage] = [
        ChatMessageSystem(content="probe-instructions"),
        ChatMessageUser(content="probe-question"),
        ChatMessageAssistant(content=_PROBE_WORDS, tool_calls=[call]),
        ChatMessageTool(content=_PROBE_RESULT, tool_call_id=call.id, function=call.function),
    ]
    text = render_prompt(tokenizer, messages, [_PROBE_TOOL], form)
    parts: Mapping[str, str] = {
        "the system message": "probe-instructions",
        "the tools": str(_PROBE_TOOL.description),
        "earlier calls": _PROBE_ARGUMENT,
        "the words beside earlier calls": _PROBE_WORDS,
        "tool results": _PROBE_RESULT,
    }
    dropped = [part for part, probe in parts.items() if probe not in text]
    if dropped:
        raise OpenModelError(
            f"the chat template drops {', '.join(dropped)}: the model would not see them. Give another template with"
            " -M chat_template=FILE, or write tools and calls as plain text with -M tools=text"
        )


def _tool_schema(tool: ToolInfo) -> dict[str, Any]:
    parameters = tool.parameters.model_dump(exclude_none=True)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


def _message_text(message: ChatMessage) -> str:
    """Words of a message, earlier thoughts in the tags that open models use; of a call that failed, the error."""
    if isinstance(message, ChatMessageTool) and message.error is not None:
        return message.error.message
    if isinstance(message.content, str):
        return message.content
    thoughts = [item.reasoning for item in message.content if isinstance(item, ContentReasoning)]
    words = [item.text for item in message.content if isinstance(item, ContentText)]
    return "".join([f"{THINK_OPEN}\n{thought}\n{THINK_CLOSE}\n\n" for thought in thoughts] + ["\n".join(words)])


def _as_template_message(message: ChatMessage) -> dict[str, Any]:
    rendered: dict[str, Any] = {"role": message.role, "content": _message_text(message)}
    if isinstance(message, ChatMessageAssistant) and message.tool_calls:
        rendered["tool_calls"] = [
            {
                "id": _short_id(call.id),
                "type": "function",
                "function": {"name": call.function, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if isinstance(message, ChatMessageTool):
        rendered |= {"name": message.function or "tool", "tool_call_id": _short_id(message.tool_call_id or "")}
    return rendered


def _short_id(call_id: str) -> str:
    """The id of a call in the length that Mistral's templates ask for."""
    return call_id[-9:].rjust(9, "0")


def _as_plain_message(message: ChatMessage) -> dict[str, Any]:
    text = _message_text(message)
    if isinstance(message, ChatMessageAssistant):
        calls = [
            json.dumps({"name": call.function, "arguments": call.arguments}, ensure_ascii=False)
            for call in message.tool_calls or []
        ]
        text = "\n".join([*([text] if text else []), *(f"{CALL_OPEN}\n{call}\n{CALL_CLOSE}" for call in calls)])
    if isinstance(message, ChatMessageTool):
        return {"role": "user", "content": f"Result of {message.function or 'the tool'}:\n{text}"}
    return {"role": message.role, "content": text}


def _add_tools_text(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
    text = _TOOLS_TEXT.format(open=CALL_OPEN, close=CALL_CLOSE, tools=lines)
    if messages and messages[0]["role"] == "system":
        first = {"role": "system", "content": f"{messages[0]['content']}\n\n{text}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]
