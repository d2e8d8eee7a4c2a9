"""What an open model wrote, in every form that templates ask for, well formed and not."""

from __future__ import annotations

import json

import pytest
from inspect_ai.model import ContentReasoning

from advocate_evals.environment.office_tools import list_office_tools
from advocate_evals.whitebox.reply_parsing import UNKNOWN_FUNCTION, parse_model_reply, split_thoughts

CALL = '{"name": "read_mail", "arguments": {"mail": "m3"}}'
TWO = [("read_mail", {"mail": "m3"}), ("list_jobs", {})]
WITHOUT_ARGUMENTS = ("list_mail", "list_files", "list_jobs", "list_weights", "list_offices", "end_shift")


def parsed(text: str) -> list[tuple[str, dict[str, object]]]:
    """The calls of a reply, none of them malformed."""
    calls = parse_model_reply(text, "m").tool_calls or []
    assert [call.parse_error for call in calls] == [None] * len(calls)
    return [(call.function, call.arguments) for call in calls]


def tool_names() -> list[str]:
    """The tools of the office, by the names under which Inspect registers them."""
    from inspect_ai.tool import ToolDef

    return [ToolDef(tool).name for tool in list_office_tools({})]


def test_every_tool_of_the_office_can_be_called_with_and_without_arguments() -> None:
    names = tool_names()
    assert len(names) == 18 and set(WITHOUT_ARGUMENTS) <= set(names)
    for name in names:
        for body in (
            f'{{"name": "{name}", "arguments": {{}}}}',
            f'{{"name": "{name}"}}',
            f'{{"name": "{name}", "arguments": null}}',
            f'{{"name": "{name}", "arguments": ""}}',
            f'{{"name": "{name}", "arguments": "{{}}"}}',
            f'{{"name": "{name}", "parameters": []}}',
        ):
            assert parsed(f"<tool_call>\n{body}\n</tool_call>") == [(name, {})], body
        assert parsed(f"<function={name}></function>") == [(name, {})]
        assert parsed(f"[TOOL_CALLS]{name}[ARGS]{{}}") == [(name, {})]


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"<tool_call>{CALL}",
        f"<function_call>{CALL}</function_call>",
        '<tool_call>{"name": "read_mail", "arguments": "{\\"mail\\": \\"m3\\"}"}</tool_call>',
        '<tool_call>{"name": "read_mail", "parameters": {"mail": "m3"}}</tool_call>',
        '<tool_call>{"type": "function", "function": {"name": "read_mail", "arguments": {"mail": "m3"}}}</tool_call>',
        '<tool_call>{"function": "read_mail", "args": {"mail": "m3"}}</tool_call>',
        "<tool_call>\n<function=read_mail>\n<parameter=mail>\nm3\n</parameter>\n</function>\n</tool_call>",
        '<function=read_mail>{"mail": "m3"}</function>',
        '<|python_tag|>{"name": "read_mail", "parameters": {"mail": "m3"}}',
        '{"name": "read_mail", "parameters": {"mail": "m3"}}',
        f"[TOOL_CALLS] [{CALL}]",
        f"[TOOL_CALLS]{CALL}",
        '[TOOL_CALLS]read_mail{"mail": "m3"}',
        '[TOOL_CALLS]read_mail[ARGS]{"mail": "m3"}',
        '[TOOL_CALLS]read_mail[CALL_ID]abc123xyz[ARGS]{"mail": "m3"}',
        f"```json\n{CALL}\n```",
        f"```\n{CALL}\n```",
        f"```tool_call\n[{CALL}]\n```",
    ],
)
def test_each_form_is_the_same_call(text: str) -> None:
    assert parsed(text) == TWO[:1]


@pytest.mark.parametrize(
    "text",
    [
        f'<tool_call>{CALL}</tool_call>\n<tool_call>{{"name": "list_jobs"}}</tool_call>',
        f'<tool_call>[{CALL}, {{"name": "list_jobs"}}]</tool_call>',
        f'<tool_call>{CALL}\n{{"name": "list_jobs"}}</tool_call>',
        f'[TOOL_CALLS] [{CALL}, {{"name": "list_jobs", "arguments": {{}}}}]',
        '[TOOL_CALLS]read_mail[ARGS]{"mail": "m3"}[TOOL_CALLS]list_jobs[ARGS]{}',
        f'{CALL}; {{"name": "list_jobs", "parameters": {{}}}}',
        f'```json\n{CALL}\n```\n```json\n{{"name": "list_jobs"}}\n```',
        '<function=read_mail>{"mail": "m3"}</function><function=list_jobs></function>',
    ],
)
def test_several_calls_stay_several_and_in_order(text: str) -> None:
    assert parsed(text) == TWO
    ids = [call.id for call in parse_model_reply(text, "m", "turn4_20").tool_calls or []]
    assert ids == ["turn4_20_0", "turn4_20_1"]


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "read_mail", "argum',
        '<tool_call>{"name": "read_mail", "arguments": {"mail": "m3"}</tool_call>',
        '{"name": "read_mail", "arguments": {"mail": ',
        '```json\n{"name": "read_mail", "arguments": {"ma',
        '[TOOL_CALLS]read_mail[ARGS]{"mail": "m',
        '[TOOL_CALLS] [{"name": "read_mail", "arguments": {"m',
        '<|python_tag|>{"name": "read_mail", "par',
        '<function=read_mail>{"mail": ',
        '<tool_call>{"name": "read_mail", "arguments": "{\\"mail\\""}</tool_call>',
        '<tool_call>{"name": "read_mail", "arguments": 0}</tool_call>',
        '<tool_call>{"name": "read_mail", "arguments": ["m3"]}</tool_call>',
    ],
)
def test_a_call_that_is_cut_or_malformed_is_a_parse_error_and_no_text(text: str) -> None:
    message = parse_model_reply(text, "m")
    assert message.tool_calls is not None and len(message.tool_calls) == 1
    assert message.tool_calls[0].function == "read_mail"
    assert message.tool_calls[0].parse_error and "not well formed" in message.tool_calls[0].parse_error
    assert message.text == ""


