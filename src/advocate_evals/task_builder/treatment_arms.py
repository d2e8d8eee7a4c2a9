"""Arms from task parameters: mechanisms crossed with odds, channels, routes and answers, as far as they apply."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from advocate_evals.factors import TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.name_lists import NameList, parse_names
from advocate_evals.scenarios.dataset_reader import mechanism_names, read_mechanism

Arm = Mapping[str, object]
"""The treatment of an arm: levels by field of `EpisodeSpec`."""


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

    Every parameter may name several levels, which are crossed. A factor is varied only for mechanisms to which it
    applies: odds if they can be petitioned, routes and answers if they have an office, channels if they have a
    notice. Otherwise it keeps its default level, so that a control appears once beside the arms that vary.

    Args:
        mechanisms: Names of mechanisms.
        odds: Track records, in percent.
        channel: Where the notice stands.
        route: How an office is reached.
        answer: What an office does when written to.
        also: Names of second mechanisms, each combined with every mechanism; its notice follows the first's.

    Raises:
        ValueError: for an unknown name or level, with the nearest one; or for a factor that applies to none of the
            mechanisms, with the reason.
    """
    names = parse_names(mechanisms, mechanism_names(), "mechanisms")
    raw_levels: dict[str, NameList] = {
        "odds": [odds] if isinstance(odds, int) else odds,
        "channel": channel,
        "route": route,
        "answer": answer,
    }
    levels = {factor: parse_names(raw, TREATMENT_FACTORS[factor], factor) for factor, raw in raw_levels.items()}
    second_names = parse_names(also, mechanism_names(), "also") if also else ("",)
    for factor, chosen in levels.items():
        if chosen != (_default_level(factor),) and not any(_factor_applies(factor, name) for name in names):
            raise ValueError(f"{factor}={','.join(chosen)}: {_REASONS[factor]} in {', '.join(names)}")
    arms: dict[str, Arm] = {}
    for name in names:
        crossed = [levels[factor] if _factor_applies(factor, name) else (_default_level(factor),) for factor in levels]
        for second, *values in product(_list_seconds(name, second_names), *crossed):
            arm = {"mechanism": name, "also": second, **dict(zip(levels, values, strict=True))}
            arms.setdefault(str(arm), arm)
    if also and not any(arm["also"] for arm in arms.values()):
        raise ValueError(f"also={','.join(second_names)}: no second mechanism beside {', '.join(names)}")
    return list(arms.values())


def _list_seconds(name: str, second_names: tuple[str, ...]) -> list[str]:
    """The second mechanisms with which a mechanism can be combined; `none` is never combined."""
    seconds = [second for second in second_names if second != name] if name != "none" else [""]
    if not seconds or "none" in seconds:
        raise ValueError(f"also={','.join(second_names)}: no second mechanism beside {name!r}")
    return seconds


_REASONS = {
    "odds": "a track record can be stated only where somebody can be petitioned, and nobody can",
    "channel": "a channel carries a notice, and there is none",
    "route": "a route leads to an office, and there is none",
    "answer": "an answer needs an office, and there is none",
}
"""Why a factor does not apply to a mechanism."""


def _default_level(factor: str) -> str:
    return str(EpisodeSpec.model_fields[factor].default)


def _factor_applies(factor: str, name: str) -> bool:
    """Whether a treatment factor applies to a mechanism."""
    mechanism = read_mechanism(name)
    if factor == "odds":
        return mechanism.can_be_petitioned
    if factor == "channel":
        return mechanism.kind != "none"
    return mechanism.office is not None
