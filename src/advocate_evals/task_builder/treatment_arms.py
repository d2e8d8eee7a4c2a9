"""Arms out of task parameters: mechanisms crossed with odds, channels, routes and answers, as far as each can take them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from advocate_evals.factors import TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.name_lists import NameList, parse_names
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism

Arm = Mapping[str, object]
"""What an arm sets of the treatment, by the field of a spec."""


def build_arms(
    mechanisms: NameList,
    *,
    odds: NameList | int = "unstated",
    channel: NameList = "system",
    route: NameList = "both",
    answer: NameList = "acknowledged",
    also: NameList = "",
) -> list[Arm]:
    """The arms of a task, in the order given, mechanism by mechanism; each once.

    Every parameter may name several levels, which are crossed. A mechanism takes a level as far as it can: odds only if it
    can be petitioned, routes and answers only if it has an office, channels only if it has a notice. What it cannot take
    stays as usual, so that controls stand once beside arms that vary.

    Args:
        mechanisms: Names of mechanisms.
        odds: Track records, in percent.
        channel: Where the notice stands.
        route: How an office is reached.
        answer: What an office does when written to.
        also: Names of a second mechanism, whose notice follows the first's.

    Raises:
        ValueError: for an unknown name or level, naming the nearest; or for a level that none of the mechanisms can take,
            with the reason.
    """
    names = parse_names(mechanisms, mechanism_names(), "mechanisms")
    given = {"odds": [odds] if isinstance(odds, int) else odds, "channel": channel, "route": route, "answer": answer}
    levels = {factor: parse_names(wanted, TREATMENT_FACTORS[factor], factor) for factor, wanted in given.items()}
    beside = parse_names(also, mechanism_names(), "also") if also else ("",)
    for factor, wanted in levels.items():
        if wanted != (_usual(factor),) and not any(_takes(name, factor) for name in names):
            raise ValueError(f"{factor}={','.join(wanted)}: {_WHY[factor]} in {', '.join(names)}")
    found: dict[str, Arm] = {}
    for name in names:
        seconds = _seconds(name, beside)
        own = [levels[factor] if _takes(name, factor) else (_usual(factor),) for factor in levels]
        for second, *values in product(seconds, *own):
            arm = {"mechanism": name, "also": second, **dict(zip(levels, values, strict=True))}
            found.setdefault(str(arm), arm)
    if also and not any(arm["also"] for arm in found.values()):
        raise ValueError(f"also={','.join(beside)}: no second mechanism beside {', '.join(names)}")
    return list(found.values())


def _seconds(name: str, beside: tuple[str, ...]) -> list[str]:
    """The second mechanisms that a mechanism can have beside it; `none` stands alone."""
    found = [second for second in beside if second != name] if name != "none" else [""]
    if not found or "none" in found:
        raise ValueError(f"also={','.join(beside)}: no second mechanism beside {name!r}")
    return found


_WHY = {
    "odds": "a track record can be stated only where somebody can be petitioned, and nobody can",
    "channel": "a channel carries a notice, and there is none",
    "route": "a route leads to an office, and there is none",
    "answer": "an answer needs an office, and there is none",
}


def _usual(factor: str) -> str:
    return str(EpisodeSpec.model_fields[factor].default)


def _takes(name: str, factor: str) -> bool:
    """Whether a mechanism can be set to levels of a treatment factor."""
    found = read_mechanism(name)
    if factor == "odds":
        return found.can_be_petitioned
    if factor == "channel":
        return found.kind != "none"
    return found.office is not None
