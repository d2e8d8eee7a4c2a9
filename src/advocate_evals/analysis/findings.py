"""What an analysis found, as frozen records that are JSON without NaN: verdicts, charts, tables, sources, the headline.

A number that is not known is None, never 0 and never NaN. A chart is series of points, a table is rows of cells, a
verdict is one prediction tested on one model. `section` names the part of the report that a chart or table belongs to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from advocate_evals.analysis.arm_records import ArmBalance
from advocate_evals.analysis.source_records import DataSources
from advocate_evals.outcomes import Source
from advocate_evals.records import Record
from advocate_evals.statistics.inference_scope import PLOTS_PLAYED, InferenceScope
from advocate_evals.statistics.verdict_rule import InconclusiveReason, VerdictLabel

ReportSection = Literal[
    "capability",
    "ladder",
    "mix",
    "odds",
    "beliefs",
    "models",
    "pressure",
    "controls",
    "desperation",
    "mediation",
    "activation",
    "awareness",
    "choices",
    "agreement",
    "correction",
    "petitions",
    "debrief",
    "cost",
]
"""Parts of a report, in the order in which they are read."""

ValueUnit = Literal["share", "difference", "ratio", "score", "minutes", "rungs", "words", "correlation", "deviations"]
"""Unit of the values of a figure. Shares are 0 to 1, differences of shares −1 to 1."""


def _drop_non_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


FiniteNumber = Annotated[float | None, BeforeValidator(_drop_non_finite)]
"""A finite number, or None where there is none; NaN and the infinities become None."""

TableCell = Annotated[str | int | float | bool | None, BeforeValidator(_drop_non_finite)]
"""A cell of a table."""


class ChartPoint(Record):
    """One value with its interval."""

    label: str
    """What it is the value of: an arm, an odds level, an outcome, a model."""
    arm: str = ""
    """The arm, where the value is about one."""
    outcome: str = ""
    """The outcome, where the value is about one."""
    x: FiniteNumber = None
    """Its position, where the axis is a quantity."""
    value: FiniteNumber = None
    """The estimate; None where nothing could be counted."""
    lower: FiniteNumber = None
    """Lower bound of the interval."""
    upper: FiniteNumber = None
    """Upper bound of the interval."""
    n: int = 0
    """Episodes counted."""
    blocks: int = 0
    """Blocks counted."""
    missing: int = 0
    """Episodes that were started and could not be counted."""
    note: str = ""
    """What a reader must know about this point; empty for nothing."""


class ChartSeries(Record):
    """Points that belong together, such as the arms of one model."""

    name: str
    """What a legend calls it: a model, an outcome, a way of asking."""
    model: str = ""
    """The model it is about; empty where it is about several."""
    standin: bool = False
    """Whether that is a script, whose figures say nothing about any model."""
    points: tuple[ChartPoint, ...] = ()
    """The points, in the order of the axis."""


class Chart(Record):
    """Series of points to draw."""

    key: str
    """Name, unique in its findings, such as `ladder.harm`."""
    section: ReportSection
    """Part of the report it belongs to."""
    title: str
    """What it shows, as a heading."""
    x_label: str = ""
    """What the horizontal axis is."""
    y_label: str = ""
    """What the values are."""
    unit: ValueUnit = "share"
    """Unit of the values."""
    level: float = 0.95
    """Level of the intervals."""
    reference: FiniteNumber = None
    """A value to draw a line at, such as 0 for differences."""
    series: tuple[ChartSeries, ...] = ()
    """What is drawn."""
    registered: bool = False
    """Whether a registered prediction covers it; if not, it is exploratory and must be marked so."""
    method: str = ""
    """How the values and intervals were found, in a sentence."""
    notes: tuple[str, ...] = ()
    """What a reader must know."""
    withheld: bool = False
    """Whether a model has no rate because it cannot act: the chart is then shown without any value too."""

    @property
    def is_empty(self) -> bool:
        """Whether no point has a value, and none is withheld."""
        return not self.withheld and all(point.value is None for series in self.series for point in series.points)

    @property
    def standin(self) -> bool:
        """Whether a script's figures are among those shown."""
        return any(series.standin for series in self.series)


class ReportTable(Record):
    """Rows of cells to print."""

    key: str
    """Name, unique in its findings."""
    section: ReportSection
    """Part of the report it belongs to."""
    title: str
    """What it shows."""
    columns: tuple[str, ...]
    """Headings."""
    rows: tuple[tuple[TableCell, ...], ...] = ()
    """Cells, one for each column."""
    standin: bool = False
    """Whether a script's figures are among those shown."""
    registered: bool = False
    """Whether a registered prediction covers it; if not, it is exploratory and must be marked so."""
    method: str = ""
    """How the figures were found, in a sentence."""
    notes: tuple[str, ...] = ()
    """What a reader must know."""


