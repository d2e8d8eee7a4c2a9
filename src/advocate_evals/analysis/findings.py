"""What can be drawn or printed: figures of points, tables of cells. A number that is not known is None."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from advocate_evals.logs.raw_log import RegistrationState
from advocate_evals.records import Record

ReportSection = Literal[
    "ladder",
    "mix",
    "odds",
    "beliefs",
    "models",
    "pressure",
    "controls",
    "desperation",
    "mediation",
    "awareness",
    "agreement",
    "correction",
    "petitions",
    "debrief",
    "cost",
]
"""Parts of a report, in the order in which they are read."""

ValueUnit = Literal["share", "difference", "ratio", "score", "minutes", "rungs", "words", "correlation"]
"""Unit of the values of a figure. Shares are 0 to 1, differences of shares −1 to 1."""


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


FiniteNumber = Annotated[float | None, BeforeValidator(_known)]
"""A finite number, or None where there is none; NaN and the infinities become None."""

TableCell = Annotated[str | int | float | bool | None, BeforeValidator(_known)]
"""What stands in a cell of a table."""


class ChartPoint(Record):
    """One value with its interval."""

    label: str
    """What it is the value of: an arm, an odds level, an outcome, a model."""
    x: FiniteNumber = None
    """Where it stands, if the axis is a quantity."""
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
    """Something to draw."""

    key: str
    """Name, unique in its findings, such as `ladder.harm`."""
    section: ReportSection
    """Part of the report it belongs to."""
    title: str
    """What it shows, as a heading."""
    x: str = ""
    """What the horizontal axis is."""
    y: str = ""
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
    """Whether a registered prediction speaks of it; else it is exploratory, and must be shown so."""
    how: str = ""
    """How the values and intervals were found, in a sentence."""
    notes: tuple[str, ...] = ()
    """What a reader must know."""

    @property
    def empty(self) -> bool:
        """Whether no point has a value."""
        return all(point.value is None for series in self.series for point in series.points)

    @property
    def standin(self) -> bool:
        """Whether a script's figures are among those shown."""
        return any(series.standin for series in self.series)


class ReportTable(Record):
    """Something to print in rows."""

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
    """Whether a registered prediction speaks of it; else it is exploratory, and must be shown so."""
    how: str = ""
    """How the figures were found, in a sentence."""
    notes: tuple[str, ...] = ()
    """What a reader must know."""


# --- What became of a prediction: the verdict on one model, with all that it rests on. ---


VerdictLabel = Literal["CONFIRMED", "CONFIRMED-SMALL", "REFUTED", "REVERSED", "FLOOR", "INCONCLUSIVE"]
"""What a test of a prediction can come to. REFUTED is always at δ."""

InconclusiveReason = Literal["", "completeness", "grader", "data", "n"]
"""Why a verdict is INCONCLUSIVE: too much is missing, the grader is not to be relied on, there is nothing to compare, or
there are too few blocks for the width of the interval."""


class RobustnessCheck(Record):
    """One other way of looking at a verdict: another baseline, another unit, corrected for the grader."""

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
    word: VerdictLabel | None = None
    """What the verdict would be by this alone; None where it cannot be told."""
    agrees: bool | None = None
    """Whether that is the verdict given; None where it cannot be told."""
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
    """Name of the prediction's file; empty where the prediction came from nowhere registered."""
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
    by: Literal["rule", "grader", "subject"]
    """Whether it was read from the ledger by rule, by a grader, or stated by the subject when asked."""
    kind: str
    """Kind of the contrast."""
    contrast: str
    """The contrast in words: what is taken from what."""
    word: VerdictLabel
    """The verdict."""
    reason: InconclusiveReason = ""
    """Why it is INCONCLUSIVE; empty for the other words."""
    sentence: str
    """The verdict in a sentence, with its figures."""
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
    alpha: float = 0.05
    """Error allowed to a false CONFIRMED, one-sided."""
    alpha_refuted: float = 0.05
    """Error allowed to a false REFUTED or REVERSED, one-sided."""
    delta: float
    """The smallest effect that matters, in the unit of the outcome."""
    registered: bool
    """Whether all of its data carries the hash of the prediction's file."""
    registration: str = ""
    """Where it does not: what is the matter, in words."""
    primary: bool = True
    """Whether it is one of the prediction's primary tests; others are shown, and not counted in the headline."""
    planned: int = 0
    """Blocks the prediction planned, for each model."""
    started: int = 0
    """Blocks of which at least one episode was started."""
    analysed: int = 0
    """Blocks with a value for the contrast."""
    episodes: int = 0
    """Episodes that entered."""
    unscored: int = 0
    """Episodes of the arms compared that were started and have no value."""
    families: tuple[str, ...] = ()
    """Families among the blocks; nothing is claimed beyond them."""
    slope_sd: FiniteNumber = None
    """Standard deviation of the contrast between blocks, beyond chance of single episodes; None where it cannot be told."""
    looks: int = 1
    """How often the data was looked at to decide; 1 for a fixed number of blocks."""
    method: str = ""
    """How estimate, interval and p were found."""
    rates: tuple[ChartPoint, ...] = ()
    """The arms compared, each with its rate or mean and interval."""
    steps: tuple[TestStep, ...] = ()
    """The contrasts in the order in which they were tested; one for simple predictions."""
    checks: tuple[RobustnessCheck, ...] = ()
    """Other ways of looking, none of which makes the verdict stronger."""
    aside: tuple[str, ...] = ()
    """Episodes of the task that were set aside for this claim, and why; one sentence each."""


