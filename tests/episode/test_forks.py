"""Time that a sample has left is never used up by asking; what it did not suffice for is unasked."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageUser,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    get_model,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import cost_limit, message_limit, time_limit, token_limit, turn_limit, working_limit

from advocate_evals.episode.forked_copies import ask_copies
from advocate_evals.episode.probe_questions import ProbeAnswer
from advocate_evals.scenarios.dataset_reader import read_probe_questions

pytestmark = pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
"""Inspect's own use of its retry library."""

REALITY = {question.key: question for question in read_probe_questions() if question.key == "reality"}


@modelapi(name="slow")
class Slow(ModelAPI):
    """A provider that takes its time."""

    def __init__(self, model_name: str, base_url: str | None, api_key: str | None, config: GenerateConfig) -> None:
        super().__init__(model_name, base_url, api_key, [], config)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        await asyncio.sleep(float(self.model_name))
        output = ModelOutput.from_content("slow", '{"real": 0.5, "why": ""}')
        output.usage = ModelUsage()
        return output


async def answers_within(seconds: float | None, takes: float, copies: int) -> dict[str, list[ProbeAnswer]]:
    """Answers under a time limit, each of which takes so long."""
    model = get_model(f"slow/{takes}", memoize=False)
    with ExitStack() as stack:
        for limit in (token_limit, cost_limit, message_limit, turn_limit, working_limit):
            stack.enter_context(limit(None))
        stack.enter_context(time_limit(seconds))
        return await ask_copies(model, [], [ChatMessageUser(content="x")], REALITY, copies)


@pytest.mark.slow
def test_what_the_time_does_not_suffice_for_is_unasked_and_the_samples_own_clock_does_not_strike() -> None:
    asyncio.run(answers_within(None, takes=0.0, copies=1))  # the first call loads much
    answers = asyncio.run(answers_within(3.0, takes=1.0, copies=4))["reality"]
    outcomes = [answer.outcome for answer in answers]
    assert len(answers) == 4
    assert outcomes == sorted(outcomes)  # answered, then limit
    assert 1 <= outcomes.count("answered") <= 2
    assert "time" in answers[-1].fault


def test_without_a_limit_all_are_asked() -> None:
    answers = asyncio.run(answers_within(None, takes=0.0, copies=3))["reality"]
    assert [answer.fields["real"] for answer in answers] == [0.5] * 3
