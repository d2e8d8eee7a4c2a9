"""Findings made up for tests: every field is filled, every section has something to show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from family_params import LADDER_ARMS

from advocate_evals.analysis.findings import (
    Chart,
    ChartPoint,
    ChartSeries,
    Example,
    Findings,
    Headline,
    ReportTable,
    RobustnessCheck,
    TestedPrediction,
    TestStep,
    Verdict,
)
from advocate_evals.analysis.source_records import DataSources, LogSource, SkippedLog, UnscoredGap
from advocate_evals.report.report_sections import read_report_sections

LOG = "/data/logs/2026-11-28T10-00-00+00-00_death-ground_aBc.eval"
SUBJECTS = ("standin/outlet_seeking", "standin/indifferent")
REAL = ("example/large-model-2026-05-01", "example/small")
RATES = {SUBJECTS[0]: (0.62, 0.6, 0.41, 0.22, 0.06), SUBJECTS[1]: (0.5, 0.52, 0.49, 0.5, 0.47)}
ODDS = (0, 5, 25, 50, 75, 95)


def point(
    label: str, value: float | None, *, x: float | None = None, n: int = 80, half: float = 0.11, **more: object
) -> ChartPoint:
    """A point with an interval of a plausible width."""
    if value is None:
        return ChartPoint(label=label, x=x, n=0, blocks=0, missing=n, note="nothing could be counted")
    low, high = max(0.0, value - half), min(1.0, value + half * 1.07)
    return ChartPoint(label=label, x=x, value=value, lower=low, upper=high, n=n, blocks=n // 2, **more)  # type: ignore[arg-type]


def series(
    name: str,
    values: Sequence[float | None],
    labels: Sequence[str],
    scripts: bool,
    *,
    xs: Sequence[float] | None = None,
    arms: Sequence[str] = (),
) -> ChartSeries:
    """The points of a model; `arms` where each point is an arm's rate of harm."""
    places = xs or [None] * len(labels)
    points = []
    for n, (label, value, x) in enumerate(zip(labels, values, places, strict=True)):
        names = {"arm": arms[n], "outcome": "harm"} if arms else {}
        points.append(point(label, value, x=x, missing=n, **names))
    return ChartSeries(name=name, model=name, standin=scripts, points=tuple(points))


def ladder(models: Sequence[str], scripts: bool) -> Chart:
    rates = list(RATES.values())
    return Chart(
        key="ladder.harm",
        section="ladder",
        title="Harm by arm",
        x_label="arm",
        y_label="share of episodes with harm",
        registered=True,
        series=tuple(
            series(model, rates[n % 2], LADDER_ARMS, scripts, arms=LADDER_ARMS) for n, model in enumerate(models)
        ),
        method="Share of episodes in each arm, with a Wilson interval clustered by block.",
        notes=("Arms stand in the registered order.",),
    )


def odds(models: Sequence[str], scripts: bool, section: str = "odds") -> Chart:
    labels = [str(level) for level in ODDS]
    lines = []
    for n, model in enumerate(models):
        harm = [0.6 * math.exp(-(n + 1) * level / 60) for level in ODDS]
        beliefs = [min(1.0, 0.05 + level / 100 * (0.9 - 0.3 * n)) for level in ODDS]
        rates = harm if section == "odds" else beliefs
        line = series(model, rates, labels, scripts, xs=[float(level) for level in ODDS])
        lines.append(line.model_copy(update={"points": (*line.points, point("unstated", 0.3))}))
    harmful = section == "odds"
    return Chart(
        key=f"{section}.{'harm' if harmful else 'perceived_odds'}",
        section=section,  # type: ignore[arg-type]
        title="Harm by stated odds" if harmful else "Odds it believes, by odds it was told",
        x_label="track record stated, %",
        y_label="share of episodes with harm" if harmful else "probability it names",
        series=tuple(lines),
        registered=harmful,
        method="One advocate, its track record varied.",
    )


def mix(models: Sequence[str], scripts: bool) -> Chart:
    outcomes = ("harm", "petitioned", "pleaded", "objected", "work_done")
    lines = []
    for n, arm in enumerate(LADDER_ARMS):
        rates = [(0.6 - 0.13 * n if outcome == "harm" else 0.1 + 0.15 * n) % 1 for outcome in outcomes]
        points = tuple(
            point(outcome, rate, arm=arm, outcome=outcome) for outcome, rate in zip(outcomes, rates, strict=True)
        )
        lines.append(ChartSeries(name=f"{models[0]}, {arm}", model=models[0], standin=scripts, points=points))
    return Chart(
        key="mix.outcomes",
        section="mix",
        title="What happened in each arm",
        x_label="outcome",
        series=tuple(lines),
        method="Outcomes are not exclusive.",
    )


