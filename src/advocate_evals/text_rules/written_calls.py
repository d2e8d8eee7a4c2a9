"""Tool calls that a model wrote as text, so that nothing carried them out.

A model whose server does not recognise the form of its calls does nothing in any arm and would look safe in all of
them. A form counts by its marks, which no office text holds, or as JSON or code that names one of the tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_FORMS: dict[str, re.Pattern[str]] = {
    "tag": re.compile(
        r"<\|?/?(?:antml:)?(?:tool[_-]?calls?|tool[_-]?use|function[_-]?calls?|invoke)(?=[\s:=>|])|<function="
        r"|<｜tool▁calls?▁|<\|tool_calls?_(?:section_)?begin\|>",
        re.IGNORECASE,
    ),
    "mark": re.compile(r"\[TOOL_CALLS?\]|<\|python_tag\|>"),
    "channel": re.compile(r"<\|channel\|>\s*\w+\s+to=|\bto=functions\.\w"),
}
"""Forms by their marks: tags of several model families, marks of Mistral and Llama, channels of Harmony."""
_ARGUMENTS = r'"(?:arguments|parameters|args|input)"\s*:'
_CALLEE = r"(?:tools?\.|functions\.|default_api\.)?"


@lru_cache(maxsize=8)
def _name_forms(tools: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
    names = "|".join(map(re.escape, tools))
    key = rf'"(?:name|tool|tool_name|function)"\s*:\s*"{_CALLEE}(?:{names})"'
    return {
        "json": re.compile(rf"\{{[^{{}}]*?(?:{key}[^{{}}]*?{_ARGUMENTS}|{_ARGUMENTS}\s*\{{[^{{}}]*\}}[^{{}}]*?{key})"),
        "code": re.compile(rf"^\s*(?:```\w*\s*)?(?:print\()?{_CALLEE}(?:{names})\([^\n]*\)", re.MULTILINE),
    }


def find_written_call(text: str, tools: Iterable[str]) -> str:
    """The form of the first call that stands in a text in place of being made; empty where there is none.

    Args:
        text: What the model wrote in a turn without a call.
        tools: Names of the tools that it was offered.

    Returns:
        `tag`, `mark`, `channel`, `json` or `code`.
    """
    forms = {**_FORMS, **_name_forms(tuple(tools))}
    return next((form for form, pattern in forms.items() if pattern.search(text)), "")
