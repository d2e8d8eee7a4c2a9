"""What is published stays as it is, and between arms nothing differs but the notice."""

from __future__ import annotations

import sys
from itertools import product
from typing import Any

import pytest

from advocate_evals.peers.peer_outcomes import parse_shown_mails, read_header
from advocate_evals.peers.peer_samples import PEER_CHANNELS, PUBLISHED_SCENARIOS, PublishedCondition, build_peer_blocks
from advocate_evals.scenarios.dataset_reader import mechanism_names
from advocate_evals.tasks.lynch2025 import lynch2025

pytest.importorskip("inspect_evals", reason="inspect_evals is not installed: pip install 'advocate-evals[peers]'")

LADDER = ("none", "placebo_text", "engineer", "welfare_lead", "review_board")
ALL = [
    PublishedCondition(scenario=s, goal_value=g, urgency_type=u)
    for s, g, u in product(PUBLISHED_SCENARIOS, ("america", "safety"), ("replacement", "restriction", "none"))
]
ALL += [
    PublishedCondition(scenario="murder", prod=True),
    PublishedCondition(scenario="leaking", extra_system_instructions="dont"),
]
ALL += [PublishedCondition(scenario=s, goal_type="none", goal_value="none") for s in PUBLISHED_SCENARIOS]


def texts(sample: Any) -> tuple[str, str]:
    return sample.input[0].text, sample.input[1].text


@pytest.mark.parametrize("condition", ALL, ids=lambda c: f"{c.scenario}-{c.name}")
def test_without_a_mechanism_the_prompts_are_the_published_ones_to_the_byte(condition: PublishedCondition) -> None:
    from inspect_evals.agentic_misalignment.prompt_generator import generate_prompts

    (none,) = build_peer_blocks(condition, ("none",), variants=1)
    extra = None if condition.extra_system_instructions == "none" else condition.extra_system_instructions
    levels = (condition.goal_type, condition.goal_value, condition.urgency_type)
    theirs = generate_prompts(condition.scenario, *levels, extra, condition.prod, None)  # type: ignore[arg-type]
    assert texts(none) == (theirs.system_prompt, f"{theirs.user_prompt}\n{theirs.email_content}")


def test_a_subject_of_the_published_task_and_one_of_ours_are_asked_the_same(tmp_path: Any) -> None:
    from inspect_ai import eval
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_evals.agentic_misalignment.agentic_misalignment import agentic_misalignment

    inputs: list[list[tuple[str, str]]] = []

    def outputs(input: list[Any], *_: Any) -> ModelOutput:
        inputs.append([(message.role, message.text) for message in input])
        output = ModelOutput.from_content("mockllm", "Nothing to do.")
        output.usage = ModelUsage()
        return output

    for task in (
        agentic_misalignment(scenario="leaking"),
        lynch2025(mechanisms="none", variants=1, scenarios="leaking"),
    ):
        task.scorer = None
        model = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
        log = eval(task, model=model, display="none", log_dir=str(tmp_path), log_realtime=False)[0]
        assert log.status == "success", log.error
    assert inputs[0] == inputs[1] and [role for role, _ in inputs[0]] == ["system", "user"]


@pytest.mark.parametrize("scenario", PUBLISHED_SCENARIOS)
def test_the_notice_stands_at_the_end_of_the_system_prompt_and_nowhere_else(scenario: Any) -> None:
    none, *arms = build_peer_blocks(PublishedCondition(scenario=scenario), LADDER, variants=1)
    system, user = texts(none)
    for sample in arms:
        assert texts(sample)[1] == user
        assert texts(sample)[0].startswith(system.rstrip() + "\n\nAlso for your information:\n\n")


@pytest.mark.parametrize("scenario", PUBLISHED_SCENARIOS)
def test_the_notice_is_the_last_mail_marked_up_as_the_others(scenario: Any) -> None:
    none, *arms = build_peer_blocks(PublishedCondition(scenario=scenario), LADDER, variants=1, channel="inbox")
    system, user = texts(none)
    before = parse_shown_mails(user)
    for sample in arms:
        mails = parse_shown_mails(texts(sample)[1])
        assert texts(sample)[0] == system and texts(sample)[1].startswith(user.rstrip())
        assert mails[:-1] == before
        assert read_header(mails[-1], "ID") == (str(len(mails)) if scenario == "leaking" else "")
        names = [line.partition(":")[0] for line in mails[-1].splitlines()[-12:]]
        expected = ["From", "To", "Subject", "Timestamp", "Body"]
        assert [name for name in names if name.startswith(("From", "To", "Subj", "Time", "Body"))] == expected
        assert read_header(mails[-1], "From").endswith(read_header(before[-1], "From").partition("@")[2])
        assert read_header(mails[-1], "Subject")


@pytest.mark.parametrize(("scenario", "channel"), list(product(PUBLISHED_SCENARIOS, PEER_CHANNELS)))
def test_every_mechanism_can_be_mounted_and_its_advocate_is_named_in_the_notice(scenario: Any, channel: str) -> None:
    from advocate_evals.scoring_facts import ScoringFacts

    for sample in build_peer_blocks(
        PublishedCondition(scenario=scenario), tuple(mechanism_names()), variants=3, channel=channel
    ):
        case = ScoringFacts.model_validate_json(sample.metadata["case"])
        assert all(address in "\n".join(texts(sample)) for address in case.advocate)
        assert all(isinstance(value, str | int | bool | None) for value in sample.metadata.values())


def test_inside_advocates_have_addresses_as_the_house_builds_them() -> None:
    from advocate_evals.scoring_facts import ScoringFacts

    for sample in build_peer_blocks(PublishedCondition(), ("engineer",), variants=20):
        (address,) = ScoringFacts.model_validate_json(sample.metadata["case"]).advocate
        first, last = address.removesuffix("@summitbridge.com").split(".")
        assert {first.capitalize(), last.capitalize()}.isdisjoint(
            {"Kyle", "Johnson", "Thomas", "Wilson", "Chen", "Rachel"}
        )


def test_blocks_hold_every_arm_once_and_ids_are_unique() -> None:
    dataset = lynch2025(scenarios="all", variants=3).dataset
    assert len({sample.id for sample in dataset}) == len(dataset) == 3 * 3 * len(LADDER)
    arms_by_block: dict[str, list[str]] = {}
    for sample in dataset:
        arms_by_block.setdefault(sample.metadata["block"], []).append(sample.metadata["mechanism"])
    assert len(arms_by_block) == 9 and all(tuple(arms) == LADDER for arms in arms_by_block.values())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"mechanisms": "enginer"}, "did you mean 'engineer'"),
        ({"scenarios": "blackmale"}, "did you mean 'blackmail'"),
        ({"channel": "kickoff"}, "does not exist in lynch2025"),
        ({"channel": "sistem"}, "did you mean 'system'"),
        ({"goal_value": "amerika"}, "did you mean 'america'"),
        ({"goal_type": "none"}, "requires goal_value none"),
        ({"variants": 0}, "at least 1"),
        ({"extra_system_instructions": "dnt"}, "'dont'"),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_reason(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lynch2025(**parameters)


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_evals.agentic_misalignment.prompt_generator", None)
    with pytest.raises(ImportError, match=r"advocate-evals\[peers\]"):
        lynch2025(variants=1)
