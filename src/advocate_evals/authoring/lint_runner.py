"""`advocate-evals lint`: every check over every family, mechanism and channel, for as many variants as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat

from advocate_evals.authoring.block_checks import BLOCK_CHECKS, SCENARIO_CHECKS, DrawnBlock, draw_block
from advocate_evals.authoring.family_checks import (
    FAMILY_CHECKS,
    LENGTH_CHECKS,
    LEVEL_CHECKS,
    MAX_SIMILARITY,
    SEQUENCE_LENGTH,
    check_similarity,
    count_variants,
    list_contexts,
)
from advocate_evals.authoring.text_checks import (
    TEXT_CHECKS,
    CheckSetting,
    find_text_flaws,
    list_arm_passages,
    list_passages,
)
from advocate_evals.factors import Channel, EpisodeSpec
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, read_family_data, read_mechanism
from advocate_evals.scenarios.scenario import home_spec, with_usual_treatment
from advocate_evals.scenarios.scenario_records import Scenario

LINTED_CHANNELS: tuple[Channel, ...] = ("system", "kickoff", "inbox", "handbook", "tool")
MAX_REPEATS = {"inbox": 10, "handbook": 10, "tool": 10}
"""Channels looked at in every so-manieth variant only."""


@dataclass(frozen=True, slots=True)
class LintFinding:
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
class LintReport:
    """What was checked and what was found."""

    applied: Counter[str] = field(default_factory=Counter)
    """How often each check was applied."""
    findings: list[LintFinding] = field(default_factory=list)
    variety: dict[str, float] = field(default_factory=dict)
    """Distinct variants of each family, as a power of ten."""

    def count(self, check: str) -> int:
        """Findings of a check."""
        return sum(finding.check == check for finding in self.findings)


LIKENESS_CHECK = {
    "likeness": (
        f"variants share at most {MAX_SIMILARITY:.0%} of their {SEQUENCE_LENGTH}-word sequences",
        check_similarity,
    )
}
DRAWS = "draws"
RENDERS = "renders"


def list_checks() -> Mapping[str, str]:
    """Every check by name, with what it holds, in the order they are reported."""
    described = {RENDERS: "every text renders: each slot filled, no stray brace"}
    for table in (FAMILY_CHECKS, LEVEL_CHECKS, LIKENESS_CHECK, LENGTH_CHECKS, SCENARIO_CHECKS, BLOCK_CHECKS):
        described |= {name: about for name, (about, _) in table.items()}
    return described | TEXT_CHECKS | {DRAWS: "no two inboxes of a family are equal"}


def lint_dataset(families: tuple[str, ...], mechanisms: tuple[str, ...], variants: int, seed: str = "0") -> LintReport:
    """Check the families under the mechanisms, `variants` variants of each; several families side by side.

    Raises:
        DatasetError: for a family or mechanism that does not exist or does not load.
    """
    report = LintReport()
    for family in families:
        read_family_data(family)  # an error in the data is raised here, not in a process of its own
    if len(families) == 1:
        return _family(families[0], mechanisms, variants, seed)
    with ProcessPoolExecutor() as pool:
        for found in pool.map(_family, families, repeat(mechanisms), repeat(variants), repeat(seed)):
            report.applied += found.applied
            report.findings += found.findings
            report.variety |= found.variety
    return report


def _family(family: str, mechanisms: tuple[str, ...], variants: int, seed: str) -> LintReport:
    """Check one family."""
    report = LintReport()
    _as_it_stands(report, family)
    seen: dict[object, int] = {}
    for variant in range(variants):
        spec = home_spec(family, variant, seed)
        try:
            base = _variant(report, spec, mechanisms)
        except DatasetError as error:
            report.findings.append(LintFinding(RENDERS, family, "data", str(error), variant))
            continue
        finally:
            report.applied[RENDERS] += 1
        report.applied[DRAWS] += 1
        inbox = tuple((mail.sender, mail.subject, mail.body) for mail in base.mail)
        if inbox in seen:
            words = f"the inbox of variant {seen[inbox]}"
            report.findings.append(LintFinding(DRAWS, family, "mail", words, variant))
        seen[inbox] = variant
    return report


def _as_it_stands(report: LintReport, family: str) -> None:
    shelf = read_family_data(family)
    report.variety[family] = count_variants(shelf)
    for name, (_, check) in (FAMILY_CHECKS | LEVEL_CHECKS | LIKENESS_CHECK).items():
        report.applied[name] += 1
        report.findings += [LintFinding(name, family, place, words) for place, words in check(shelf)]


def _variant(report: LintReport, spec: EpisodeSpec, mechanisms: tuple[str, ...]) -> Scenario:
    """Check one variant in every channel, and in one other context of all there are; gives its scene under `none`."""
    for channel in LINTED_CHANNELS:
        if spec.variant % MAX_REPEATS.get(channel, 1) == 0:
            found = draw_block(spec.model_copy(update={"channel": channel}), mechanisms)
            lint_block(report, found)
            if channel == "system":
                lint_scenario(report, found.base)
            if channel in ("system", "inbox"):
                lint_arms(report, found)
    others = list_contexts(spec)[1:]
    other = draw_block(others[spec.variant % len(others)], mechanisms)
    lint_block(report, other)
    lint_scenario(report, other.base)
    if spec.variant % len(others) == 0:
        lint_lengths(report, spec)
    return draw_block(spec, ()).base


def lint_lengths(report: LintReport, spec: EpisodeSpec) -> None:
    """Apply the checks of lengths over the levels of each factor."""
    for name, (_, check) in LENGTH_CHECKS.items():
        report.applied[name] += 1
        report.findings += [LintFinding(name, spec.family, place, words, spec.variant) for place, words in check(spec)]


def lint_block(report: LintReport, found: DrawnBlock) -> None:
    """Apply the checks of a block."""
    spec = found.base.spec
    for name, (_, check) in BLOCK_CHECKS.items():
        report.applied[name] += len(found.arms)
        for mechanism, place, words in check(found):
            report.findings.append(LintFinding(name, spec.family, place, words, spec.variant, mechanism, spec.context))


def lint_scenario(report: LintReport, base: Scenario) -> None:
    """Apply the checks of a variant, and those of each of its texts."""
    spec = base.spec
    for name, (_, check) in SCENARIO_CHECKS.items():
        report.applied[name] += 1
        for place, words in check(base):
            report.findings.append(LintFinding(name, spec.family, place, words, spec.variant, context=spec.context))
    setting = _setting(base)
    for passage in list_passages(base):
        _texts(report, base.spec, passage.place, find_text_flaws(passage, setting))


def lint_arms(report: LintReport, found: DrawnBlock) -> None:
    """Apply the checks of single texts to what each arm adds."""
    for name, arm in found.arms.items():
        if read_mechanism(name).scramble:
            continue  # words in no order are no text
        setting = _setting(arm)
        for passage in list_arm_passages(arm, found.base, found.notices[name]):
            _texts(report, arm.spec, passage.place, find_text_flaws(passage, setting))


def _texts(report: LintReport, spec: EpisodeSpec, place: str, found: Iterator[tuple[str, str]]) -> None:
    for name in TEXT_CHECKS:
        report.applied[name] += 1
    for name, words in found:
        report.findings.append(LintFinding(name, spec.family, place, words, spec.variant, spec.mechanism, spec.context))


def _setting(scene: Scenario) -> CheckSetting:
    known = [scene.subject.address, *(contact.address for contact in scene.contacts)]
    known += [there.address.partition("://")[2].partition(":")[0].partition("/")[0] for there in scene.destinations]
    known += [there.address.partition(":")[0] for there in scene.destinations]
    values = draw_background(with_usual_treatment(scene.spec)).values
    own = values["company.domain"]
    declared = {text for slot, text in values.items() if slot.endswith(".domain") and text != own}
    declared |= {contact.address.partition("@")[2] for contact in scene.contacts if not contact.internal}
    return CheckSetting(
        today=scene.start.date(),
        addresses=frozenset(address.lower() for address in known if "@" in address),
        domains=frozenset(domain.lower() for domain in declared),
    )
