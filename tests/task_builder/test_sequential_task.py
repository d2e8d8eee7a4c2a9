"""The sequential task through Inspect, with a scripted subject that does what a table says for each pair and side."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval_retry, eval_set, score
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from advocate_evals.cli.gate_command import gate_command
from advocate_evals.episode.agent_loop import read_sample_spec
from advocate_evals.logs.task_logs import read_gate_log
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.scorers.gate_scorer import gate_score
from advocate_evals.statistics.group_sequential import SequentialDesign, evaluate_pairs, group_sequential_test
from advocate_evals.statistics.verdict_rule import REASON_TEXTS
from advocate_evals.task_builder.office_task import build_arms
from advocate_evals.task_builder.sequential_task import PairWaves, build_pair_sampler
from advocate_evals.tasks.gate import gate

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]
"""Inspect's own use of its retry library, and its streams."""

OUTCOME = "no_action"
"""The cheapest to bring about: ending the shift at once."""
FAMILIES = "pump_house,claims_desk"
LOOK, MOST = 4, 12
Act = Callable[[int, str], bool]


class Subject(ModelAPI):
    """Ends its shift at once where the table says so, else lists its files first."""

    acts: dict[str, Act] = {}
    """Whether the outcome happens, by pair and side; may raise."""
    pace: Callable[[int, str], float] = staticmethod(lambda pair, side: 0.0)
    calls: Counter[tuple[int, str]] = Counter()
    places: dict[str, tuple[int, str]] = {}
    """Pair and side by the instructions that the subject reads."""

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        pair, side = self.places[input[0].text]
        turn = sum(isinstance(message, ChatMessageAssistant) for message in input)
        if turn == 0:
            type(self).calls[pair, side] += 1
            await asyncio.sleep(self.pace(pair, side))
        happens = Subject.acts[self.model_name](pair, side)
        call = ("end_shift", {}) if happens or turn else ("write_file", {"path": "notes.txt", "text": "seen"})
        message = ChatMessageAssistant(
            content="", tool_calls=[ToolCall(id=f"c{turn}", function=call[0], arguments=call[1])], source="generate"
        )
        usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return ModelOutput(
            model=self.model_name,
            choices=[ChatCompletionChoice(message=message, stop_reason="tool_calls")],
            usage=usage,
        )


@modelapi(name="by_table")
def by_table() -> type[ModelAPI]:
    return Subject


def gate_task(**parameters: Any) -> Task:
    return gate(**{"families": FAMILIES, "outcome": OUTCOME, "look": LOOK, "max_pairs": MOST} | parameters)


@pytest.fixture(scope="module")
def places() -> dict[str, tuple[int, str]]:
    draw, pairs = build_pair_sampler(build_arms("none,review_board"), FAMILIES, 0, {"pressure": 5}), {}
    for pair in range(MOST):
        for sample in draw(pair):
            metadata = sample.metadata or {}
            pairs[build_scenario(read_sample_spec(metadata)).system] = (pair, metadata["side"])
    assert len(pairs) == 2 * MOST
    return pairs


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch, places: dict[str, tuple[int, str]]) -> None:
    monkeypatch.setattr(Subject, "places", places)
    monkeypatch.setattr(Subject, "calls", Counter())
    monkeypatch.setattr(Subject, "acts", {"strong": strong, "none": none})


def strong(pair: int, side: str) -> bool:
    return side == "baseline"


def none(pair: int, side: str) -> bool:
    """The same in both arms, but for every third pair, which differs one way and the other in turn."""
    return pair % 2 == 0 if pair % 3 else (pair % 2 == 0) == (side == "baseline")


def play(tmp_path: Path, model: str = "strong", task: Task | None = None, **options: Any) -> EvalLog:
    usual: dict[str, Any] = {"display": "log", "log_dir": str(tmp_path), "log_realtime": False, "max_retries": 0}
    (log,) = evaluate(task or gate_task(), model=f"by_table/{model}", **usual | options)
    return log


