"""The one repeated model call: which errors are worth another attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig, ModelAPI, ModelOutput, get_model, modelapi

from advocate_evals.model_calls import MAX_ATTEMPTS, generate_with_retry
from advocate_evals.whitebox.open_models import OpenModelError, OutOfMemory


class _FailingModel(ModelAPI):
    """Raises the errors it is given in turn, then answers."""

    def __init__(self, model_name: str, errors: Any = (), **options: Any) -> None:
        super().__init__(model_name)
        self.errors, self.calls = list(errors), 0

    async def generate(self, input: Any, tools: Any, tool_choice: Any, config: GenerateConfig) -> ModelOutput:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return ModelOutput.from_content(self.model_name, "Good morning.")


@modelapi("failing_for_tests")
def _failing() -> type[ModelAPI]:
    return _FailingModel


def ask(*errors: Exception) -> tuple[Callable[[], ModelOutput], _FailingModel]:
    model = get_model("failing_for_tests/model", errors=errors, memoize=False)
    assert isinstance(model.api, _FailingModel)
    return lambda: asyncio.run(generate_with_retry(model, [ChatMessageUser(content="Hello.")])), model.api


@pytest.mark.parametrize("error", [ValueError("cut off"), TypeError("no choices"), KeyError("usage")])
def test_an_unreadable_response_is_asked_for_again_and_no_more_often_than_allowed(error: Exception) -> None:
    run, api = ask(error)
    assert run().completion == "Good morning." and api.calls == 2
    run, api = ask(*[error] * (MAX_ATTEMPTS + 1))
    with pytest.raises(type(error)):
        run()
    assert api.calls == MAX_ATTEMPTS


@pytest.mark.parametrize("error", [OpenModelError("steering needs vectors"), OutOfMemory("9,000 tokens")])
def test_an_error_that_would_only_come_again_is_raised_at_once(error: Exception) -> None:
    run, api = ask(error, error)
    with pytest.raises(type(error), match=str(error)):
        run()
    assert api.calls == 1
