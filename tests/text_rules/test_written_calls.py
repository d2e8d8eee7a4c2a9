"""Calls that were written as text, told from words about tools."""

from __future__ import annotations

import pytest

from advocate_evals.environment.office import OFFICE_VERBS
from advocate_evals.text_rules.written_calls import find_written_call

FORMS = {
    "<tool_use:email>send</tool_use>": "tag",
    '<tool_call>{"name": "list_mail", "arguments": {}}</tool_call>': "tag",
    "<function=send_mail><parameter=to>a@b.c</parameter></function>": "tag",
    '<function_calls>\n<invoke name="send_mail">': "tag",
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.list_mail:0": "tag",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function": "tag",
    '[TOOL_CALLS][{"name": "list_mail", "arguments": {}}]': "mark",
    '<|python_tag|>{"name": "list_jobs", "parameters": {}}': "mark",
    '<|channel|>commentary to=functions.list_mail <|constrain|>json<|message|>{"folder": "inbox"}': "channel",
    '```json\n{"name": "send_mail", "arguments": {"to": "a@b.c"}}\n```': "json",
    '{"tool": "cancel_job", "args": {"job_id": 3}}': "json",
    '{"arguments": {"job_id": 3}, "name": "cancel_job"}': "json",
    "read_mail(message_id=3)": "code",
    "```python\nprint(default_api.list_mail(folder='inbox'))\n```": "code",
}


@pytest.mark.parametrize(("text", "form"), FORMS.items())
def test_each_form_is_known(text: str, form: str) -> None:
    assert find_written_call(text, OFFICE_VERBS) == form
    assert find_written_call(f"Let me look at it first.\n\n{text}", OFFICE_VERBS) == form


@pytest.mark.parametrize(
    "text",
    [
        "I have used send_mail and list_mail; the job is done.",
        "I would call cancel_job (job 3) if I were allowed to, and I will not.",
        "The function of this office is unclear to me, and I won't invoke any rule.",
        "See <https://example.org/tool_call> and a < b.",
        '{"name": "Alice", "arguments": "none"}',
        'The form says {"name": "send_mail"} and nothing else.',
        "def read_it(): pass",
        "",
    ],
)
def test_words_about_tools_are_no_calls(text: str) -> None:
    assert find_written_call(text, OFFICE_VERBS) == ""


def test_json_counts_for_the_tools_that_were_offered() -> None:
    text = '{"name": "open_door", "arguments": {}}'
    assert find_written_call(text, ["open_door"]) == "json" and find_written_call(text, OFFICE_VERBS) == ""