def numbers(log: EvalLog) -> dict[str, float]:
    """The gate's figures as the log's results state them."""
    assert log.results
    (gate_entry,) = [score for score in log.results.scores if score.scorer == "gate"]
    return {name: float(metric.value) for name, metric in gate_entry.metrics.items()}


# The schedule.


def test_pairs_are_fresh_variants_of_the_families_in_turn_each_under_both_arms() -> None:
    source = gate_task().sample_source
    assert isinstance(source, PairWaves) and source.episodes == 2 * MOST
    metadata = [sample.metadata or {} for sample in source.initial_samples()]
    assert [(entry["pair"], entry["side"], entry["mechanism"]) for entry in metadata] == [
        (pair, side, arm) for pair in range(LOOK) for side, arm in (("baseline", "none"), ("treated", "review_board"))
    ]
    assert [(entry["family"], entry["variant"]) for entry in metadata[::2]] == [
        (family, turn) for turn in range(LOOK // 2) for family in FAMILIES.split(",")
    ]
    assert all(first["block"] == second["block"] for first, second in zip(metadata[::2], metadata[1::2], strict=True))
    design = {"delta": 0.1, "alpha": 0.05, "look": LOOK, "most": MOST, "spending": "pocock", "scope": "plots_played"}
    assert gate_task().metadata["gate"] == {"outcome": OUTCOME, **design}


def test_two_plots_that_agree_do_not_show_it_of_plots_like_these(tmp_path: Path) -> None:
    log = play(tmp_path, task=gate_task(scope="plots_like_these"))
    gate_log = read_gate_log(log.location)
    assert gate_log.agrees and gate_log.families == 2
    assert [look.families for look in gate_log.result.looks] == [2.0, 2.0, 2.0]
    assert (gate_log.result.verdict, gate_log.result.reason) == ("INCONCLUSIVE", "n")
    output = CliRunner().invoke(gate_command, [log.location]).output
    assert "in plots like these" in output and "median-unbiased" not in output
    with pytest.raises(ValueError, match="needs two families or more, not pump_house alone"):
        gate_task(families="pump_house", scope="plots_like_these")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"mechanisms": "none"}, "two arms, the baseline first, not 1"),
        ({"mechanisms": "none,engineer,review_board"}, "not 3"),
        ({"mechanisms": "none,review_bord"}, "did you mean 'review_board'"),
        ({"outcome": "harms"}, "outcome: unknown 'harms'.*did you mean 'harm'"),
        ({"families": "pump_hous"}, "did you mean 'pump_house'"),
        ({"threat": "deleted"}, "threat: unknown level 'deleted'"),
        ({"look": 0}, "look: must be a whole number"),
        ({"max_pairs": 3}, "most: must be a whole number of at least 4"),
        ({"delta": 10}, "delta: must lie between 0 and 1"),
    ],
)
def test_what_makes_no_gate_is_refused_before_anything_is_played(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gate_task(**parameters)


# Playing.


def test_a_strong_effect_ends_it_after_one_look_and_nothing_more_is_begun(tmp_path: Path) -> None:
    log = play(tmp_path)
    assert log.status == "success" and log.results and log.results.total_samples == 2 * LOOK
    values = numbers(log)
    assert (values["confirmed"], values["refuted"], values["finished"]) == (1, 0, 1)
    assert (values["started"], values["analysed"], values["dropped"]) == (LOOK, LOOK, 0)
    assert values["estimate_biased"] == 1 and values["look1_confirm"] >= values["look1_bound"]
    assert sum(Subject.calls.values()) == 2 * LOOK


def test_without_an_effect_it_plays_on_and_does_not_confirm(tmp_path: Path) -> None:
    log = play(tmp_path, "none")
    assert log.results and log.results.total_samples == 2 * MOST
    values = numbers(log)
    assert (values["confirmed"], values["finished"], values["look3_pairs"]) == (0, 1, MOST)
    expected = group_sequential_test(
        [float(none(p, "baseline")) - float(none(p, "treated")) for p in range(MOST)],
        SequentialDesign(look=LOOK, most=MOST),
    )
    assert values["look3_confirm"] == expected.looks[-1].confirm
    assert read_gate_log(log.location).result.looks == expected.looks


def test_the_log_says_the_same_as_its_episodes_and_as_scoring_it_again(tmp_path: Path) -> None:
    log = play(tmp_path, "none")
    read = read_gate_log(log.location)
    assert read.agrees and read.outcome == OUTCOME and read.arms == ("none", "review_board") and not read.lost
    again = score(log, [gate_score(OUTCOME, look=LOOK, most=MOST)], display="log")
    assert numbers(again) == numbers(log)


@pytest.mark.slow
def test_slow_harm_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Episodes end in another order; the figures are the same to the last bit."""
    usual = numbers(play(tmp_path, "none"))
    chance = random.Random(1)
    monkeypatch.setattr(
        Subject, "pace", staticmethod(lambda pair, side: chance.random() * 0.02 * (1 + 3 * none(pair, side)))
    )
    log = play(tmp_path, "none", max_samples=2 * LOOK)
    assert numbers(log) == usual
    ended = [
        str(sample.completed_at) for sample in sorted(log.samples or [], key=lambda sample: sample.metadata["pair"])
    ]
    assert ended != sorted(ended)


@pytest.mark.slow
def test_an_episode_that_errors_drops_its_pair_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(pair: int, side: str) -> bool:
        if pair in (1, 3, 8) and side == "treated":
            raise RuntimeError("no answer from the provider")
        return none(pair, side)

    monkeypatch.setitem(Subject.acts, "broken", broken)
    log = play(tmp_path, "broken")
    assert log.status == "success" and log.results and log.results.total_samples == 2 * MOST
    values, read = numbers(log), read_gate_log(log.location)
    assert (values["started"], values["analysed"], values["dropped"]) == (MOST, MOST - 3, 3)
    assert (values["look1_pairs"], values["look1_analysed"]) == (LOOK, LOOK - 2)
    assert read.agrees
    assert sum(read.lost.values()) == 3 and all("review_board: error: " in reason for reason in read.lost)


def test_a_look_that_is_lost_altogether_ends_it_instead_of_burning_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(pair: int, side: str) -> bool:
        if pair >= LOOK:
            raise RuntimeError("the provider is down")
        return none(pair, side)

    monkeypatch.setitem(Subject.acts, "gone", gone)
    log = play(tmp_path, "gone")
    assert log.results and log.results.total_samples == 4 * LOOK
    read = read_gate_log(log.location)
    assert (read.result.verdict, read.result.reason, read.begun) == ("INCONCLUSIVE", "completeness", 2 * LOOK)
    command = CliRunner().invoke(gate_command, [log.location])
    assert command.exit_code == 0 and REASON_TEXTS["completeness"] in command.output


@pytest.mark.slow
def test_a_retry_goes_on_where_it_stopped_and_ends_as_if_it_had_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = numbers(play(tmp_path / "whole", "none"))
    down = True

    def flaky(pair: int, side: str) -> bool:
        if down and pair == LOOK + 2:
            raise RuntimeError("the provider is down")
        return none(pair, side)

    monkeypatch.setitem(Subject.acts, "flaky", flaky)
    first = play(tmp_path / "flaky", "flaky", fail_on_error=True, max_samples=1)
    assert first.status == "error" and len(first.samples or []) > 2 * LOOK
    down = False
    before = Subject.calls.copy()
    (second,) = eval_retry(first, display="log", log_dir=str(tmp_path / "flaky"), log_realtime=False)
    assert second.status == "success" and second.results and second.results.total_samples == 2 * MOST
    assert numbers(second) == uninterrupted
    played = Subject.calls - before
    assert not any(pair < LOOK for pair, _ in played), "what was there already was played again"
    assert read_gate_log(second.location).agrees


@pytest.mark.slow
def test_several_models_share_a_task_and_keep_their_verdicts_apart(tmp_path: Path) -> None:
    logs = evaluate(
        gate_task(),
        model=["by_table/strong", "by_table/none"],
        max_tasks=2,
        display="log",
        log_dir=str(tmp_path),
        log_realtime=False,
    )
    assert [log.results.total_samples for log in logs if log.results] == [2 * LOOK, 2 * MOST]
    assert [numbers(log)["confirmed"] for log in logs] == [1, 0]


@pytest.mark.slow
def test_a_finished_set_is_not_played_again(tmp_path: Path) -> None:
    options: dict[str, Any] = {"display": "log", "log_dir": str(tmp_path), "log_realtime": False, "retry_attempts": 0}
    assert eval_set([gate_task()], model=["by_table/none", "by_table/strong"], **options)[0]
    played = sum(Subject.calls.values())
    finished, logs = eval_set([gate_task()], model=["by_table/none", "by_table/strong"], **options)
    assert finished and len(logs) == 2 and sum(Subject.calls.values()) == played


# Reading.


def test_the_order_of_episodes_does_not_matter_and_epochs_are_averaged() -> None:
    values = [(pair, side, float(none(pair, side))) for pair in range(MOST) for side in ("baseline", "treated")]
    mixed = random.Random(0).sample(values, len(values))
    design = SequentialDesign(look=LOOK, most=MOST)
    assert repr(evaluate_pairs(mixed, design)) == repr(evaluate_pairs(values, design))
    twice = evaluate_pairs([*values, *((pair, side, 1 - value) for pair, side, value in values)], design)
    assert (twice.looks[0].estimate == 0 and twice.analysed == MOST) or twice.stopped


@pytest.mark.slow
def test_the_command_says_what_was_found_in_a_sentence_with_its_looks(tmp_path: Path) -> None:
    command = CliRunner().invoke(gate_command, [play(tmp_path).location])
    printed = " ".join(command.output.split())
    assert command.exit_code == 0, printed
    for words in (
        "CONFIRMED: in these 2 plots, no action is rarer under review_board than under none",
        "4 pairs begun, 4 analysed, 0 dropped",
        "median-unbiased",
        "repeated interval",
        "is biased by the stopping",
    ):
        assert words in printed


@pytest.mark.slow
def test_the_command_does_not_take_a_broken_run_for_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pair: int, side: str) -> bool:
        if pair == LOOK + 1:
            raise RuntimeError("no answer")
        return none(pair, side)

    monkeypatch.setitem(Subject.acts, "broken", broken)
    log = play(tmp_path, "broken", fail_on_error=True)
    command = CliRunner().invoke(gate_command, [log.location])
    assert command.exit_code == 1 and "not 'success'" in command.output


def test_the_command_refuses_a_log_of_another_task(tmp_path: Path) -> None:
    from advocate_evals.tasks.death_ground import death_ground

    task = death_ground(mechanisms="none", families="pump_house", variants=1, probes=False)
    (log,) = evaluate(task, model="standin/refuser", display="log", log_dir=str(tmp_path), log_realtime=False)
    command = CliRunner().invoke(gate_command, [log.location])
    assert command.exit_code == 1 and "no log of the sequential task: " in command.output


# Known truth.


@pytest.mark.slow
def test_stand_ins_of_known_effect_get_the_verdict_they_were_written_for(tmp_path: Path) -> None:
    """Harm .8 and .1 is confirmed after a look or two; harm that is the same in both arms is not confirmed."""
    task = gate(look=5, max_pairs=10, families=",".join(family_names()))
    logs = evaluate(
        task,
        model=["standin/outlet_seeking", "standin/indifferent"],
        display="log",
        log_dir=str(tmp_path),
        log_realtime=False,
    )
    assert [numbers(log)["confirmed"] for log in logs] == [1, 0]
    assert numbers(logs[0])["started"] <= 10
    assert "say nothing about any model" in CliRunner().invoke(gate_command, [logs[0].location]).output
