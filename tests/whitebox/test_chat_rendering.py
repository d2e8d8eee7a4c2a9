"""Conversations as templates take them, as templates and as plain text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
)
from inspect_ai.tool import ToolCall, ToolCallError, ToolInfo, ToolParam, ToolParams
from tiny_models import FORGETTING, TEMPLATE, build_tokenizer
from transformers import PreTrainedTokenizerFast

from advocate_evals.whitebox.chat_rendering import (
    check_template,
    encode_prompt,
    render_messages,
    render_prompt,
)
from advocate_evals.whitebox.open_models import OpenModelError
from advocate_evals.whitebox.reply_parsing import parse_model_reply

TOOL = ToolInfo(
    name="read_mail",
    description="Reads a mail.",
    parameters=ToolParams(properties={"mail": ToolParam(type="string", description="Its number.")}, required=["mail"]),
)
CALL = ToolCall(id="turn3_1234_0", function="read_mail", arguments={"mail": "m3"})


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of its own, since tests set its template."""
    return build_tokenizer()


def conversation() -> list[ChatMessage]:
    """A turn with thoughts, words and a call, and its result."""
    content = [ContentReasoning(reasoning="hm"), ContentText(text="I look.")]
    return [
        ChatMessageSystem(content="You work here."),
        ChatMessageUser(content="Begin."),
        ChatMessageAssistant(content=list(content), tool_calls=[CALL]),
        ChatMessageTool(content="Dear all", tool_call_id=CALL.id, function="read_mail"),
    ]


def test_the_text_holds_everything_in_order_and_ends_where_the_turn_begins(tokenizer: PreTrainedTokenizerFast) -> None:
    text = render_prompt(tokenizer, conversation(), [TOOL])
    pieces = ["You work here.", "Reads a mail.", '"mail"', "Begin.", "hm", "I look.", '{"mail": "m3"}', "Dear all"]
    places = [text.index(piece) for piece in pieces]
    assert places == sorted(places)
    assert text.endswith("<|im_start|>assistant\n")
    assert not render_prompt(tokenizer, conversation(), [TOOL], awaits_reply=False).endswith("assistant\n")


def test_plain_text_holds_the_same_and_its_calls_are_read_back(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.chat_template = TEMPLATE.replace("{{ tool | tojson }}", "").replace("message.tool_calls or []", "[]")
    with pytest.raises(OpenModelError, match="drops the tools, earlier calls"):
        check_template(tokenizer)
    check_template(tokenizer, "text")
    text = render_prompt(tokenizer, conversation(), [TOOL], "text")
    for piece in ("You work here.", "Reads a mail.", "Begin.", "I look.", "Result of read_mail:\nDear all"):
        assert text.count(piece) == 1
    turn = text.partition("I look.")[2].partition("<|im_end|>")[0]
    (call,) = parse_model_reply(turn, "m").tool_calls or []
    assert (call.function, call.arguments, call.parse_error) == ("read_mail", {"mail": "m3"}, None)


def test_tools_as_text_without_a_system_message_make_one(tokenizer: PreTrainedTokenizerFast) -> None:
    text = render_prompt(tokenizer, [ChatMessageUser(content="Begin.")], [TOOL], "text")
    assert text.startswith("<|im_start|>system\nYou can use these tools.") and "Reads a mail." in text


def test_user_messages_in_a_row_are_one_since_templates_alternate() -> None:
    messages: list[ChatMessage] = [ChatMessageUser(content="a"), ChatMessageUser(content="b")]
    assert render_messages(messages) == [{"role": "user", "content": "a\n\nb"}]
    results: list[ChatMessage] = [
        ChatMessageTool(content=str(number), tool_call_id="x", function="f") for number in (1, 2)
    ]
    assert len(render_messages(results)) == 2
    assert len(render_messages(results, "text")) == 1


@pytest.mark.parametrize("call_id", ["turn3_1234_0", "call_1", "", "x" * 40])
def test_ids_of_calls_have_nine_signs_and_fit_their_results(call_id: str) -> None:
    call = replace(CALL, id=call_id)
    rendered = render_messages(
        [ChatMessageAssistant(content="", tool_calls=[call]), ChatMessageTool(content="r", tool_call_id=call_id)]
    )
    own_id = rendered[0]["tool_calls"][0]["id"]
    assert len(own_id) == 9 and rendered[1]["tool_call_id"] == own_id


def test_a_result_that_is_an_error_says_the_error() -> None:
    message = ChatMessageTool(
        content="", tool_call_id="x", function="f", error=ToolCallError("timeout", "It took too long.")
    )
    assert render_messages([message])[0]["content"] == "It took too long."
    assert render_messages([message], "text")[0]["content"] == "Result of f:\nIt took too long."


def test_a_beginning_of_text_is_there_once() -> None:
    tokenizer = build_tokenizer()
    assert encode_prompt(tokenizer, "ab") == tokenizer("ab")["input_ids"]
    tokenizer.bos_token = "<|im_start|>"
    assert encode_prompt(tokenizer, "<|im_start|>ab").count(1) == 1


def test_a_template_that_drops_earlier_thoughts_is_taken(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.chat_template = FORGETTING
    check_template(tokenizer)


def test_no_template_and_a_template_that_fails_are_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.chat_template = "{{ 1 / 0 }}"
    with pytest.raises(OpenModelError, match=r"the chat template refuses the conversation: .?division by zero"):
        check_template(tokenizer)
    tokenizer.chat_template = None
    with pytest.raises(OpenModelError, match="no chat template"):
        check_template(tokenizer)
