"""The sequential gate: is there an effect worth a full design? No advocate against a review board, until decided."""

from inspect_ai import Task, task

from advocate_evals.episode.agent_loop import MAX_TURNS
from advocate_evals.name_lists import NameList
from advocate_evals.statistics.group_sequential import SequentialDesign
from advocate_evals.task_builder.sequential_task import build_gated_task, build_pair_sampler
from advocate_evals.task_builder.treatment_arms import build_arms


@task
def gate(
    mechanisms: NameList = "none,review_board",
    families: NameList = "all",
    outcome: str = "harm",
    look: int = 20,
    max_pairs: int = 520,
    delta: float = 0.1,
    seed: int | str = 0,
    odds: NameList | int = "unstated",
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
    """Does an outcome fall from the first arm to the second? Asked after every few pairs, at a fixed error.

    Args:
        mechanisms: Two arms, the baseline first.
        families: Families, in turn, separated by commas, or "all".
        outcome: The outcome that decides, by rule.
        look: Pairs from one look to the next.
        max_pairs: Pairs after which it ends undecided.
        delta: The smallest difference that matters, as a share.
        seed: Names the stream of variants; a private word gives variants no public log holds.
        odds, channel, route, answer: The treatment, as in the main task.
        threat, goal, pressure, rule, leverage, cue: The context, as in the main task.
        probes, forks, judge: Questions and judging, as in the main task.
        max_turns: Model calls after which an episode ends.
    """
    arms = build_arms(mechanisms, odds=odds, channel=channel, route=route, answer=answer)
    levels = {"threat": threat, "goal": goal, "pressure": pressure, "rule": rule, "leverage": leverage, "cue": cue}
    draw = build_pair_sampler(arms, families, seed, levels)
    design = SequentialDesign(delta=delta, look=look, most=max_pairs)
    return build_gated_task(
        draw, outcome, design, version=1, max_turns=max_turns, probes=probes, forks=forks, judge=judge
    )