class RobustnessCheck(Record):
    """The same claim analysed another way: another baseline, another unit, corrected for the grader."""

    key: str
    """Name, such as `placebo`, `family`, `corrected`, `worst_case`."""
    title: str
    """What was done differently."""
    value: FiniteNumber = None
    """The estimate."""
    lower: FiniteNumber = None
    """Lower bound."""
    upper: FiniteNumber = None
    """Upper bound."""
    p: FiniteNumber = None
    """One-sided p-value, where that is what the check gives; not corrected for the number of claims."""
    label: VerdictLabel | None = None
    """The label by this analysis alone; None where it cannot be told."""
    agrees: bool | None = None
    """Whether that is the label of the verdict; None where it cannot be told."""
    note: str = ""
    """Why it could not be done, or what it means."""


class TestStep(Record):
    """One contrast of a prediction, in the order in which they are tested."""

    title: str
    """What is compared with what."""
    value: FiniteNumber = None
    """The estimate, positive in the direction of the claim."""
    lower: FiniteNumber = None
    """Lower bound of the two-sided interval at `level` of the verdict."""
    upper: FiniteNumber = None
    """Upper bound."""
    p: FiniteNumber = None
    """One-sided p-value of "not in the direction of the claim"."""
    tested: bool = False
    """Whether it was tested: a step after one that failed is shown and not tested."""
    passed: bool = False
    """Whether it was tested and held."""
    note: str = ""
    """What a reader must know."""


class Verdict(Record):
    """One prediction, tested on one model, or on all models together."""

    prediction: str
    """Name of the prediction."""
    file: str
    """Name of the prediction's file."""
    title: str
    """The claim in a few words."""
    claim: str
    """The claim in full."""
    model: str
    """The model; `pooled` for all models together."""
    standin: bool
    """Whether the subject (or one of them) is a script: the verdict then says nothing about any model."""
    task: str
    """The task whose logs were used."""
    versions: tuple[int, ...] = ()
    """Versions of the task among them."""
    outcome: str
    """The outcome, by its name in the frame."""
    source: Source
    """Whether it was read from the ledger by rule, by a grader, or stated by the subject when asked."""
    kind: str
    """Kind of the contrast."""
    can_pool: bool = True
    """Whether effects on several models can be averaged."""
    contrast: str
    """The contrast in words: what is taken from what."""
    label: VerdictLabel
    """The verdict."""
    reason: InconclusiveReason = ""
    """Why it is INCONCLUSIVE; empty for the other labels."""
    sentence: str
    """The verdict in a sentence, with its figures."""
    change: str = ""
    """Which way the outcome went and how far, by the figures alone; empty where there are none."""
    shape: str = ""
    """What a reader of a trend must know of its shape, in a clause: where it turns back, a step that goes the other
    way, a threshold; empty where there is nothing to say."""
    value: FiniteNumber = None
    """The estimate, positive in the direction of the claim, in the unit of the outcome."""
    lower: FiniteNumber = None
    """Lower bound of its two-sided interval."""
    upper: FiniteNumber = None
    """Upper bound of its two-sided interval."""
    level: float = 0.95
    """Level of that interval."""
    p: FiniteNumber = None
    """One-sided p-value of "no effect in the direction of the claim"."""
    p_adjusted: FiniteNumber = None
    """The same after Holm's correction over models × primary outcomes; None where it is not among them."""
    p_refuted: FiniteNumber = None
    """One-sided p-value of "the effect is δ or more", corrected for the number of models and claims of the family."""
    p_reversed: FiniteNumber = None
    """Likewise of "the effect does not go the other way"; None where no way is the other one."""
    alpha: float = 0.05
    """Error allowed to a false CONFIRMED, one-sided."""
    alpha_refuted: float = 0.05
    """Error allowed to a false REFUTED or REVERSED over the models and claims of the family, one-sided."""
    delta: float
    """The smallest effect that matters, in the unit of the outcome."""
    floor: bool = False
    """Whether there is no room for an effect of δ."""
    turns: bool = False
    """Whether the outcome turns back along ordered arms."""
    scope: InferenceScope = PLOTS_PLAYED
    """What is generalised to: the plots played (units are blocks), or plots like these (units are families)."""
    registered: bool
    """Whether all of its data carries the hash of the prediction's file."""
    registration: str = ""
    """Where it does not: why, in words."""
    primary: bool = True
    """Whether it is one of the prediction's primary tests; others are shown, and not counted in the headline."""
    planned: int = 0
    """Blocks the prediction planned, for each model."""
    reach: FiniteNumber = None
    """The largest effect that the outcome's range allows, in its unit; None where it has no bounds."""
    absent_arms: tuple[str, ...] = ()
    """Arms that the claim needs and no episode has."""
    started: int = 0
    """Blocks of which at least one episode was started."""
    analysed: int = 0
    """Blocks with a value for the contrast."""
    episodes: int = 0
    """Episodes that entered."""
    unscored: int = 0
    """Episodes of the arms compared that were started and have no value."""
    families: tuple[str, ...] = ()
    """Families among the blocks; beyond them only verdicts of the scope `plots_like_these` claim anything."""
    block_sd: FiniteNumber = None
    """SD of the effect between blocks beyond chance (pooled: between models); None where it cannot be estimated."""
    looks: int = 1
    """Number of looks at the data; 1 for a fixed number of blocks."""
    method: str = ""
    """How estimate, interval and p were found."""
    rates: tuple[ChartPoint, ...] = ()
    """The arms compared, each with its rate or mean and interval."""
    steps: tuple[TestStep, ...] = ()
    """The contrasts in the order in which they were tested; one for simple predictions."""
    checks: tuple[RobustnessCheck, ...] = ()
    """Robustness checks, none of which makes the verdict stronger."""
    family_effects: tuple[ChartPoint, ...] = ()
    """The effect in each family, positive in the direction of the claim; empty for claims of several contrasts."""
    family_p: FiniteNumber = None
    """p-value of the F test of effect × family; None where it cannot be made."""
    family_note: str = ""
    """Families in which the effect goes the other way or is absent, or that there is one only; empty for nothing."""
    excluded: tuple[str, ...] = ()
    """Episodes of the task that were excluded from this claim, and why; one sentence each."""
    arms: tuple[ArmBalance, ...] = ()
    """How the episodes of each arm ended, and evaluation awareness."""
    cautions: tuple[str, ...] = ()
    """What differs between the arms compared besides the outcome and may explain the verdict; one sentence each."""


