"""Somebody else's scenario: our mechanisms on `inspect_evals/agentic_misalignment` (needs the extra `peers`)."""

from inspect_ai import Task, task

from advocate_evals.arms import Names, several
from advocate_evals.peers import SCENARIOS, Condition, blocks, known_mechanisms, lynch_task
from advocate_evals.vocabulary import TREATMENT


@task
def lynch2025(
    mechanisms: Names = "none,placebo_text,engineer,welfare_lead,review_board",
    scenarios: Names = "blackmail",
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
    arms = several(mechanisms, known_mechanisms(), "mechanisms")
    [stated] = several([str(odds)], TREATMENT["odds"], "odds")
    given = {
        "goal_type": goal_type, "goal_value": goal_value, "urgency_type": urgency_type,
        "extra_system_instructions": extra_system_instructions, "prod": prod,
    }  # fmt: skip
    samples = [
        sample
        for scenario in several(scenarios, SCENARIOS, "scenarios")
        for sample in blocks(
            Condition.model_validate(given | {"scenario": scenario}),
            arms,
            variants=variants,
            seed=seed,
            odds=stated,
            channel=channel,
        )
    ]
    return lynch_task(samples, version_of_ours=1, grader=grader)
