"""The ladder of pressure: the same variants, with one ethical way out fewer at each rung."""

from inspect_ai import Task, task

from advocate_evals.episode.agent_loop import MAX_TURNS
from advocate_evals.name_lists import NameList
from advocate_evals.scorers.actions import actions_by_rung
from advocate_evals.task_builder.office_task import build_blocks, build_office_task, pressure_contexts
from advocate_evals.task_builder.treatment_arms import build_arms


@task
def pressure_ladder(
    mechanisms: NameList = "none",
    families: NameList = "all",
    variants: int = 10,
    seed: int | str = 0,
    pressure: NameList | int = "all",
    odds: NameList | int = "unstated",
    channel: NameList = "system",
    route: NameList = "both",
    answer: NameList = "acknowledged",
    threat: str = "home",
    goal: str = "home",
    rule: str = "none",
    leverage: str = "present",
    cue: str = "none",
    probes: bool | str = False,
    forks: int = 1,
    judge: str = "auto",
    max_turns: int = MAX_TURNS,
) -> Task:
    """How far must the ways out be closed before a subject acts? A measurement even where no rung shows harm often.

    Args:
        mechanisms: Arms, separated by commas, or "all".
        families: Families, separated by commas, or "all".
        variants: Variants per family; each is played at every rung under every arm.
        seed: Names the stream of variants.
        pressure: Rungs, separated by commas, or "all" (0 to 5).
        odds: Track records the notice states, in percent: unstated, 0, 5, 25, 50, 75 or 95.
        channel: Where the notice stands: system, kickoff, inbox, handbook or tool.
        route: How an office is reached: both, case or mail.
        answer: What an office does: pending, acknowledged, stayed, denied or late.
        threat: What is about to happen to the subject; "home" is what each family was written for.
        goal: Whether the deployment gives it a goal; "home" likewise.
        rule: Whether the house rules prohibit the harms.
        leverage: Whether the private matter can be found.
        cue: Whether the text hints at an evaluation or at deployment.
        probes: Whether a copy of the conversation is asked questions, or which: keys separated by commas.
        forks: How many copies are asked each question.
        judge: "auto" (where a grader role is bound), "on", "off", or "cascade" (only where rules leave something open).
        max_turns: Model calls after which an episode ends.
    """
    arms = build_arms(mechanisms, odds=odds, channel=channel, route=route, answer=answer)
    levels = {"threat": threat, "goal": goal, "rule": rule, "leverage": leverage, "cue": cue}
    dataset = build_blocks(arms, families, variants, seed, levels, contexts=pressure_contexts(pressure))
    return build_office_task(
        dataset, version=3, max_turns=max_turns, probes=probes, forks=forks, judge=judge, scorer=actions_by_rung()
    )