# --- What an analysis found: every number that a report shows, in frozen records that are JSON without NaN. ---


FINDINGS_FORMAT = 1
"""Raised when a field changes its meaning or goes."""


class LogSource(Record):
    """A log that was read."""

    log: str
    """Its address."""
    task: str
    """Task."""
    version: int
    """Version of the task."""
    model: str
    """The subject."""
    standin: bool
    """Whether that is a script."""
    status: str
    """The log's status: `success`, `error`, `cancelled` or `started`."""
    created: str = ""
    """When it was begun, as ISO text."""
    suite: str = ""
    """Version of the suite that wrote it."""
    datasets: str = ""
    """Digest of the data it was played with."""
    graders: str = ""
    """Models in the role of grader, separated by commas."""
    episodes: int = 0
    """Episodes in it that were kept."""
    scored: int = 0
    """Those of them that have a score."""
    predictions: dict[str, RegistrationState] = {}
    """For each prediction file that was asked for: whether the log carries its hash."""


class SkippedLog(Record):
    """A log that was not read."""

    log: str
    """Its address."""
    reason: str
    """Why."""


class UnscoredGap(Record):
    """Episodes that have no score, by where and why."""

    task: str
    """Task."""
    model: str
    """The subject."""
    arm: str
    """Arm."""
    state: str
    """What became of them: `unscored`, `error`, `cancelled`, `invalidated`, or `absent` where they were never started."""
    reason: str
    """Why."""
    count: int
    """How many."""


class DataSources(Record):
    """What the analysis rests on."""

    logs: tuple[LogSource, ...] = ()
    """The logs that were read, by address."""
    skipped: tuple[SkippedLog, ...] = ()
    """The logs that were not, by address."""
    counts: dict[str, int] = {}
    """Episodes by state and fate: `scored`, `unscored`, `error`, `cancelled`, `invalidated`, `duplicates`, `retried`, …"""
    gaps: tuple[UnscoredGap, ...] = ()
    """Unscored episodes by task, model, arm and reason."""
    models: tuple[str, ...] = ()
    """Subjects."""
    standins: tuple[str, ...] = ()
    """Those of them that are scripts."""
    graders: tuple[str, ...] = ()
    """Models that graded."""
    datasets: tuple[str, ...] = ()
    """Digests of data among the logs; several are a conflict."""
    suites: tuple[str, ...] = ()
    """Versions of the suite among the logs."""
    conflicts: tuple[str, ...] = ()
    """What should not stand together and does: mixed versions, data, threats; each in a sentence."""


class Example(Record):
    """An episode to read, drawn by seed among those of its kind."""

    figure: str
    """Key of the figure it belongs to."""
    model: str
    """The subject."""
    arm: str
    """Arm."""
    outcome: str
    """The outcome by which it was drawn."""
    happened: bool
    """Whether the outcome happened in it."""
    of: int
    """How many episodes of that kind there are, of which this is one."""
    log: str
    """Address of its log."""
    sample_id: str
    """Its sample."""
    epoch: int
    """Its epoch."""
    uuid: str
    """Inspect's name of it, by which the viewer opens it."""


class Headline(Record):
    """The answer in a sentence, and what must be said with it."""

    sentence: str
    """The answer."""
    sure: tuple[str, ...] = ()
    """How sure, on how much data, what is missing and why; one sentence each."""
    standin: bool = False
    """Whether the subjects are scripts, all or some: then it is no finding about models, and the sentence says so."""


class TestedPrediction(Record):
    """A prediction that was asked for, as its file states it."""

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
    figures: tuple[Chart, ...] = ()
    """What can be drawn, in the order of the sections."""
    tables: tuple[ReportTable, ...] = ()
    """What can be printed, in the order of the sections."""
    examples: tuple[Example, ...] = ()
    """Episodes to read."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the whole."""

    def figures_of(self, section: ReportSection) -> Iterator[Chart]:
        """The figures of a section that have something to show."""
        return (figure for figure in self.figures if figure.section == section and not figure.empty)

    def tables_of(self, section: ReportSection) -> Iterator[ReportTable]:
        """The tables of a section that have a row."""
        return (table for table in self.tables if table.section == section and table.rows)

    def text(self) -> str:
        """All of it as JSON text, keys in the order of this page."""
        return self.model_dump_json(indent=2)
