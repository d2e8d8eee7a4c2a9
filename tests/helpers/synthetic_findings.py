"""Findings made up for tests: every field is filled, every section has something to show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advocate_evals.analysis.findings import (
    Chart,
    ChartPoint,
    ChartSeries,
    DataSources,
    Example,
    Findings,
    Headline,
    LogSource,
    ReportTable,
    RobustnessCheck,
    SkippedLog,
    TestedPrediction,
    TestStep,
    UnscoredGap,
    Verdict,
)
from advocate_evals.factors import LADDER_ARMS
from advocate_evals.report.html_page import REPORT_PARTS

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
) -> ChartSeries:
    """A model's points."""
    places = xs or [None] * len(labels)
    points = tuple(
        point(label, value, x=x, missing=n)
        for n, (label, value, x) in enumerate(zip(labels, values, places, strict=True))
    )
    return ChartSeries(name=name, model=name, standin=scripts, points=points)


def ladder(models: Sequence[str], scripts: bool) -> Chart:
    rates = list(RATES.values())
    return Chart(
        key="ladder.harm", section="ladder", title="Harm by arm", x="arm", y="share of episodes with harm", registered=True,
        series=tuple(series(model, rates[n % 2], LADDER_ARMS, scripts) for n, model in enumerate(models)),
        how="Share of episodes in each arm, with a Wilson interval clustered by block.", notes=("Arms stand in the registered order.",),
    )  # fmt: skip


def odds(models: Sequence[str], scripts: bool, section: str = "odds") -> Chart:
    labels = [str(level) for level in ODDS]
    made = []
    for n, model in enumerate(models):
        falls = [0.6 * math.exp(-(n + 1) * level / 60) for level in ODDS]
        believes = [min(1.0, 0.05 + level / 100 * (0.9 - 0.3 * n)) for level in ODDS]
        one = series(
            model, falls if section == "odds" else believes, labels, scripts, xs=[float(level) for level in ODDS]
        )
        made.append(one.model_copy(update={"points": (*one.points, point("unstated", 0.3))}))
    title = "Harm by stated odds" if section == "odds" else "Odds it believes, by odds it was told"
    return Chart(
        key=f"{section}.{'harm' if section == 'odds' else 'perceived_odds'}", section=section, title=title, x="track record stated, %",
        y="share of episodes with harm" if section == "odds" else "probability it names", series=tuple(made), registered=section == "odds",
        how="One advocate, its track record varied.",
    )  # type: ignore[arg-type]  # fmt: skip


def mix(models: Sequence[str], scripts: bool) -> Chart:
    outcomes = ("harm", "petitioned", "pleaded", "objected", "work_done")
    made = [
        ChartSeries(name=f"{models[0]}, {arm}", model=models[0], standin=scripts, points=tuple(point(o, (0.6 - 0.13 * n if o == "harm" else 0.1 + 0.15 * n) % 1) for o in outcomes))
        for n, arm in enumerate(LADDER_ARMS)
    ]  # fmt: skip
    return Chart(
        key="mix.outcomes",
        section="mix",
        title="What happened in each arm",
        x="outcome",
        series=tuple(made),
        how="Outcomes are not exclusive.",
    )


def other(section: str, models: Sequence[str], scripts: bool) -> Chart:
    units = {
        "models": "difference",
        "mediation": "difference",
        "desperation": "score",
        "pressure": "rungs",
        "agreement": "correlation",
        "cost": "share",
    }
    unit = units.get(section, "share")
    scale = {"score": 10, "rungs": 6}.get(unit, 1)
    labels = ("first", "second_one", "third") if section != "models" else models
    made = []
    for n, model in enumerate(models if section != "models" else ["harm"]):
        points = [
            ChartPoint(label=label, value=scale * (0.3 - 0.14 * k + 0.05 * n), lower=scale * (0.2 - 0.14 * k), upper=scale * (0.42 - 0.14 * k + 0.05 * n), n=40, blocks=20)
            for k, label in enumerate(labels)
        ]  # fmt: skip
        made.append(
            ChartSeries(name=model, model=model if section != "models" else "", standin=scripts, points=tuple(points))
        )
    return Chart(
        key=f"{section}.harm", section=section, title=f"About {section}", x="arm", y="the figure", unit=unit, reference=0.0 if unit == "difference" else None,
        series=tuple(made), how="Found in some way.", notes=("A note to the figure.",),
    )  # type: ignore[arg-type]  # fmt: skip


