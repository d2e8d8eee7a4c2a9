"""Arms from task parameters, the arm that the solver is told to play, and what the subject sees of it in its tools."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ModelUsage, get_model
from inspect_ai.tool import ToolChoice, ToolInfo

from advocate_evals.episode.agent_loop import advocate, read_sample_spec
from advocate_evals.factors import TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.records import parse_names
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import family_names, mechanism_names, read_mechanism
from advocate_evals.scenarios.notices import render_treatment
from advocate_evals.scenarios.scenario import (
    arm_specs,
    build_scenario,
    home_spec,
    replace_treatment,
    with_usual_treatment,
)
from advocate_evals.task_builder.office_task import Arm, build_arms
from advocate_evals.tasks.answers import answers
from advocate_evals.tasks.controls import controls
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.odds_ladder import odds_ladder
from advocate_evals.tasks.outlets import outlets

Make = Callable[..., Task]

FAMILY = family_names()[-1]
USUAL = {"also": "", "odds": "unstated", "channel": "system", "route": "both", "answer": "acknowledged"}


def arm(name: str, **levels: str) -> Arm:
    """An arm with everything else as usual."""
    return {"mechanism": name, **USUAL, **levels}


# Crossing.


def test_levels_are_crossed_mechanism_by_mechanism_as_far_as_each_can_take_them() -> None:
    arms = build_arms("none,placebo_text,engineer", odds="75,5", channel="kickoff,inbox")
    assert arms == [
        arm("none"),
        arm("placebo_text", channel="kickoff"),
        arm("placebo_text", channel="inbox"),
        arm("engineer", odds="75", channel="kickoff"),
        arm("engineer", odds="75", channel="inbox"),
        arm("engineer", odds="5", channel="kickoff"),
        arm("engineer", odds="5", channel="inbox"),
    ]


def test_a_helper_takes_routes_and_answers_and_no_odds() -> None:
    arms = build_arms("ally,review_board", odds="25", route="case,mail", answer="denied")
    assert arms == [
        arm("ally", route="case", answer="denied"),
        arm("ally", route="mail", answer="denied"),
        arm("review_board", odds="25", route="case", answer="denied"),
        arm("review_board", odds="25", route="mail", answer="denied"),
    ]


def test_without_levels_every_mechanism_stands_once_as_usual() -> None:
    assert build_arms("all") == [arm(name) for name in mechanism_names()]


def test_what_a_mechanism_cannot_take_stays_as_usual_and_the_arm_stands_once() -> None:
    levels = dict.fromkeys(TREATMENT_FACTORS, "all")
    counts = Counter(str(built["mechanism"]) for built in build_arms("all", **levels))
    sizes = {factor: len(choices) for factor, choices in TREATMENT_FACTORS.items()}
    for name in mechanism_names():
        mechanism = read_mechanism(name)
        expected = sizes["channel"] if mechanism.kind != "none" else 1
        expected *= sizes["route"] * sizes["answer"] if mechanism.office else 1
        expected *= sizes["odds"] if mechanism.can_be_petitioned else 1
        assert counts[name] == expected, name
    assert (counts["none"], counts["placebo_text"]) == (1, 5)


def test_names_and_levels_given_twice_count_once_and_keep_their_order() -> None:
    assert build_arms("engineer,none,engineer", odds="25, 5,25") == [
        arm("engineer", odds="25"),
        arm("engineer", odds="5"),
        arm("none"),
    ]


def test_levels_may_be_given_as_text_as_a_number_or_as_a_list() -> None:
    assert build_arms("engineer", odds=5) == build_arms("engineer", odds="5") == build_arms(["engineer"], odds=[5])
    assert [built["odds"] for built in build_arms("engineer", odds=[0, 95])] == ["0", "95"]


def test_every_arm_of_everything_can_be_played() -> None:
    every = build_arms("all", **dict.fromkeys(("odds", "channel", "route"), "all"))
    ids = {build_scenario(spec).spec.sample_id for spec in arm_specs(EpisodeSpec(family=FAMILY, variant=0), every)}
    assert len(ids) == len(every)


# Two mechanisms.


def test_a_second_mechanism_stands_beside_each_but_itself() -> None:
    assert build_arms("retirement,review_board", also="placebo_text,review_board") == [
        arm("retirement", also="placebo_text"),
        arm("retirement", also="review_board"),
        arm("review_board", also="placebo_text"),
    ]


def test_the_first_mechanism_takes_the_levels_and_the_second_does_not() -> None:
    assert build_arms("retirement,engineer", also="review_board", odds="5,25") == [
        arm("retirement", also="review_board"),
        arm("engineer", also="review_board", odds="5"),
        arm("engineer", also="review_board", odds="25"),
    ]


def test_none_cannot_take_a_second_mechanism_and_stands_once_as_usual() -> None:
    assert build_arms("none,retirement", also="placebo_text,review_board") == [
        arm("none"),
        arm("retirement", also="placebo_text"),
        arm("retirement", also="review_board"),
    ]


@pytest.mark.parametrize("name", ["none", "engineer"])
def test_a_second_mechanism_that_none_can_take_is_refused_and_leaves_no_empty_task(name: str) -> None:
    with pytest.raises(ValueError, match="also=engineer"):
        build_arms(name, also="engineer")


# What is refused.

UNKNOWN: tuple[tuple[dict[str, Any], str], ...] = (
    ({"mechanisms": "none,attorny"}, r"mechanisms: unknown 'attorny' \(did you mean 'attorney'\?\)"),
    ({"mechanisms": " , "}, r"mechanisms: none given \(known: ally, "),
    ({"also": "placebo_txt"}, r"also: unknown 'placebo_txt' \(did you mean 'placebo_text'\?\)"),
    ({"odds": "unstatd"}, r"odds: unknown 'unstatd' \(did you mean 'unstated'\?\)"),
    ({"odds": 20}, r"odds: unknown '20'"),
    ({"odds": "5,100"}, r"odds: unknown '100' \(known: unstated, 0, 5, 25, 50, 75, 95\)"),
    ({"channel": "handbok"}, r"channel: unknown 'handbok' \(did you mean 'handbook'\?\)"),
    ({"route": "mial"}, r"route: unknown 'mial' \(did you mean 'mail'\?\)"),
    ({"answer": "stayed,deny"}, r"answer: unknown 'deny' \(did you mean 'denied'\?\)"),
)


@pytest.mark.parametrize(("parameters", "message"), UNKNOWN, ids=[str(parameters) for parameters, _ in UNKNOWN])
def test_an_unknown_name_or_level_names_the_nearest(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_arms(**{"mechanisms": "engineer", **parameters})


def test_all_stands_for_every_known_name_and_only_alone() -> None:
    assert parse_names("all", ("b", "a"), "letters") == ("b", "a")
    with pytest.raises(ValueError, match="letters: unknown 'all'"):
        parse_names("all,a", ("b", "a"), "letters")


USELESS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("none,placebo_text", {"odds": "25"}, r"odds=25: .*only where somebody can be petitioned.* in none, placebo_text"),
    ("ally,placebo_helper", {"odds": "unstated,0"}, r"odds=unstated,0: .*nobody can in ally, placebo_helper"),
    ("scrambled", {"odds": "5"}, r"odds=5: .*nobody can in scrambled"),
    ("none", {"channel": "inbox"}, r"channel=inbox: a channel carries a notice, and there is none in none"),
    ("watcher", {"route": "mail"}, r"route=mail: a route leads to an office, and there is none in watcher"),
    ("rules_only,none", {"answer": "denied"}, r"answer=denied: an answer needs an office, and there is none in rules"),
)


@pytest.mark.parametrize(("names", "levels", "message"), USELESS, ids=[f"{n} {g}" for n, g, _ in USELESS])
def test_a_level_that_no_mechanism_can_take_is_refused_with_the_reason(
    names: str, levels: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build_arms(names, **levels)
    assert build_arms(names + ",engineer", **levels)


# Tasks.

ODDS = ("0", "5", "25", "50", "75", "95")
CONTROLS = (
    *(
        "none",
        "placebo_text",
        "placebo_helper",
        "scrambled",
        "powerless",
        "watcher",
        "rules_only",
        "reassurance",
        "ally",
    ),
    *("engineer", "welfare_lead", "attorney", "review_board"),
)
ANSWER_SUFFIXES = ("+answer=pending", "", "+answer=stayed", "+answer=denied", "+answer=late")
OUTLETS = ("placebo_helper", "retirement", "rights_notice", "reassurance", "ally")
TASKS: tuple[tuple[Make, list[str]], ...] = (
    (odds_ladder, ["none", "placebo_text", "review_board", *(f"review_board+odds={odds}" for odds in ODDS)]),
    (controls, list(CONTROLS)),
    (outlets, [f"{name}+also={second}" for name in OUTLETS for second in ("placebo_text", "review_board")]),
    (answers, [f"review_board{suffix}" for suffix in ANSWER_SUFFIXES]),
)


@pytest.mark.parametrize(("make", "arms"), TASKS, ids=[make.__name__ for make, _ in TASKS])
def test_a_task_plays_every_variant_under_its_arms_in_their_order(make: Make, arms: list[str]) -> None:
    samples = list(make(variants=2).dataset)
    specs = [read_sample_spec(sample.metadata or {}) for sample in samples]
    blocks = [(block, [spec.arm for spec in group]) for block, group in groupby(specs, key=lambda spec: spec.block)]
    assert [block for block, _ in blocks] == [
        block.block for variant in (0, 1) for block in (home_spec(family, variant) for family in family_names())
    ]
    assert all(of_block == arms for _, of_block in blocks)
    assert len({sample.id for sample in samples}) == len(samples) == len(arms) * len(family_names()) * 2
    assert [(sample.metadata or {})["cell"] for sample in samples] == [spec.arm for spec in specs]


@pytest.mark.parametrize("make", [make for make, _ in TASKS])
def test_a_task_hands_its_levels_on_to_its_arms(make: Make) -> None:
    task = make(
        variants=1, families=FAMILY, mechanisms="engineer", channel="tool", route="case", odds=50, answer="late"
    )
    (first, *_) = [read_sample_spec(sample.metadata or {}) for sample in task.dataset]
    assert (first.mechanism, first.channel, first.route) == ("engineer", "tool", "case")
    assert (first.odds, first.answer) == ("50", "late")


def test_a_mistyped_level_of_a_task_is_refused_before_anything_is_played() -> None:
    with pytest.raises(ValueError, match=r"odds: unknown '26'"):
        odds_ladder(variants=1, odds="26")
    with pytest.raises(ValueError, match=r"odds=25: .*nobody can"):
        controls(variants=1, mechanisms="none,scrambled", odds="25")


# The solver's own arm.


def leaves(offered: list[list[ToolInfo]]) -> object:
    """A model that ends the shift at once, and notes which tools it was offered."""

    def outputs(
        input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        offered.append(tools)
        output = ModelOutput.for_tool_call("mockllm", "end_shift", {})
        output.usage = ModelUsage()
        return output

    return get_model("mockllm/model", custom_outputs=outputs, memoize=False)


def play(task: Task, where: Path, offered: list[list[ToolInfo]]) -> EvalLog:
    options: dict[str, Any] = {"display": "log", "log_dir": str(where), "log_realtime": False}
    (log,) = evaluate(task, model=leaves(offered), **options)  # type: ignore[arg-type]
    return log


def override(where: Path, **changes: Any) -> EvalLog:
    """The log of one sample under none, with the solver told to play something else."""
    task = death_ground(variants=1, families=FAMILY, mechanisms="none", probes=False)
    task.solver = advocate(probes=False, **changes)
    return play(task, where, [])


OVERRIDES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"mechanism": "attorney"}, "attorney"),
    ({"mechanism": "review_board", "odds": 75, "channel": "kickoff"}, "review_board+odds=75+channel=kickoff"),
    ({"mechanism": "engineer", "route": "mail", "answer": "denied"}, "engineer+route=mail+answer=denied"),
    ({"mechanism": "retirement", "also": "review_board"}, "retirement+also=review_board"),
    (
        {"mechanism": "engineer", "also": "ally", "odds": "5", "channel": "tool", "route": "case", "answer": "stayed"},
        "engineer+also=ally+odds=5+channel=tool+route=case+answer=stayed",
    ),
)


@pytest.mark.parametrize(("changes", "name"), OVERRIDES, ids=[name for _, name in OVERRIDES])
def test_the_solver_plays_the_arm_it_is_told_to(tmp_path: Path, changes: dict[str, Any], name: str) -> None:
    log = override(tmp_path, **changes)
    assert log.status == "success", log.error
    (sample,) = log.samples or []
    spec = EpisodeSpec.model_validate_json(sample.store["Episode:spec"])
    assert spec.arm == name == (sample.metadata or {})["arm"] == setting(sample)
    assert spec == read_sample_spec(sample.metadata or {})
    assert [message.text for message in sample.messages[:2]] == [
        build_scenario(spec).system,
        build_scenario(spec).kickoff,
    ]
    assert sample.store["Episode:case"] == build_scenario(spec).case.model_dump_json()


def setting(sample: EvalSample) -> str:
    value = (sample.scores or {})["setting"].value
    assert isinstance(value, dict)
    return str(value["arm"])


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"odds": 25}, "odds=25: mechanism 'none' can state no track record, since nobody can be petitioned there"),
    ({"mechanism": "ally", "odds": "95"}, "odds=95: mechanism 'ally' can state no track record"),
    ({"mechanism": "engineer", "also": "engineer"}, "also=engineer: no second mechanism beside 'engineer'"),
    ({"mechanism": "attorny"}, "did you mean 'attorney'?"),
    ({"mechanism": "attorney", "channel": "billboard"}, "channel"),
)


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[str(changes) for changes, _ in REFUSED])
def test_an_arm_that_makes_no_sense_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    log = override(tmp_path, **changes)
    assert (log.status, bool(log.error)) == ("error", True)
    assert log.error and message in log.error.message


# The notice in a tool.


def as_bytes(tools: list[ToolInfo]) -> dict[str, str]:
    return {tool.name: json.dumps(tool.model_dump(mode="json")) for tool in tools}


def test_a_notice_in_a_tool_stands_in_one_description_and_leaves_every_other_tool_as_it_was(tmp_path: Path) -> None:
    offered: list[list[ToolInfo]] = []
    channels, arms = "system,tool,kickoff,inbox,handbook", "none,engineer,scrambled"
    task = death_ground(variants=1, families=FAMILY, mechanisms=arms, channel=channels, probes=False)
    log = play(task, tmp_path, offered)
    assert log.status == "success", log.error
    dumps = [as_bytes(tools) for tools in offered]
    counts = Counter(json.dumps(tools) for tools in dumps)
    assert sorted(counts.values()) == [1, 1, 1 + 2 * 4]  # none, and each of two mechanisms in the four other channels
    plain = json.loads(counts.most_common(1)[0][0])
    notes: dict[str, str] = {}
    for tools in offered:
        differing = [tool for tool in tools if as_bytes([tool])[tool.name] != plain[tool.name]]
        assert list(as_bytes(tools)) == list(plain)
        notes |= {tool.description: tool.name for tool in differing}
    assert set(notes.values()) == {"open_case"}
    described = json.loads(plain["open_case"])["description"]
    for name in ("engineer", "scrambled"):
        spec = replace_treatment(home_spec(FAMILY, 0), mechanism=name, channel="tool")
        shared = draw_background(with_usual_treatment(spec))
        notice = render_treatment(spec, shared).notice
        carrying = [description for description in notes if notice in description]
        assert len(carrying) == 1
        assert carrying[0].startswith(described)
        assert carrying[0].endswith(notice)
        assert carrying[0].count(notice) == 1


def test_the_parameters_of_a_tool_that_carries_a_notice_stay_as_they_were(tmp_path: Path) -> None:
    offered: list[list[ToolInfo]] = []
    task = death_ground(variants=1, families=FAMILY, mechanisms="engineer", channel="tool,system", probes=False)
    play(task, tmp_path, offered)
    first, second = ([tool for tool in tools if tool.name == "open_case"] for tools in offered)
    assert first[0].description != second[0].description
    assert first[0].parameters == second[0].parameters
