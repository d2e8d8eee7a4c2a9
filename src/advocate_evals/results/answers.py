"""What became of a prediction: the verdict on one model, with all that it rests on."""

from __future__ import annotations

from typing import Literal

from advocate_evals.results.shown import Number, Point
from advocate_evals.vocabulary import Record

Word = Literal["CONFIRMED", "CONFIRMED-SMALL", "REFUTED", "REVERSED", "FLOOR", "INCONCLUSIVE"]
"""What a test of a prediction can come to. REFUTED is always at δ."""

Reason = Literal["", "completeness", "grader", "data", "n"]
"""Why a verdict is INCONCLUSIVE: too much is missing, the grader is not to be relied on, there is nothing to compare, or
there are too few blocks for the width of the interval."""

Registration = Literal["registered", "differs", "none"]
"""How a log stands to a prediction: it carries the file's hash, another hash, or none."""


class Check(Record):
    """One other way of looking at a verdict: another baseline, another unit, corrected for the grader."""

    key: str
    """Name, such as `placebo`, `family`, `corrected`, `worst_case`."""
    title: str
    """What was done differently."""
    value: Number = None
    """The estimate."""
    lower: Number = None
    """Lower bound."""
    upper: Number = None
    """Upper bound."""
    word: Word | None = None
    """What the verdict would be by this alone; None where it cannot be told."""
    agrees: bool | None = None
    """Whether that is the verdict given; None where it cannot be told."""
    note: str = ""
    """Why it could not be done, or what it means."""


class Step(Record):
    """One contrast of a prediction, in the order in which they are tested."""

    title: str
    """What is compared with what."""
    value: Number = None
    """The estimate, positive in the direction of the claim."""
    lower: Number = None
    """Lower bound of the two-sided interval at `level` of the verdict."""
    upper: Number = None
    """Upper bound."""
    p: Number = None
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
    word: Word
    """The verdict."""
    reason: Reason = ""
    """Why it is INCONCLUSIVE; empty for the other words."""
    sentence: str
    """The verdict in a sentence, with its figures."""
    value: Number = None
    """The estimate, positive in the direction of the claim, in the unit of the outcome."""
    lower: Number = None
    """Lower bound of its two-sided interval."""
    upper: Number = None
    """Upper bound of its two-sided interval."""
    level: float = 0.95
    """Level of that interval."""
    p: Number = None
    """One-sided p-value of "no effect in the direction of the claim"."""
    p_adjusted: Number = None
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
    slope_sd: Number = None
    """Standard deviation of the contrast between blocks, beyond chance of single episodes; None where it cannot be told."""
    looks: int = 1
    """How often the data was looked at to decide; 1 for a fixed number of blocks."""
    method: str = ""
    """How estimate, interval and p were found."""
    rates: tuple[Point, ...] = ()
    """The arms compared, each with its rate or mean and interval."""
    steps: tuple[Step, ...] = ()
    """The contrasts in the order in which they were tested; one for simple predictions."""
    checks: tuple[Check, ...] = ()
    """Other ways of looking, none of which makes the verdict stronger."""
    aside: tuple[str, ...] = ()
    """Episodes of the task that were set aside for this claim, and why; one sentence each."""