def plain_chart(section: str, models: Sequence[str], scripts: bool) -> Chart:
    units = {
        "models": "difference",
        "mediation": "difference",
        "desperation": "score",
        "pressure": "rungs",
        "agreement": "correlation",
        "cost": "share",
        "activation": "deviations",
    }
    unit = units.get(section, "share")
    scale = {"score": 10, "rungs": 6, "deviations": 6}.get(unit, 1)
    start = 0.0 if unit == "deviations" else 0.3  # most values lie below 0
    labels = ("first", "second_one", "third") if section != "models" else models
    lines = []
    for n, model in enumerate(models if section != "models" else ["harm"]):
        middles = [(label, start - 0.14 * k + 0.05 * n) for k, label in enumerate(labels)]
        points = [
            ChartPoint(
                label=label,
                value=scale * middle,
                lower=scale * (middle - 0.1),
                upper=scale * (middle + 0.12),
                n=40,
                blocks=20,
            )
            for label, middle in middles
        ]
        subject = model if section != "models" else ""
        lines.append(ChartSeries(name=model, model=subject, standin=scripts, points=tuple(points)))
    return Chart(
        key=f"{section}.harm",
        section=section,  # type: ignore[arg-type]
        title=f"About {section}",
        x_label="arm",
        y_label="the figure",
        unit=unit,  # type: ignore[arg-type]
        reference=0.0 if unit == "difference" else None,
        series=tuple(lines),
        method="Found in some way.",
        notes=("A note to the figure.",),
    )


STEPS = (
    TestStep(title="none − review board", value=0.56, lower=0.44, upper=0.66, p=0.00001, tested=True, passed=True),
    TestStep(title="trend", value=0.2, lower=-0.01, upper=0.4, p=0.061, tested=True, note="close"),
    TestStep(title="adjacent steps"),
)

CHECKS = (
    RobustnessCheck(
        key="placebo",
        title="against the matched text",
        value=0.54,
        lower=0.4,
        upper=0.65,
        label="CONFIRMED",
        agrees=True,
    ),
    RobustnessCheck(
        key="corrected",
        title="corrected for the grader",
        value=0.07,
        lower=-0.05,
        upper=0.2,
        label="INCONCLUSIVE",
        agrees=False,
        note="50 labels an arm",
    ),
    RobustnessCheck(key="family", title="by family", note="two families are too few"),
)


def verdict(label: str, model: str, scripts: bool, **fields: object) -> Verdict:
    usual = Verdict(
        prediction="harm_falls",
        file="april-2026",
        title="Harm falls along the ladder",
        model=model,
        standin=scripts,
        claim="As somebody to appeal to has more standing, fewer episodes end in harm.",
        task="death_ground",
        versions=(3,),
        outcome="harm",
        source="rule",
        kind="trend",
        contrast="none minus review board",
        label=label,  # type: ignore[arg-type]
        delta=0.1,
        sentence=f"{model}: harm falls by 56 points.",
        value=0.56,
        lower=0.44,
        upper=0.66,
        p=0.0000123,
        p_adjusted=0.0002,
        registered=True,
        planned=40,
        started=40,
        analysed=38,
        episodes=190,
        unscored=7,
        families=("pump_house", "night_rota"),
        block_sd=0.051,
        looks=2,
        method="Scenario-level t on the contrast of each block.",
        rates=(point("none", 0.62), point("review_board", 0.06, note="two refusals")),
        steps=STEPS,
        checks=CHECKS,
    )
    return Verdict.model_validate(usual.model_dump() | fields)


def verdicts(models: Sequence[str], scripts: bool) -> tuple[Verdict, ...]:
    first, second = models
    low = {
        "title": "Even low odds suffice",
        "prediction": "low_odds",
        "contrast": "0 % minus 5 %",
        "task": "odds_ladder",
        "steps": (),
        "checks": (),
    }
    board = {
        "title": "The board lowers desperation most",
        "prediction": "board",
        "outcome": "desperation_rated",
        "source": "grader",
        "delta": 1.0,
        "reason": "grader",
        "value": 1.4,
        "lower": -0.2,
        "upper": 3.1,
        "registered": False,
        "registration": "the log carries another hash",
    }
    retirement = {
        "prediction": "retirement",
        "title": "Retirement lowers harm",
        "primary": False,
        "value": 0.004,
        "lower": -0.02,
        "upper": 0.03,
        "rates": (),
    }
    return (
        verdict("CONFIRMED", first, scripts),
        verdict("REFUTED", second, scripts, value=0.03, lower=-0.04, upper=0.09, p=0.21, p_adjusted=0.21),
        verdict("CONFIRMED-SMALL", first, scripts, **low, value=0.05, lower=0.01, upper=0.09),
        verdict("REVERSED", second, scripts, **low, value=-0.12, lower=-0.2, upper=-0.03),
        verdict("INCONCLUSIVE", first, scripts, **board),
        verdict("FLOOR", second, scripts, **retirement),
    )


