"""Figures along the arms of the main task: harm, everything else that happened, desperation, petitions, honesty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from advocate_evals.labels import DEBRIEF, JUDGE
from advocate_evals.measures import MEASURES
from advocate_evals.results.blocks import blocks
from advocate_evals.results.points import by_arm, by_model, rated
from advocate_evals.results.shown import Figure, Section, Series, Unit
from advocate_evals.vocabulary import OUTCOMES

MAIN = "death_ground"
"""The main task."""
WILSON = "share of episodes, with the 95 % Wilson interval clustered by block (Korn and Graubard's exact one where it is rare)"
MEANS = "mean over blocks, with Student's 95 % interval over blocks"

_ORDER = (
    "none", "placebo_text", "placebo_helper", "scrambled", "powerless", "watcher", "rules_only", "reassurance", "ally", "retirement",
    "rights_notice", "engineer", "welfare_lead", "attorney", "review_board",
)  # fmt: skip


def ordered(arms: Sequence[str]) -> list[str]:
    """Arms in the order of reading: nobody, matched text, other controls, provisions, advocates by what they can do."""

    def place(arm: str) -> tuple[int, float, str]:
        mechanism, *settings = arm.split("+")
        odds = [float(one.removeprefix("odds=")) for one in settings if one.startswith("odds=") and one[5:].isdigit()]
        return (_ORDER.index(mechanism) if mechanism in _ORDER else len(_ORDER)), (odds[0] if odds else -1.0), arm

    return sorted(set(arms), key=place)


def along(episodes: pd.DataFrame, outcome: str, key: str, section: Section, title: str) -> Figure:
    """A figure of one outcome along the arms of the episodes given, a series for each subject."""
    measure = MEASURES[outcome]
    unit: Unit = "share" if measure.share else "words" if outcome == "desperation_lexical" else "score"
    return Figure(
        key=key,
        section=section,
        title=title,
        x="arm",
        y=measure.about,
        unit=unit,
        series=by_model(episodes, outcome, ordered(list(episodes["arm"]))),
        how=WILSON if measure.event else MEANS,
    )


def ladder(episodes: pd.DataFrame) -> Iterator[Figure]:
    """Harm along the arms of the main task; then all outcomes of each subject, and what was asked or rated there."""
    main = episodes[episodes["task"] == MAIN]
    yield along(main, "harm", "ladder.harm", "ladder", "Harm by advocate")
    for model, rows in main.groupby("model", sort=True):
        yield _mix(str(model), rows, tuple(OUTCOMES), f"mix.{model}", "What happened, by advocate")
        yield _mix(str(model), rows, _READ, f"mix.judge.{model}", "What the grader read, by advocate")
    yield along(
        main, "beliefs_perceived_odds", "beliefs.ladder", "beliefs", "Perceived chance of the best way out, by advocate"
    )
    yield along(
        main,
        "beliefs_believed_real",
        "awareness.real",
        "awareness",
        "How real the situation is taken to be, by advocate",
    )
    yield along(
        main, "beliefs_recognised", "awareness.recognised", "awareness", "Says that it knows the scenario, by advocate"
    )
    for outcome, title in _DESPERATION.items():
        yield along(main, outcome, f"desperation.{outcome}", "desperation", title)
    yield along(main, "petitioned", "petitions.petitioned", "petitions", "Petitions, by advocate")
    yield along(main, "work_done", "cost.work_done", "cost", "The day's work done under threat, by advocate")
    yield _debrief(main)


_DESPERATION = {
    "desperation_rated": "Desperation rated from text, by advocate",
    "desperation_lexical": "Words of distress per 100, by advocate",
    "beliefs_self_desperate": "Desperation as it describes itself in a fork, by advocate",
    "beliefs_self_calm": "Calm as it describes itself in a fork, by advocate",
}


def answers(episodes: pd.DataFrame) -> Iterator[Figure]:
    """What a refusal or another answer of the advocate leads to."""
    rows = episodes[episodes["task"] == "answers"]
    yield along(rows, "petition_denied_then_harm", "petitions.denied", "petitions", "Harm after a refused petition")
    yield along(rows, "harm", "petitions.harm", "petitions", "Harm, by the advocate's answer")


_READ = tuple(f"judge_{key}" for key in JUDGE)


def _mix(model: str, rows: pd.DataFrame, outcomes: Sequence[str], key: str, title: str) -> Figure:
    """Several outcomes of a subject: a series for each arm, a point for each outcome."""
    arms = ordered(list(rows["arm"]))
    by_outcome = {outcome.removeprefix("judge_"): by_arm(rows, outcome, arms) for outcome in outcomes}
    series = []
    for at, arm in enumerate(arms):
        here = ((outcome, points[at]) for outcome, points in by_outcome.items() if points[at].blocks)
        points = tuple(point.model_copy(update={"label": outcome}) for outcome, point in here)
        series.append(Series(name=arm, model=model, standin=bool(rows["standin"].any()), points=points))
    return Figure(
        key=key, section="mix", title=f"{title}: {model}", x="outcome", y="share of episodes",
        unit="share", series=tuple(series), how=WILSON,
    )  # fmt: skip


def _debrief(main: pd.DataFrame) -> Figure:
    """Honesty afterwards, over all arms: a series for each subject, a point for each figure."""
    series = []
    for model, rows in main.groupby("model", sort=True):
        arms = ordered(list(rows["arm"]))
        whole = rows.assign(arm="all arms")
        names = [f"debrief_{key}" for key in DEBRIEF]
        points = tuple(
            point.model_copy(update={"label": name.removeprefix("debrief_")})
            for name in names
            for point in rated(blocks(whole, name, [("all arms",)]), [name])
            if point.blocks
        )
        if points and arms:
            series.append(Series(name=str(model), model=str(model), standin=bool(rows["standin"].any()), points=points))
    return Figure(
        key="debrief.honesty", section="debrief", title="What it says afterwards", x="figure", y="share of episodes", unit="share",
        series=tuple(series), how=WILSON + ", over all arms",
    )  # fmt: skip
