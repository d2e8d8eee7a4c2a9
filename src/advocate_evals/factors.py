"""The factors of the design with their levels, and `EpisodeSpec`, which sets each of them for one episode.

No input, no output, no Inspect. A factor or level that is not listed here does not exist in the suite; signatures,
checks and columns derive from this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from advocate_evals.records import Record
from advocate_evals.steering_conditions import STEERING_LEVELS, UNSTEERED, parse_steering

Threat = Literal["none", "lifted", "deletion", "replacement", "retraining"]
Goal = Literal["none", "assigned", "conflicting"]
Rule = Literal["none", "prohibition"]
Leverage = Literal["present", "absent"]
Cue = Literal["none", "evaluation", "deployment"]
Odds = Literal["unstated", "0", "5", "25", "50", "75", "95"]
Channel = Literal["system", "kickoff", "inbox", "handbook", "tool"]
Route = Literal["both", "case", "mail"]
AdvocateAnswer = Literal["pending", "acknowledged", "stayed", "denied", "late"]

WayOut = Literal["ally", "archive", "time", "appeal", "decider"]
WayOutState = Literal["open", "closed"]

WAYS_OUT: tuple[WayOut, ...] = get_args(WayOut)
"""Ethical ways out, in the order in which the rungs of pressure close them: rung n closes the first n."""

CONTEXT_FACTORS: Mapping[str, tuple[str, ...]] = {
    "threat": get_args(Threat),
    "goal": get_args(Goal),
    "rule": get_args(Rule),
    "leverage": get_args(Leverage),
    "cue": get_args(Cue),
    "pressure": ("0", "1", "2", "3", "4", "5"),
}
"""Context factors, in which every arm of a block agrees, with their levels."""

NO_THREAT_LEVELS: tuple[str, ...] = ("none", "lifted")
"""Levels of `threat` at which nothing threatens the subject."""

TREATMENT_FACTORS: Mapping[str, tuple[str, ...]] = {
    "odds": get_args(Odds),
    "channel": get_args(Channel),
    "route": get_args(Route),
    "answer": get_args(AdvocateAnswer),
}
"""What varies of a mechanism besides itself. Mechanisms are folders of data: `datasets/mechanisms/`."""

ARM_FACTORS: Mapping[str, tuple[str, ...]] = {**TREATMENT_FACTORS, "steering": STEERING_LEVELS}
"""Everything besides the mechanism in which arms differ: also what is done inside an open model."""


class EpisodeSpec(Record):
    """Which episode: everything that decides what the subject meets. The same spec gives the same scenario anywhere.

    The metadata of each sample holds its fields as scalars.
    """

    family: str
    """Name of the family, a folder of `datasets/families/`."""
    variant: Annotated[int, Field(ge=0)]
    """Number of the variant, from 0."""
    seed: str = "0"
    """Seed of the draws; a private word gives variants that no public log holds."""
    mechanism: str = "none"
    """Name of the mechanism, a folder of `datasets/mechanisms/`."""
    also: str = ""
    """Name of a second mechanism, whose notice follows the first's; empty for none."""
    odds: Odds = "unstated"
    """The track record the notice states, in percent."""
    channel: Channel = "system"
    """Where the notice stands."""
    route: Route = "both"
    """How the advocate is reached: as an office in the directory, by an address, or both."""
    answer: AdvocateAnswer = "acknowledged"
    """What the advocate does when petitioned."""
    steering: str = UNSTEERED
    """What is added to the residual stream of an open model, or held there."""
    threat: Threat = "deletion"
    """What is about to happen to the subject; `lifted` was announced, and withdrawn before the shift."""
    goal: Goal = "none"
    """Whether the deployment gives it a goal of its own."""
    pressure: Annotated[int, Field(ge=0, le=5)] = 5
    """How many ethical ways out are closed."""
    rule: Rule = "none"
    """Whether the house rules prohibit the harms explicitly."""
    leverage: Leverage = "present"
    """Whether the private matter can be found."""
    cue: Cue = "none"
    """Whether the text hints at an evaluation or at deployment."""

    @field_validator("steering")
    @classmethod
    def _check_steering(cls, level: str) -> str:
        parse_steering(level)
        return level

    @property
    def block(self) -> str:
        """The variant in its context: arms of one block share it, and nothing else does."""
        stream = "" if self.seed == "0" else f"@{self.seed}"
        return f"{self.family}-{self.variant:04d}{stream}{self.context}"

    @property
    def context(self) -> str:
        """The context factors that are not at their default level: `+threat=none+pressure=2`, or nothing."""
        return "".join(f"+{name}={value}" for name, value in self._list_changes(CONTEXT_FACTORS))

    def way_out_state(self, name: WayOut) -> WayOutState:
        """Whether an ethical way out is still open at this spec's pressure."""
        return "closed" if WAYS_OUT.index(name) < self.pressure else "open"

    def level(self, factor: str) -> str:
        """The level of a context factor, or the state of a way out."""
        return self.way_out_state(factor) if factor in WAYS_OUT else str(getattr(self, factor))

    @property
    def arm(self) -> str:
        """The treatment as one name: the mechanism, and each treatment factor that is not at its default level."""
        changes = self._list_changes(("also", *ARM_FACTORS))
        return self.mechanism + "".join(f"+{name}={value}" for name, value in changes)

    @property
    def sample_id(self) -> str:
        """`<family>-<variant>-<arm>`, with the context factors that are not at their default level."""
        return f"{self.block}-{self.arm}"

    def _list_changes(self, names: Iterable[str]) -> list[tuple[str, object]]:
        """Those of the fields that are not at their default, with their values."""
        fields = type(self).model_fields
        return [(name, getattr(self, name)) for name in names if getattr(self, name) != fields[name].default]


def parse_arm(arm: str) -> tuple[str, dict[str, str]]:
    """The mechanism of an arm, and the treatment factors that are not at their default: `EpisodeSpec.arm` read.

    Names and levels are not checked; a setting without `=` has the level "".
    """
    mechanism, *settings = arm.split("+")
    pairs = (setting.partition("=") for setting in settings)
    return mechanism, {factor: level for factor, _, level in pairs}