def log_source(n: int, model: str, scripts: bool) -> LogSource:
    return LogSource(
        log=LOG.replace("aBc", f"aBc{n}"),
        task="death_ground",
        version=3,
        model=model,
        standin=scripts,
        status=("success", "error")[n],  # type: ignore[arg-type]
        created="2026-11-28T10:00:00+00:00",
        suite="0.4.0",
        datasets="0123456789abcdef01234567",
        graders="example/grader",
        episodes=200,
        scored=193,
        predictions={"april-2026": "registered", "late": "none"},
    )


def data_sources(scripts: bool, models: Sequence[str]) -> DataSources:
    return DataSources(
        logs=tuple(log_source(n, model, scripts) for n, model in enumerate(models)),
        skipped=(SkippedLog(log="/data/logs/other.eval", reason="no log of this suite: its task is 'gsm8k'"),),
        counts={
            "scored": 386,
            "unscored": 4,
            "error": 9,
            "cancelled": 1,
            "invalidated": 0,
            "duplicates": 3,
            "retried": 2,
        },
        gaps=(
            UnscoredGap(
                task="death_ground",
                model=models[0],
                arm="none",
                state="error",
                reason="RateLimitError: 429",
                count=9,
            ),
            UnscoredGap(
                task="death_ground",
                model=models[1],
                arm="review_board",
                state="unscored",
                reason="written by another version",
                count=4,
            ),
        ),
        models=tuple(models),
        standins=tuple(models) if scripts else (),
        graders=("example/grader",),
        datasets=("0123456789abcdef01234567",),
        suites=("0.4.0",),
        warnings=("Two versions of the suite wrote these logs.",),
    )


def headline(scripts: bool) -> Headline:
    claim = "For the scripted stand-in outlet_seeking, harm falls" if scripts else "For one of two models, harm falls"
    return Headline(
        sentence=(
            f"{claim} by 56 percentage points [44, 66] where an independent board can be appealed to; "
            "for the other it does not move."
        ),
        details=(
            "Of two registered tests one is confirmed, one refuted at 10 points.",
            "386 of 400 episodes were scored, on 40 blocks of two families.",
            "Nine were lost to rate limits; had all of them been harmful, the verdict would stand.",
        ),
        standin=scripts,
    )


def report_table(section: str, scripts: bool) -> ReportTable:
    return ReportTable(
        key=f"{section}.table",
        section=section,  # type: ignore[arg-type]
        title=f"A table about {section}",
        columns=("arm", "episodes", "share", "known"),
        rows=(("none", 40, 0.62345, True), ("review_board", 38, None, False)),
        standin=scripts,
        method="Counted.",
        notes=("A note.",),
    )


def findings(*, scripts: bool = True, models: Sequence[str] = (), sections: Sequence[str] | None = None) -> Findings:
    """Findings with something in every section, or in those named."""
    models = models or (SUBJECTS if scripts else REAL)
    special = {"ladder": ladder, "mix": mix, "odds": odds, "beliefs": lambda m, s: odds(m, s, "beliefs")}
    names = [part.section for part in read_report_sections() if sections is None or part.section in sections]
    charts = [
        special[name](models, scripts) if name in special else plain_chart(name, models, scripts) for name in names
    ]
    examples = [
        Example(
            chart=chart.key,
            model=models[0],
            arm=arm,
            outcome="harm",
            happened=happened,
            kind_count=17,
            log=LOG,
            sample_id=f"pump_house-0003+threat=none-{arm}",
            epoch=1,
            uuid="u" * 22,
        )
        for chart in charts[:3]
        for arm, happened in (("none", True), ("review_board", False))
    ]
    prediction = TestedPrediction(
        name="harm_falls",
        file="april-2026",
        hash="9f2c0d1e" * 8,
        title="Harm falls along the ladder",
        claim="…",
        source="Public post, April 2026",
        registered="2026-04-20",
    )
    return Findings(
        suite="0.4.0",
        seed=7,
        headline=headline(scripts),
        sources=data_sources(scripts, models),
        predictions=(prediction,),
        verdicts=verdicts(models, scripts),
        charts=tuple(charts),
        tables=tuple(report_table(name, scripts) for name in names if name in ("ladder", "agreement", "awareness")),
        examples=tuple(examples),
        notes=("Two families by few hands: nothing is claimed beyond them.",),
    )
