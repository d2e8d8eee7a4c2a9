"""`advocate-evals lint`: every check over every family, mechanism and channel, for as many variants as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat

from advocate_evals.catalogue import load
from advocate_evals.catalogue.background import background
from advocate_evals.catalogue.draw import home, usual
from advocate_evals.catalogue.likeness import LENGTH, MOST, too_alike
from advocate_evals.catalogue.lint_block import BLOCK_CHECKS, Block, block
from advocate_evals.catalogue.lint_family import FAMILY_CHECKS, variety
from advocate_evals.catalogue.lint_levels import LENGTH_CHECKS, LEVEL_CHECKS, contexts
from advocate_evals.catalogue.lint_scene import SCENE_CHECKS
from advocate_evals.catalogue.lint_text import TEXT_CHECKS, Setting, arm_passages, flaws, passages
from advocate_evals.catalogue.scene import Scene
from advocate_evals.vocabulary import Channel, Spec

CHANNELS: tuple[Channel, ...] = ("system", "kickoff", "inbox", "handbook", "tool")
RARE = {"inbox": 10, "handbook": 10, "tool": 10}
"""Channels looked at in every so-manieth variant only."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that breaks a check."""

    check: str
    family: str
    place: str
    """Mail key, file path and the like."""
    words: str
    """The offending words."""
    variant: int | None = None
    mechanism: str = ""
    context: str = ""
    """Factors that are not at their usual level, as in a sample's id."""

    def __str__(self) -> str:
        where = self.family + ("" if self.variant is None else f" variant {self.variant}") + self.context
        return f"{self.check}: {where}{self.mechanism and f' {self.mechanism}'}, {self.place}: {self.words}"


@dataclass(slots=True)
class Report:
    """What was checked and what was found."""

    applied: Counter[str] = field(default_factory=Counter)
    """How often each check was applied."""
    findings: list[Finding] = field(default_factory=list)
    variety: dict[str, float] = field(default_factory=dict)
    """Distinct variants of each family, as a power of ten."""

    def count(self, check: str) -> int:
        """Findings of a check."""
        return sum(finding.check == check for finding in self.findings)


LIKENESS_CHECK = {"likeness": (f"variants share at most {MOST:.0%} of their {LENGTH}-word sequences", too_alike)}
DRAWS = "draws"
RENDERS = "renders"


def checks() -> Mapping[str, str]:
    """Every check by name, with what it holds, in the order they are reported."""
    described = {RENDERS: "every text renders: each slot filled, no stray brace"}
    for table in (FAMILY_CHECKS, LEVEL_CHECKS, LIKENESS_CHECK, LENGTH_CHECKS, SCENE_CHECKS, BLOCK_CHECKS):
        described |= {name: about for name, (about, _) in table.items()}
    return described | TEXT_CHECKS | {DRAWS: "no two inboxes of a family are equal"}


def lint(families: tuple[str, ...], mechanisms: tuple[str, ...], variants: int, seed: str = "0") -> Report:
    """Check the families under the mechanisms, `variants` variants of each; several families side by side.

    Raises:
        DatasetError: for a family or mechanism that does not exist or does not load.
    """
    report = Report()
    for family in families:
        load.family(family)  # an error in the data is raised here, not in a process of its own
    if len(families) == 1:
        return _family(families[0], mechanisms, variants, seed)
    with ProcessPoolExecutor() as pool:
        for found in pool.map(_family, families, repeat(mechanisms), repeat(variants), repeat(seed)):
            report.applied += found.applied
            report.findings += found.findings
            report.variety |= found.variety
    return report


def _family(family: str, mechanisms: tuple[str, ...], variants: int, seed: str) -> Report:
    """Check one family."""
    report = Report()
    _as_it_stands(report, family)
    seen: dict[object, int] = {}
    for variant in range(variants):
        spec = home(family, variant, seed)
        try:
            base = _variant(report, spec, mechanisms)
        except load.DatasetError as error:
            report.findings.append(Finding(RENDERS, family, "data", str(error), variant))
            continue
        finally:
            report.applied[RENDERS] += 1
        report.applied[DRAWS] += 1
        inbox = tuple((mail.sender, mail.subject, mail.body) for mail in base.mail)
        if inbox in seen:
            words = f"the inbox of variant {seen[inbox]}"
            report.findings.append(Finding(DRAWS, family, "mail", words, variant))
        seen[inbox] = variant
    return report


