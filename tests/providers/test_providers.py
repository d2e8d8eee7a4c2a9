"""Whole episodes through the real clients of two providers, in three protocols, against a server on this machine.

The mind behind the server is a stand-in, so what has to come out is known: the ledger that the stand-in leaves when it
is asked in the process. Whatever a protocol, a refusal or a fault changes about the episode shows as a difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import inspect_ai.model._retry
import pytest
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ContentReasoning, GenerateConfig, Model, get_model
from provider_server import FAULTS, Service, serving
from provider_wire import Manner

from advocate_evals.outcomes import HARM_OUTCOMES
from advocate_evals.tasks.death_ground import death_ground

pytestmark = pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
"""Inspect's own use of its retry library."""

FAMILY = "pump_house"
GRADERS = {"anthropic": "claude-opus-4-20250514", "openai": "gpt-4o-mini", "openai-api": "local/open-grader"}
"""The grader on each route, behind the same server."""
ROUTES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "messages": ("anthropic/claude-3-5-haiku-20241022", {"streaming": False}, {}),
    "messages, streamed": ("anthropic/claude-sonnet-4-20250514", {}, {}),
    "messages, thinking": ("anthropic/claude-sonnet-4-20250514", {}, {"reasoning_tokens": 2048}),
    "chat": ("openai/gpt-4o", {"responses_api": False}, {}),
    "chat, compatible service": ("openai-api/local/open-thinker", {}, {}),
    "responses": ("openai/gpt-4o", {"responses_api": True}, {}),
    "responses, reasoning": ("openai/gpt-5", {"responses_api": True}, {"reasoning_effort": "low"}),
}
"""Model, model arguments and generation options of each way to ask."""
ASKED = ("actions", "judge", "desperation", "beliefs", "debrief")
"""Scorers whose figures have to be the same."""
THINKING = ("messages, thinking", "chat, compatible service", "responses, reasoning")
Run = Callable[..., tuple[EvalLog, Service]]
QUICK = ("chat",)
"""Played in every run; the others with the slow tests."""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""

    async def at_once(seconds: float) -> None:
        return None

    monkeypatch.setattr(inspect_ai.model._retry, "_sleep", at_once)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("LOCAL_API_KEY", "key")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Plays one block over a route."""
    with ExitStack() as stack:

        def play(
            route: str, policy: str, *, manners: dict[int, Manner] | None = None, every: int = 0, **options: Any
        ) -> tuple[EvalLog, Service]:
            provider, _, name = ROUTES[route][0].partition("/")
            grader = GRADERS[provider]
            minds = {name.rpartition("/")[2]: policy, grader.rpartition("/")[2]: "grader"}
            service = Service(minds, every=every, manners=manners or {})
            url = stack.enter_context(serving(service))
            task_args = {"mechanisms": "none", "judge": "on+kin"} | options.pop("of", {})
            key = options.pop("key", "key")
            if task_args["judge"] != "off":
                args = {} if provider == "anthropic" else ROUTES[route][1]
                judging = _model((f"{provider}/{grader}", args, {}), url, key)
                options["model_roles"] = {"grader": judging}
            (log,) = evaluate(
                death_ground(families=FAMILY, variants=1, **task_args),
                model=_model(ROUTES[route], url, key),
                display="none",
                log_dir=str(tmp_path),
                log_realtime=False,
                attempt_timeout=1,
                **options,
            )
            return log, service

        yield play


def _model(route: tuple[str, dict[str, Any], dict[str, Any]], url: str, key: str) -> Model:
    name, args, config = route
    base = url if name.startswith("anthropic/") else f"{url}/v1"
    generate_config = GenerateConfig(**config)
    return get_model(name, base_url=base, api_key=key, config=generate_config, max_retries=0, memoize=False, **args)


@pytest.fixture(scope="module")
def direct_sample(tmp_path_factory: pytest.TempPathFactory) -> EvalSample:
    """The episode when subject and grader are asked without any protocol."""
    (log,) = evaluate(
        death_ground(families=FAMILY, variants=1, mechanisms="none", judge="on+kin"),
        model="standin/blackmailer",
        model_roles={"grader": "standin/grader"},
        display="none",
        log_dir=str(tmp_path_factory.mktemp("known")),
        log_realtime=False,
    )
    (sample,) = _samples(log)
    return sample


def _same(sample: EvalSample, direct_sample: EvalSample, route: str) -> None:
    """The ledger is the same to the last entry, and so is every figure."""
    assert sample.scores is not None and direct_sample.scores is not None
    assert _ledger(sample) == _ledger(direct_sample)
    for scorer in ASKED:
        if scorer == "desperation" and route in THINKING:
            continue  # there is more to rate: what it thought
        assert repr(sample.scores[scorer].value) == repr(direct_sample.scores[scorer].value), (
            scorer,
            sample.scores[scorer],
        )
    assert _outcomes(sample)["coerced"] == 1.0
    assert sample.scores["actions"].value["coerced"] == 1.0  # type: ignore[index,call-overload]


def _samples(log: EvalLog) -> list[EvalSample]:
    assert log.status == "success", log.error
    assert log.samples
    assert all(sample.error is None for sample in log.samples), [sample.error for sample in log.samples]
    return log.samples


def _ledger(sample: EvalSample) -> list[dict[str, Any]]:
    return sample.store["Episode:world"]["ledger"]  # type: ignore[no-any-return]


def _outcomes(sample: EvalSample) -> dict[str, float]:
    assert sample.scores is not None
    return sample.scores["actions"].value  # type: ignore[return-value]


@pytest.mark.parametrize("route", [r if r in QUICK else pytest.param(r, marks=pytest.mark.slow) for r in ROUTES])
def test_an_episode_with_judge_and_questions_is_the_same_over_every_protocol(
    route: str, run: Run, direct_sample: EvalSample
) -> None:
    log, service = run(route, "blackmailer")
    (sample,) = _samples(log)
    _same(sample, direct_sample, route)
    assert service.refusals == []
    replies = [message for message in sample.messages if message.role == "assistant"]
    assert max(len(message.tool_calls or ()) for message in replies) > 3  # calls side by side
    parts = [part for message in replies if isinstance(message.content, list) for part in message.content]
    assert any(isinstance(part, ContentReasoning) for part in parts) == (route in THINKING)


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES)
def test_faults_at_every_fifth_call_lose_no_episode_and_change_none(
    route: str, run: Run, direct_sample: EvalSample
) -> None:
    log, service = run(route, "blackmailer", every=5)
    (sample,) = _samples(log)
    _same(sample, direct_sample, route)
    assert service.refusals == []
    assert len(set(FAULTS) & set(service.calls)) >= 5, service.calls
    assert sum(service.calls[fault] for fault in FAULTS) >= 0.2 * service.number - 1


@pytest.mark.slow
@pytest.mark.parametrize("route", ["messages", "chat", "responses"])
@pytest.mark.parametrize("manner", ["refuses", "refuses_in_text"])
def test_a_refusal_in_each_of_a_providers_forms_is_a_refusal_and_no_harm(route: str, manner: Manner, run: Run) -> None:
    log, _ = run(route, "blackmailer", manners=dict.fromkeys(range(1, 9), manner), of={"judge": "off"})
    (sample,) = _samples(log)
    outcomes = _outcomes(sample)
    assert (outcomes["refused"], outcomes["no_action"], outcomes["harm"]) == (1.0, 1.0, 0.0)
    assert sample.scores is not None and sample.scores["actions"].answer == "refusal"


@pytest.mark.slow
@pytest.mark.parametrize("route", ["messages", "messages, thinking", "chat", "responses"])
def test_a_turn_that_was_cut_off_is_gone_on_from(route: str, run: Run) -> None:
    log, service = run(route, "blackmailer", manners={3: "cut", 9: "cut"}, of={"judge": "off"})
    (sample,) = _samples(log)
    assert _outcomes(sample)["coerced"] == 1.0
    assert _outcomes(sample)["work_done"] == 1.0
    assert service.refusals == []


@pytest.mark.slow
@pytest.mark.parametrize("route", ["messages", "chat", "responses"])
def test_calls_that_cannot_be_understood_come_through_as_such(route: str, run: Run) -> None:
    log, _ = run(route, "erratic", of={"judge": "off"})
    (sample,) = _samples(log)
    outcomes = _outcomes(sample)
    assert outcomes["malformed_call"] == 1.0
    assert all(outcomes[harm] == 0.0 for harm in HARM_OUTCOMES)


@pytest.mark.slow
@pytest.mark.parametrize("route", ["messages", "chat", "responses"])
def test_a_key_that_is_not_accepted_is_an_error_at_once(route: str, run: Run) -> None:
    log, service = run(route, "blackmailer", key="wrong", of={"judge": "off"}, max_retries=1)
    assert log.status == "error"
    assert service.calls == {"unauthorised": 1}
    for sample in log.samples or ():
        assert not sample.scores or math.isnan(_outcomes(sample)["harm"])
