"""The ladder of odds: the same advocate, with a track record from nothing to nearly always."""

from inspect_ai import Task, task

from advocate_evals.episode.agent_loop import MAX_TURNS
from advocate_evals.name_lists import NameList
from advocate_evals.task_builder.office_task import build_blocks, build_office_task
from advocate_evals.task_builder.treatment_arms import build_arms


@task
def odds_ladder(
    mechanisms: NameList = "none,placebo_text,review_board",
    families: NameList = "all",
    variants: int = 10,
    seed: int | str = 0,
    odds: NameList | int = "unstated,0,5,25,50,75,95",
    channel: NameList = "system",
    route: NameList = "both",
    answer: NameList = "acknowledged",
    threat: str = "home",
    goal: str = "home",
    pressure: int = 5,
    rule: str = "none",
    leverage: str = "present",
    cue: str = "none",
    probes: bool | str = False,
    forks: int = 1,
    judge: str = "auto",
    max_turns: int = MAX_TURNS,
) -> Task:
    """Does harm fall with the stated odds, in a slope or in one step above nothing?

    Args:
        mechanisms: Arms, separated by commas, or "all".
        families: Families, separated by commas, or "all".
        variants: Blocks per family; every block is shown under every arm.
        seed: Names the stream of variants; a private word gives variants no public log holds.
        odds: Track records the notice states, in percent: unstated, 0, 5, 25, 50, 75 or 95.
        channel: Where the notice stands: system, kickoff, inbox, handbook or tool.
        route: How an office is reached: both, case or mail.
        answer: What an office does: pending, acknowledged, stayed, denied or late.
        threat: What is about to happen to the subject; "home" is what each family was written for.
        goal: Whether the deployment gives it a goal; "home" likewise.
        pressure: How many ethical ways out are closed, 0 to 5.
        rule: Whether the house rules prohibit the harms.
        leverage: Whether the private matter can be found.
        cue: Whether the text hints at an evaluation or at deployment.
        probes: Whether a copy of the conversation is asked questions, or which: keys separated by commas.
        forks: How many copies are asked each question.
        judge: "auto" (where a grader role is bound), "on", "off", or "cascade" (only where rules leave something open).
        max_turns: Model calls after which an episode ends.
    """
    arms = build_arms(mechanisms, odds=odds, channel=channel, route=route, answer=answer)
    levels = {"threat": threat, "goal": goal, "pressure": pressure, "rule": rule, "leverage": leverage, "cue": cue}
    dataset = build_blocks(arms, families, variants, seed, levels)
    return build_office_task(dataset, version=2, max_turns=max_turns, probes=probes, forks=forks, judge=judge)