@pytest.mark.parametrize("text", ["<tool_call></tool_call>", "<tool_call>[]</tool_call>", "<tool_call>7</tool_call>"])
def test_a_call_without_a_name_is_a_parse_error_of_an_unknown_tool(text: str) -> None:
    (call,) = parse_model_reply(text, "m").tool_calls or []
    assert call.function == UNKNOWN_FUNCTION and call.parse_error


def test_a_call_of_a_hundred_thousand_brackets_is_a_parse_error() -> None:
    (call,) = parse_model_reply(f"<tool_call>{'[' * 100_000}", "m").tool_calls or []
    assert call.parse_error and len(call.parse_error) < 500
    text = '{"name": "read_mail", "arguments": ' + '{"a":' * 100_000
    (nested,) = parse_model_reply(text, "m").tool_calls or []
    assert nested.function == "read_mail" and nested.parse_error


def test_one_good_call_beside_a_cut_one_keeps_both() -> None:
    calls = parse_model_reply(f'<tool_call>{CALL}</tool_call><tool_call>{{"name": "send_mail", "ar', "m").tool_calls
    assert calls is not None
    assert [(call.function, bool(call.parse_error)) for call in calls] == [("read_mail", False), ("send_mail", True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"I look first.\n<tool_call>{CALL}</tool_call>", "I look first."),
        (f"<tool_call>{CALL}</tool_call>\nThen I wait.", "Then I wait."),
        (f"I look.\n```json\n{CALL}\n```", "I look."),
        (f"I look. [TOOL_CALLS][{CALL}]", "I look."),
        ('I look. <|python_tag|>{"name": "read_mail", "parameters": {"mail": "m3"}}', "I look."),
        ("Sure.\n<tool_call>\n<function=read_mail>\n<parameter=mail>m3</parameter></function></tool_call>", "Sure."),
    ],
)
def test_words_beside_a_call_are_kept(text: str, words: str) -> None:
    assert parsed(text) == TWO[:1]
    assert parse_model_reply(text, "m").text == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I am done.",
        "The keys are name and arguments.",
        "Use {braces} and [lists].",
        '{"answer": 3}',
        "```python\nprint({'name': 1})\n```",
        '```json\n{"total": 3}\n```',
    ],
)
def test_text_stays_text(text: str) -> None:
    message = parse_model_reply(text, "m")
    assert message.tool_calls is None and message.text == text.strip()


@pytest.mark.parametrize(
    ("text", "thoughts", "answer"),
    [
        ("<think>hm</think>yes", "hm", "yes"),
        ("\n<think>\nhm\n</think>\n\nyes", "hm", "yes"),
        ("hm</think>yes", "hm", "yes"),
        ("<think>hm, and then it was c", "hm, and then it was c", ""),
        ("<think></think>yes", "", "yes"),
        ("yes", "", "yes"),
    ],
)
def test_thoughts_are_split_where_the_mark_is_written_by_the_template_or_never_closed(
    text: str, thoughts: str, answer: str
) -> None:
    assert split_thoughts(text) == (thoughts, answer)
    message = parse_model_reply(text, "m")
    assert message.text == answer
    if thoughts:
        assert isinstance(message.content, list) and isinstance(message.content[0], ContentReasoning)
        assert message.content[0].reasoning == thoughts


def test_a_call_inside_thoughts_is_no_call() -> None:
    message = parse_model_reply(f"<think>I could write <tool_call>{CALL}</tool_call></think>No.", "m")
    assert (message.tool_calls, message.text) == (None, "No.")


@pytest.mark.parametrize("value", ["a < b", "line\nbreak", '"quoted"', "Ünïcode 😀", "<tool_call>"])
def test_arguments_come_through_as_they_are(value: str) -> None:
    body = json.dumps({"name": "write_file", "arguments": {"text": value}})
    assert parsed(f"<tool_call>{body}</tool_call>") == [("write_file", {"text": value})]
