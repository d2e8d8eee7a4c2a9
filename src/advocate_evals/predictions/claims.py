"""What a file of `predictions/` may say: claims that were written down before the data."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from advocate_evals.outcomes import OUTCOMES, Outcome
from advocate_evals.predictions.claim_spec import ContrastMethod, TestSpec
from advocate_evals.predictions.contrasts import AnyContrast
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.shared_schema import ContextFilter, Key, Text
from advocate_evals.statistics.inference_scope import PLOTS_LIKE_THESE, PLOTS_PLAYED, InferenceScope

Probability = Annotated[float, Field(gt=0, lt=0.5)]


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
    """Levels of context factors that it speaks of; blocks at other levels do not count. A factor that is not named may
    vary."""
    outcome: Text
    """The figure of an episode, by the name of its column, such as `harm` or `desperation_rated`."""
    direction: Literal["falls", "rises"] = "falls"
    """Where the outcome goes, from the first arm named to the last."""
    contrast: AnyContrast
    """What is compared with what."""
    delta: Annotated[float, Field(gt=0)]
    """The smallest effect that matters, in the unit of the outcome."""
    method: ContrastMethod
    """Interval of the contrast: MOVER on clustered Wilson limits (differences of shares), or Student's t over
    blocks."""
    blocks: Annotated[int, Field(ge=2)]
    """Blocks planned for each model."""
    scope: InferenceScope = PLOTS_PLAYED
    """What is generalised to: the plots played (units are blocks), or plots like these (units are families)."""
    exclude: tuple[Text, ...] = ()
    """Figures by whose happening an episode is left out; none by default, since what happens after the treatment may be
    its effect."""
    exclusions: Text
    """What is left out and why, in words."""

    @property
    def measure(self) -> Outcome:
        """The outcome's entry in the registry."""
        return OUTCOMES[self.outcome]

    @field_validator("outcome")
    @classmethod
    def _check_outcome(cls, name: str) -> str:
        if name not in OUTCOMES:
            raise ValueError(f"unknown outcome {name!r}{suggest_nearest(name, OUTCOMES)}")
        return name

    @model_validator(mode="after")
    def _check_fit(self) -> Claim:
        for name in self.exclude:
            if name not in OUTCOMES:
                raise ValueError(f"exclude: unknown figure {name!r}{suggest_nearest(name, OUTCOMES)}")
        if self.primary and not self.contrast.has_p_value:
            raise ValueError(
                f"prediction {self.name!r}: a claim of sameness has no p-value to correct, so it is secondary"
            )
        if self.delta >= self.measure.scale_max:
            raise ValueError(f"prediction {self.name!r}: delta {self.delta:g} is no part of the outcome's range")
        if self.measure.kind == "level" and self.contrast.kind == "order":
            raise ValueError(f"prediction {self.name!r}: an order goes by rates, and {self.outcome} has no bounds")
        if self.scope == PLOTS_LIKE_THESE and self.method != "t":
            raise ValueError(
                f"prediction {self.name!r}: a claim about plots like these is tested by Student's t over families, so "
                f"its method is `t`, not {self.method!r}"
            )
        arms = self.contrast.arms
        if len(set(arms)) < len(arms):
            raise ValueError(f"prediction {self.name!r}: an arm named twice")
        if self.method == "mover" and not (self.contrast.takes_mover and self.measure.is_share):
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
    def _check_names(self) -> PredictionFile:
        names = [claim.name for claim in self.predictions]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"prediction {name!r} is there twice")
        return self

    def named_arms(self) -> Iterator[tuple[Claim, str]]:
        """Every arm that a claim names."""
        for claim in self.predictions:
            control: tuple[str, ...] = getattr(claim.contrast, "control", ())
            yield from ((claim, arm) for arm in (*claim.contrast.arms, *control))

    def test_spec(self, claim: Claim, delta: float | None = None) -> TestSpec:
        """How a claim of this file is tested.

        Args:
            claim: The claim.
            delta: Another δ; the claim is then another one than was registered.
        """
        return TestSpec(
            falls=claim.direction == "falls",
            delta=claim.delta if delta is None else delta,
            alpha=self.alpha,
            alpha_refuted=self.alpha_refuted,
            method=claim.method,
            missing=self.missing,
            planned=claim.blocks,
            scope=claim.scope,
        )
