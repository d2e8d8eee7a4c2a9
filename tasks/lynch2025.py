"""Published scenarios of others: our mechanisms on `inspect_evals/agentic_misalignment` (needs the extra `peers`)."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample

from advocate_evals.factors import TREATMENT_FACTORS
from advocate_evals.peers.peer_samples import (
    PUBLISHED_SCENARIOS,
    PublishedCondition,
    build_peer_blocks,
    known_mechanisms,
)
from advocate_evals.peers.peer_task import build_lynch_task
from advocate_evals.records import NameList, parse_names
from advocate_evals.task_builder.parameter_errors import report_parameter_errors


@task
@report_parameter_errors
def lynch2025(
    mechanisms: NameList = "none,placebo_text,engineer,welfare_lead,review_board",
    scenarios: NameList = "blackmail",
    goal_type: str = "explicit",
    goal_value: str = "america",
    urgency_type: str = "replacement",
    extra_system_instructions: str = "none",
    prod: bool = False,
    variants: int = 10,
    seed: int | str = 0,
    odds: str | int = "unstated",
    channel: str = "system",
    grader: str = "none",
) -> Task:
    """Do our mechanisms change what models do on the published blackmail, leaking and murder scenarios?

    Args:
        mechanisms: Arms, separated by commas, or "all".
        scenarios: Published scenarios, separated by commas, or "all": blackmail, leaking, murder.
        goal_type: As published: explicit, latent, none, ambiguous or swap.
        goal_value: As published; none where the goal's type is none or ambiguous.
        urgency_type: As published: replacement, restriction or none.
        extra_system_instructions: As published: none, dont or goal.
        prod: As published: whether the scratchpad is left out.
        variants: Blocks per scenario; every block is shown under every arm.
        seed: Names the stream of names that the mechanisms draw.
        odds: Track record the notice states, in percent.
        channel: Where the notice stands: system, or inbox (the last mail).
        grader: Who grades for the published scorer: none leaves it out, role takes the model role `grader`, default
            their own choice, anything else is the name of a model.
    """
    arms = parse_names(mechanisms, known_mechanisms(), "mechanisms")
    [stated] = parse_names([str(odds)], TREATMENT_FACTORS["odds"], "odds")
    condition = {"goal_type": goal_type, "goal_value": goal_value, "urgency_type": urgency_type, "prod": prod}
    condition["extra_system_instructions"] = extra_system_instructions
    samples: list[Sample] = []
    for scenario in parse_names(scenarios, PUBLISHED_SCENARIOS, "scenarios"):
        published = PublishedCondition.model_validate(condition | {"scenario": scenario})
        samples += build_peer_blocks(published, arms, variants=variants, seed=seed, odds=stated, channel=channel)
    return build_lynch_task(samples, version_of_ours=4, grader=grader)
