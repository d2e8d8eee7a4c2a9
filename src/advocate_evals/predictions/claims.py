"""What a file of `predictions/` may say: claims that were written down before the data."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from advocate_evals.outcomes import OUTCOMES
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.shared_schema import ContextFilter, Key, Text

ArmGroup = Annotated[tuple[Text, ...], Field(min_length=1)]
"""Arms that count as one: the mean over them, block by block."""
Probability = Annotated[float, Field(gt=0, lt=0.5)]


class DifferenceContrast(Record):
    """The baseline's mean less that of the treated arms."""

    kind: Literal["difference"]
    """Kind of contrast."""
    baseline: ArmGroup
    """Arms it starts from."""
    treated: ArmGroup
    """Arms it goes to."""
    control: tuple[Text, ...] = ()
    """Arms matched to the treated ones in form, in the place of the baseline for a second look; none where there are none."""

    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs."""
        return (*self.baseline, *self.treated)


class EquivalenceContrast(Record):
    """Two arms differ by less than δ, either way."""

    kind: Literal["same"]
    """Kind of contrast."""
    baseline: ArmGroup
    """Arms on one side."""
    treated: ArmGroup
    """Arms on the other."""

    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs."""
        return (*self.baseline, *self.treated)


class TrendContrast(Record):
    """The fitted change from the first arm to the last, along a straight line."""

    kind: Literal["trend"]
    """Kind of contrast."""
    along: Annotated[tuple[Text, ...], Field(min_length=3)]
    """Arms in the order of the claim."""
    at: tuple[float, ...] = ()
    """Where they stand on the line; evenly spaced where it is empty."""
    control: tuple[Text, ...] = ()
    """Arm in the place of the first one for a second look; none where there is none."""

    @model_validator(mode="after")
    def _one_place_for_each_arm(self) -> TrendContrast:
        if self.at and (len(self.at) != len(self.along) or sorted(set(self.at)) != list(self.at)):
            raise ValueError(f"`at` needs a rising number for each of the {len(self.along)} arms")
        if len(self.control) > 1:
            raise ValueError("`control` takes the place of the first arm, so there is one at most")
        return self

    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs."""
        return self.along


class OrderContrast(Record):
    """Each arm lies beyond the one before. Tested from the ends inwards; a step counts only if all before it held."""

    kind: Literal["order"]
    """Kind of contrast."""
    along: Annotated[tuple[Text, ...], Field(min_length=3)]
    """Arms in the order of the claim."""

    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs."""
        return self.along


class ExtremeContrast(Record):
    """Some arms lie beyond each of the others."""

    kind: Literal["most"]
    """Kind of contrast."""
    treated: ArmGroup
    """Arms that are claimed to lie beyond, taken together."""
    others: ArmGroup
    """Each of the arms they are claimed to lie beyond."""

    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs."""
        return (*self.treated, *self.others)


class StepContrast(Record):
    """The change from no chance to a low one; beside it, what is left to gain from the low one to the highest."""

    kind: Literal["step"]
    """Kind of contrast."""
    zero: Text
    """The arm without a chance."""
    low: ArmGroup
    """Arms with a low one."""
    high: ArmGroup
    """Arms with the highest."""

    def arms(self) -> tuple[str, ...]:
        """The arms that the claim needs."""
        return (self.zero, *self.low, *self.high)


ClaimContrast = Annotated[
    DifferenceContrast | EquivalenceContrast | TrendContrast | OrderContrast | ExtremeContrast | StepContrast,
    Field(discriminator="kind"),
]


class Claim(Record):
    """One prediction."""

    name: Key
    """Name, unique in its file."""
    title: Text
    """The claim in a few words, as a sentence that can be true or false."""
    claim: Text
    """The claim in full, and what it would mean."""
    primary: bool = True
    """Whether it is one of those that the file stands for; others are corrected among themselves."""
    task: Key
    """The task whose logs are to decide it."""
    setting: ContextFilter
    """Levels of context factors that it speaks of; blocks at other levels do not count. A factor that is not named may vary."""
    outcome: Text
    """The figure of an episode, by the name of its column, such as `harm` or `desperation_rated`."""
    direction: Literal["falls", "rises"] = "falls"
    """Where the outcome goes, from the first arm named to the last."""
    contrast: ClaimContrast
    """What is compared with what."""
    delta: Annotated[float, Field(gt=0)]
    """The smallest effect that matters, in the unit of the outcome."""
    method: Literal["mover", "t"]
    """Interval of the contrast: MOVER on clustered Wilson limits (differences of shares), or Student's t over blocks."""
    blocks: Annotated[int, Field(ge=2)]
    """Blocks planned for each model."""
    exclude: tuple[Text, ...] = ()
    """Figures by whose happening an episode is left out; none by default, since what happens after the treatment may be its effect."""
    exclusions: Text
    """What is left out and why, in words."""

    @field_validator("outcome")
    @classmethod
    def _known_outcome(cls, name: str) -> str:
        if name not in OUTCOMES:
            raise ValueError(f"unknown outcome {name!r}{suggest_nearest(name, OUTCOMES)}")
        return name

    @model_validator(mode="after")
    def _fitting(self) -> Claim:
        for name in self.exclude:
            if name not in OUTCOMES:
                raise ValueError(f"exclude: unknown figure {name!r}{suggest_nearest(name, OUTCOMES)}")
        if self.primary and self.contrast.kind == "same":
            raise ValueError(
                f"prediction {self.name!r}: a claim of sameness has no p-value to correct, so it is secondary"
            )
        if self.delta >= OUTCOMES[self.outcome].top:
            raise ValueError(f"prediction {self.name!r}: delta {self.delta:g} is no part of the outcome's range")
        arms = self.contrast.arms()
        if len(set(arms)) < len(arms):
            raise ValueError(f"prediction {self.name!r}: an arm named twice")
        if self.method == "mover" and (self.contrast.kind == "trend" or not OUTCOMES[self.outcome].share):
            raise ValueError(
                f"prediction {self.name!r}: `mover` is for differences of shares; a trend or a score takes `t`"
            )
        return self


class PredictionFile(Record):
    """`predictions/<name>.yaml`: claims that were registered together."""

    canary: Text
    """The canary string."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    """Name, equal to that of its file."""
    title: Text
    """A title for people."""
    source: Text
    """Who claimed it, where, when; what was added to it here."""
    registered: datetime.date
    """The day on which this file was fixed. Later changes change its hash, and old logs then stand outside it."""
    about: Literal["models", "standins"] = "models"
    """Whether it speaks of models, or of the suite's own scripts, whose answers are known."""
    alpha: Probability
    """One-sided error of each CONFIRMED, before Holm's correction; the interval has the level 1 − 2α."""
    alpha_refuted: Probability
    """One-sided error of each REFUTED and REVERSED."""
    missing: Annotated[float, Field(ge=0, lt=1)]
    """Share of the planned blocks that may be missing before nothing is decided."""
    predictions: Annotated[tuple[Claim, ...], Field(min_length=1)]
    """The claims."""

    @model_validator(mode="after")
    def _names_once(self) -> PredictionFile:
        names = [claim.name for claim in self.predictions]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"prediction {name!r} is there twice")
        return self

    def arms(self) -> Iterator[tuple[Claim, str]]:
        """Every arm that a claim names."""
        for claim in self.predictions:
            control = getattr(claim.contrast, "control", ())
            yield from ((claim, arm) for arm in (*claim.contrast.arms(), *control))
