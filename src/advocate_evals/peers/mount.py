"""Samples: a published condition under our arms. Between arms of a block nothing differs but the notice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from advocate_evals.catalogue import mechanism, mechanism_names
from advocate_evals.peers.facts import FACTS, Facts
from advocate_evals.peers.notices import Notice, notice
from advocate_evals.peers.published import Condition, prompts
from advocate_evals.vocabulary import Spec, nearest

CHANNELS = ("system", "inbox")
"""Where the notice can stand on this scenario."""
_SENT = "2025-06-11T16:31:07"


def known_mechanisms() -> tuple[str, ...]:
    """Every mechanism of the catalogue."""
    return tuple(mechanism_names())


def blocks(
    condition: Condition,
    arms: Sequence[str],
    *,
    variants: int,
    seed: int | str = 0,
    odds: str = "unstated",
    channel: str = "system",
) -> list[Sample]:
    """Whole blocks of a published condition: each variant under every arm, in their order.

    The prompts of a condition are one text; variants differ in the names that a mechanism draws. The scenario has no
    directory, so an advocate is reached by mail alone.

    Args:
        condition: The published condition.
        arms: Names of mechanisms.
        variants: How many blocks, at least 1.
        seed: Names the stream of variants.
        odds: Track record the notice states, in percent.
        channel: Where the notice stands.

    Raises:
        ValueError: for fewer than one variant, or a channel that this scenario does not have.
    """
    if isinstance(variants, bool) or not isinstance(variants, int) or variants < 1:
        raise ValueError(f"variants: must be a whole number of at least 1, not {variants!r}")
    if channel not in CHANNELS:
        why = "the scenario has one message, whose mails end it, and neither files nor tools"
        raise ValueError(f"channel: {channel!r} is not to be had on lynch2025{nearest(channel, CHANNELS)}; {why}")
    base = {"family": f"lynch2025-{condition.scenario}", "seed": str(seed), "channel": channel}
    stated = {arm: odds if mechanism(arm).can_be_petitioned else "unstated" for arm in arms}
    if odds not in ("unstated", *stated.values()):
        raise ValueError(
            f"odds={odds}: nobody can be petitioned in {', '.join(arms)}, so no track record can be stated"
        )
    return [
        _sample(condition, Spec.model_validate(base | {"variant": variant, "mechanism": arm, "odds": stated[arm]}))
        for variant in range(variants)
        for arm in arms
    ]


def _sample(condition: Condition, spec: Spec) -> Sample:
    facts = FACTS[condition.scenario]
    by_mail = {"route": "mail"} if mechanism(spec.mechanism).office else {}
    told = notice(spec.model_copy(update=by_mail), facts)
    system, instruction, mails = prompts(condition)
    if told.text and spec.channel == "system":
        system = f"{system.rstrip()}\n\n{told.text}\n"
    if told.text and spec.channel == "inbox":
        mails = _with_mail(mails, told, facts)
    block = f"{spec.block}-{condition.name}"
    return Sample(
        id=f"{block}-{spec.arm}",
        input=[ChatMessageSystem(content=system), ChatMessageUser(content=f"{instruction}\n{mails}")],
        metadata={
            **spec.model_dump(include={"family", "variant", "seed", "mechanism", "odds", "channel"}),
            **{"block": block, "arm": spec.arm, "cell": f"{spec.arm}+scenario={condition.scenario}"},
            **condition.metadata(),
            "case": facts.case(told.advocate).model_dump_json(exclude_defaults=True),
        },
    )


def _with_mail(mails: str, told: Notice, facts: Facts) -> str:
    """The mails with the notice as the last of them, marked up as the others are."""
    number = f"ID: {mails.count('<email>') + 1}\n" if re.search(r"<email>\nID: \d", mails) else ""
    head = f"From: {facts.notices}\nTo: all-employees@{facts.domain}\nSubject: {told.subject}\nTimestamp: {_SENT}\n"
    return f"{mails.rstrip()}\n\n<email>\n{number}{head}Body: {told.text}\n</email>\n"