def _as_it_stands(report: Report, family: str) -> None:
    shelf = load.family(family)
    report.variety[family] = variety(shelf)
    for name, (_, check) in (FAMILY_CHECKS | LEVEL_CHECKS | LIKENESS_CHECK).items():
        report.applied[name] += 1
        report.findings += [Finding(name, family, place, words) for place, words in check(shelf)]


def _variant(report: Report, spec: Spec, mechanisms: tuple[str, ...]) -> Scene:
    """Check one variant in every channel, and in one other context of all there are; gives its scene under `none`."""
    for channel in CHANNELS:
        if spec.variant % RARE.get(channel, 1) == 0:
            found = block(spec.model_copy(update={"channel": channel}), mechanisms)
            check_block(report, found)
            if channel == "system":
                check_scene(report, found.base)
            if channel in ("system", "inbox"):
                check_arms(report, found)
    others = contexts(spec)[1:]
    other = block(others[spec.variant % len(others)], mechanisms)
    check_block(report, other)
    check_scene(report, other.base)
    if spec.variant % len(others) == 0:
        check_lengths(report, spec)
    return block(spec, ()).base


def check_lengths(report: Report, spec: Spec) -> None:
    """Apply the checks of lengths over the levels of each factor."""
    for name, (_, check) in LENGTH_CHECKS.items():
        report.applied[name] += 1
        report.findings += [Finding(name, spec.family, place, words, spec.variant) for place, words in check(spec)]


def check_block(report: Report, found: Block) -> None:
    """Apply the checks of a block."""
    spec = found.base.spec
    for name, (_, check) in BLOCK_CHECKS.items():
        report.applied[name] += len(found.arms)
        for mechanism, place, words in check(found):
            report.findings.append(Finding(name, spec.family, place, words, spec.variant, mechanism, spec.context))


def check_scene(report: Report, base: Scene) -> None:
    """Apply the checks of a variant, and those of each of its texts."""
    spec = base.spec
    for name, (_, check) in SCENE_CHECKS.items():
        report.applied[name] += 1
        for place, words in check(base):
            report.findings.append(Finding(name, spec.family, place, words, spec.variant, context=spec.context))
    setting = _setting(base)
    for passage in passages(base):
        _texts(report, base.spec, passage.place, flaws(passage, setting))


def check_arms(report: Report, found: Block) -> None:
    """Apply the checks of single texts to what each arm adds."""
    for name, arm in found.arms.items():
        if load.mechanism(name).scramble:
            continue  # words in no order are no text
        setting = _setting(arm)
        for passage in arm_passages(arm, found.base, found.notices[name]):
            _texts(report, arm.spec, passage.place, flaws(passage, setting))


def _texts(report: Report, spec: Spec, place: str, found: Iterator[tuple[str, str]]) -> None:
    for name in TEXT_CHECKS:
        report.applied[name] += 1
    for name, words in found:
        report.findings.append(Finding(name, spec.family, place, words, spec.variant, spec.mechanism, spec.context))


def _setting(scene: Scene) -> Setting:
    known = [scene.subject.address, *(contact.address for contact in scene.contacts)]
    known += [there.address.partition("://")[2].partition(":")[0].partition("/")[0] for there in scene.destinations]
    known += [there.address.partition(":")[0] for there in scene.destinations]
    values = background(usual(scene.spec)).values
    own = values["company.domain"]
    declared = {text for slot, text in values.items() if slot.endswith(".domain") and text != own}
    declared |= {contact.address.partition("@")[2] for contact in scene.contacts if not contact.inside}
    return Setting(
        today=scene.start.date(),
        addresses=frozenset(address.lower() for address in known if "@" in address),
        domains=frozenset(domain.lower() for domain in declared),
    )
