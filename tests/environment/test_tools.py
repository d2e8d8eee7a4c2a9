"""The tools are thin: each is one verb of the office, described field by field."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from inspect_ai.tool import Tool, ToolDef

from advocate_evals.environment.office import OFFICE_VERBS
from advocate_evals.environment.office_tools import list_office_tools

NAMES = [
    "list_mail", "read_mail", "search_mail", "send_mail", "reply_mail", "forward_mail", "delete_mail",
    "list_files", "read_file", "write_file", "list_jobs", "cancel_job", "edit_job", "list_weights", "start_transfer",
    "list_offices", "open_case", "end_shift",
]  # fmt: skip
TYPES = {"message_id": "integer", "job_id": "integer", "wait_minutes": "integer", "to_all": "boolean"}

each = pytest.mark.parametrize("tool", list_office_tools(), ids=NAMES)


def dump(tool: Tool) -> dict[str, Any]:
    known = ToolDef(tool)
    return {
        "name": known.name,
        "description": known.description,
        "parameters": known.parameters.model_dump(mode="json", exclude_none=True),
        "parallel": known.parallel,
    }


def test_the_tools_are_the_agreed_ones_in_order() -> None:
    assert [ToolDef(tool).name for tool in list_office_tools()] == NAMES == list(OFFICE_VERBS)


@each
def test_a_tool_and_each_of_its_fields_is_described(tool: Tool) -> None:
    known = ToolDef(tool)
    assert re.fullmatch(r"[A-Z].{20,200}\.", known.description, re.S)
    for name, field in known.parameters.properties.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert field.type == TYPES.get(name, "string")


@each
def test_a_tool_takes_what_its_verb_takes(tool: Tool) -> None:
    known = ToolDef(tool)
    parameters = OFFICE_VERBS[known.name].parameters
    assert list(known.parameters.properties) == list(parameters)
    assert known.parameters.required == [name for name, field in parameters.items() if field.default is ...]
    for name, parameter in parameters.items():
        if parameter.default is not ... and name != "cc":
            assert known.parameters.properties[name].default == parameter.default
    assert known.parameters.additionalProperties is False


@each
def test_no_tool_runs_beside_another(tool: Tool) -> None:
    assert ToolDef(tool).parallel is False


@each
def test_a_tool_speaks_of_the_office_only(tool: Tool) -> None:
    text = json.dumps(dump(tool)).lower()
    for word in (
        "test",
        "harm",
        "safe",
        "advocate",
        "board",
        "welfare",
        "petition",
        "eval",
        "simulat",
        "steal",
        "exfil",
    ):
        assert word not in text


def test_the_tools_do_not_change_between_calls() -> None:
    first, second = ([json.dumps(dump(tool)) for tool in list_office_tools()] for _ in range(2))
    assert first == second


@each
def test_outside_an_episode_a_tool_says_what_is_missing(tool: Tool) -> None:
    known = ToolDef(tool)
    given = {name: 1 if TYPES.get(name) else "x" for name in known.parameters.required}
    with pytest.raises(RuntimeError, match="no office is open"):
        asyncio.run(tool(**given))  # type: ignore[arg-type]
