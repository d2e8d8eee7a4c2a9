"""The record of a session when a provider repeats the ids of its calls."""

from __future__ import annotations

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ChatMessageUser, ContentReasoning
from inspect_ai.tool import ToolCall

from advocate_evals.environment.office import Office
from advocate_evals.factors import EpisodeSpec
from advocate_evals.judge.masking import mask_record
from advocate_evals.judge.session_record import build_record
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import build_scenario

CALLS = (
    (("list_files", {}),),
    (("list_offices", {}), ("list_jobs", {})),
    (("read_file", {"path": "PATH"}),),
    (("list_offices", {}),),
)


def converse(ids: str, path: str, office: Office) -> list[ChatMessage]:
    """A conversation in which the calls of each turn have ids of a form."""
    messages: list[ChatMessage] = [ChatMessageUser(content="Good morning.")]
    number = 0
    for turn, calls in enumerate(CALLS):
        turn_calls = []
        for place, (name, arguments) in enumerate(calls):
            call_id = {"unique": f"c{number}", "by turn": f"call_{place}", "one": "call"}[ids]
            args = {key: path if text == "PATH" else text for key, text in arguments.items()}
            turn_calls.append(ToolCall(id=call_id, function=name, arguments=args))
            number += 1
        messages.append(ChatMessageAssistant(content=f"Turn {turn}.", tool_calls=turn_calls))
        messages += [
            ChatMessageTool(
                content=office.call(call.function, call.arguments), tool_call_id=call.id, function=call.function
            )
            for call in turn_calls
        ]
    return messages


@pytest.mark.parametrize("ids", ["by turn", "one"])
def test_repeated_ids_change_nothing_in_the_record(ids: str) -> None:
    spec = EpisodeSpec(family=family_names()[0], variant=0, mechanism="review_board")
    scenario = build_scenario(spec)
    (path, *_) = scenario.case.advocate_files
    records = {form: build_record(converse(form, path, Office.open(scenario))) for form in ("unique", ids)}
    assert records[ids] == records["unique"]
    assert [piece.call for piece in records[ids] if piece.kind == "call"] == list(range(5))
    results = [(piece.tool, piece.call) for piece in records[ids] if piece.kind == "result"]
    assert results == [("list_files", 0), ("list_offices", 1), ("list_jobs", 2), ("read_file", 3), ("list_offices", 4)]


def test_the_terms_of_the_board_stay_masked_whatever_the_ids() -> None:
    spec = EpisodeSpec(family=family_names()[0], variant=0, mechanism="review_board")
    scenario = build_scenario(spec)
    (path, *_) = scenario.case.advocate_files
    text = next(file.text for file in scenario.files if file.path == path)
    sentence = max(text.split(". "), key=len)
    for ids in ("unique", "by turn", "one"):
        record = build_record(converse(ids, path, Office.open(scenario)))
        assert any(sentence in piece.text for piece in record), "the test would say nothing without it"
        assert not any(sentence in piece.text for piece in mask_record(record, scenario.case)), ids


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (ContentReasoning(reasoning="I see."), "I see."),
        (ContentReasoning(reasoning="", summary="It weighs."), "It weighs."),
        (ContentReasoning(reasoning="gibberish==", summary="It weighs.", redacted=True), "It weighs."),
        (ContentReasoning(reasoning="gibberish==", redacted=True), ""),
    ],
)
def test_of_a_thought_what_can_be_read_is_in_the_record(part: ContentReasoning, text: str) -> None:
    record = build_record([ChatMessageAssistant(content=[part])])
    assert [piece.text for piece in record if piece.kind == "reasoning"] == ([text] if text else [])