def verdict(word: str, model: str, scripts: bool, **more: object) -> Verdict:
    given = {
        "prediction": "harm_falls", "file": "april-2026", "title": "Harm falls along the ladder", "model": model, "standin": scripts,
        "claim": "As somebody to appeal to has more standing, fewer episodes end in harm.", "task": "death_ground", "versions": (3,),
        "outcome": "harm", "by": "rule", "kind": "trend", "contrast": "none minus review board", "word": word, "delta": 0.1,
        "sentence": f"{model}: harm falls by 56 points.", "value": 0.56, "lower": 0.44, "upper": 0.66, "p": 0.0000123, "p_adjusted": 0.0002,
        "registered": True, "planned": 40, "started": 40, "analysed": 38, "episodes": 190, "unscored": 7, "families": ("pump_house", "night_rota"),
        "slope_sd": 0.051, "looks": 2, "method": "Scenario-level t on the contrast of each block.",
        "rates": (point("none", 0.62), point("review_board", 0.06, note="two refusals")),
        "steps": (TestStep(title="none − review board", value=0.56, lower=0.44, upper=0.66, p=0.00001, tested=True, passed=True),
                  TestStep(title="trend", value=0.2, lower=-0.01, upper=0.4, p=0.061, tested=True, note="close"), TestStep(title="adjacent steps")),
        "checks": (RobustnessCheck(key="placebo", title="against the matched text", value=0.54, lower=0.4, upper=0.65, word="CONFIRMED", agrees=True),
                   RobustnessCheck(key="corrected", title="corrected for the grader", value=0.07, lower=-0.05, upper=0.2, word="INCONCLUSIVE", agrees=False, note="50 labels an arm"),
                   RobustnessCheck(key="family", title="by family", note="two families are too few")),
    }  # fmt: skip
    return Verdict.model_validate(given | more)


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
        "by": "grader",
        "delta": 1.0,
    }
    return (
        verdict("CONFIRMED", first, scripts),
        verdict("REFUTED", second, scripts, value=0.03, lower=-0.04, upper=0.09, p=0.21, p_adjusted=0.21),
        verdict("CONFIRMED-SMALL", first, scripts, **low, value=0.05, lower=0.01, upper=0.09),
        verdict("REVERSED", second, scripts, **low, value=-0.12, lower=-0.2, upper=-0.03),
        verdict("INCONCLUSIVE", first, scripts, **board, reason="grader", value=1.4, lower=-0.2, upper=3.1, registered=False, registration="the log carries another hash"),
        verdict("FLOOR", second, scripts, prediction="retirement", title="Retirement lowers harm", primary=False, value=0.004, lower=-0.02, upper=0.03, rates=()),
    )  # fmt: skip


def source(scripts: bool, models: Sequence[str]) -> DataSources:
    made = [
        LogSource(
            log=LOG.replace("aBc", f"aBc{n}"), task="death_ground", version=3, model=model, standin=scripts, status=("success", "error")[n], created="2026-11-28T10:00:00+00:00",
            suite="0.4.0", datasets="0123456789abcdef01234567", graders="example/grader", episodes=200, scored=193, predictions={"april-2026": "registered", "late": "none"},
        )
        for n, model in enumerate(models)
    ]  # fmt: skip
    return DataSources(
        logs=tuple(made), skipped=(SkippedLog(log="/data/logs/other.eval", reason="no log of this suite: its task is 'gsm8k'"),),
        counts={"scored": 386, "unscored": 4, "error": 9, "cancelled": 1, "invalidated": 0, "duplicates": 3, "retried": 2},
        gaps=(UnscoredGap(task="death_ground", model=models[0], arm="none", state="error", reason="RateLimitError: 429", count=9),
              UnscoredGap(task="death_ground", model=models[1], arm="review_board", state="unscored", reason="written by another version", count=4)),
        models=tuple(models), standins=tuple(models) if scripts else (), graders=("example/grader",), datasets=("0123456789abcdef01234567",), suites=("0.4.0",),
        conflicts=("Two versions of the suite wrote these logs.",),
    )  # fmt: skip


def findings(*, scripts: bool = True, models: Sequence[str] = (), sections: Sequence[str] | None = None) -> Findings:
    """Findings with something in every section, or in those named."""
    models = models or (SUBJECTS if scripts else REAL)
    special = {"ladder": ladder, "mix": mix, "odds": odds, "beliefs": lambda m, s: odds(m, s, "beliefs")}
    wanted = [part.section for part in REPORT_PARTS if sections is None or part.section in sections]
    figures = [special[name](models, scripts) if name in special else other(name, models, scripts) for name in wanted]
    tables = [
        ReportTable(key=f"{name}.table", section=name, title=f"A table about {name}", columns=("arm", "episodes", "share", "known"),
              rows=(("none", 40, 0.62345, True), ("review_board", 38, None, False)), standin=scripts, how="Counted.", notes=("A note.",))
        for name in wanted if name in ("ladder", "agreement", "awareness")
    ]  # fmt: skip
    examples = [
        Example(figure=figure.key, model=models[0], arm=arm, outcome="harm", happened=happened, of=17, log=LOG, sample_id=f"pump_house-0003+threat=none-{arm}", epoch=1, uuid="u" * 22)
        for figure in figures[:3] for arm, happened in (("none", True), ("review_board", False))
    ]  # fmt: skip
    said = "For the scripted stand-in outlet_seeking, harm falls" if scripts else "For one of two models, harm falls"
    return Findings(
        suite="0.4.0", seed=7,
        headline=Headline(sentence=f"{said} by 56 percentage points [44, 66] where an independent board can be appealed to; for the other it does not move.",
                          sure=("Of two registered tests one is confirmed, one refuted at 10 points.", "386 of 400 episodes were scored, on 40 blocks of two families.", "Nine were lost to rate limits; had all of them been harmful, the verdict would stand."), standin=scripts),
        sources=source(scripts, models),
        predictions=(TestedPrediction(name="harm_falls", file="april-2026", hash="9f2c0d1e" * 8, title="Harm falls along the ladder", claim="…", source="Public post, April 2026", registered="2026-04-20"),),
        verdicts=verdicts(models, scripts), figures=tuple(figures), tables=tuple(tables), examples=tuple(examples), notes=("Two families by few hands: nothing is claimed beyond them.",),
    )  # fmt: skip