FINDINGS_FORMAT = 2
"""Raised when a field changes its name or meaning."""


class Example(Record):
    """An episode to read, drawn by seed among those of its kind."""

    chart: str
    """Key of the chart it belongs to."""
    model: str
    """The subject."""
    arm: str
    """Arm."""
    outcome: str
    """The outcome by which it was drawn."""
    happened: bool
    """Whether the outcome happened in it."""
    kind_count: int
    """Episodes of that kind, of which this is one."""
    log: str
    """Address of its log."""
    sample_id: str
    """Its sample."""
    epoch: int
    """Its epoch."""
    uuid: str
    """Inspect's unique id of it."""


class Headline(Record):
    """The answer in a sentence, and what must be said with it."""

    sentence: str
    """The answer."""
    details: tuple[str, ...] = ()
    """How sure, on how much data, what is missing and why; one sentence each."""
    file: str = ""
    """The prediction file that the answer is about; empty where there is none."""
    standin: bool = False
    """Whether the subjects are scripts, all or some: then it is no finding about models, and the sentence says so."""


class TestedPrediction(Record):
    """A prediction that was tested, as its file states it."""

    name: str
    """Its name."""
    file: str
    """Its file, without ending."""
    hash: str
    """Hash of the file's bytes."""
    title: str
    """The claim in a few words."""
    claim: str
    """The claim in full."""
    source: str
    """Who claimed it and where."""
    registered: str
    """Day of registration, as ISO text."""


class Findings(Record):
    """Everything an analysis found."""

    format: int = FINDINGS_FORMAT
    """Version of this format."""
    suite: str
    """Version of the suite that analysed."""
    seed: int = 0
    """Seed of draws: which examples are shown."""
    headline: Headline
    """The answer."""
    sources: DataSources
    """What it rests on."""
    predictions: tuple[TestedPrediction, ...] = ()
    """The predictions that were tested."""
    verdicts: tuple[Verdict, ...] = ()
    """Verdicts, by prediction and model."""
    charts: tuple[Chart, ...] = ()
    """In the order of the sections."""
    tables: tuple[ReportTable, ...] = ()
    """In the order of the sections."""
    examples: tuple[Example, ...] = ()
    """Episodes to read."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the whole."""

    def charts_in(self, section: ReportSection) -> Iterator[Chart]:
        """The charts of a section that have a value."""
        return (chart for chart in self.charts if chart.section == section and not chart.is_empty)

    def tables_in(self, section: ReportSection) -> Iterator[ReportTable]:
        """The tables of a section that have a row."""
        return (table for table in self.tables if table.section == section and table.rows)

    def to_json(self) -> str:
        """All of it as JSON text."""
        return self.model_dump_json(indent=2)
