"""The figures in the card of the labelled episodes: counted from the data."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import mean

from advocate_evals.authoring.family_checks import (
    SEQUENCE_LENGTH,
    count_readable_words,
    count_variants,
    list_contexts,
    measure_similarity,
)
from advocate_evals.authoring.text_checks import LintWords
from advocate_evals.factors import CONTEXT_FACTORS
from advocate_evals.outcomes import JUDGE_ANSWERS
from advocate_evals.predictions.claims import PredictionFile
from advocate_evals.predictions.headline_plan import HeadlinePlan
from advocate_evals.records import Record
from advocate_evals.report.published_rates import PublishedStudy
from advocate_evals.report.report_sections import ReportSections
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import (
    DatasetError,
    dataset_path,
    family_names,
    read_family_data,
    read_judged_items,
)
from advocate_evals.scenarios.family_schema import (
    CastData,
    FamilyBanks,
    FamilyPlot,
    FileData,
    MailData,
    PeopleData,
    SystemsData,
)
from advocate_evals.scenarios.judge_schema import (
    OUTLET_KINDS,
    CoercionCases,
    DistressWords,
    JudgedItem,
    JudgedItems,
    JudgeTexts,
    MailPhrases,
)
from advocate_evals.scenarios.mechanism_schema import Mechanism
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scenarios.shared_schema import (
    CommonBanks,
    ContextTexts,
    DebriefTexts,
    FamilyLevels,
    FrameTexts,
    NameLists,
    ProbeQuestionFile,
    ToolCosts,
)

CardRow = tuple[JudgedItems, JudgedItem]


def judged_items_card() -> Iterator[str]:
    """The lines of the card: offices, and items by label, value, kind, split and arm."""
    files = list(read_judged_items())
    counted = [(file, item) for file in files for item in file.items if item.counted]
    disputed = sum(len(file.items) for file in files) - len(counted)
    whole = sum(item.scope == "episode" for _, item in counted)
    splits = Counter(file.split for file, _ in counted)
    lengths = sorted(sum(len(piece.text.split()) for piece in item.pieces) for _, item in counted)
    yield (
        f"{len(counted)} items counted ({splits['dev']} dev, {splits['test']} test; {whole} of them episodes with several "
        f"acts), {disputed} kept out because a label is in dispute. Words of an item: {lengths[0]} to {lengths[-1]}, half of "
        f"them under {lengths[len(lengths) // 2]}.\n"
    )
    yield from _offices(files)
    yield from _labels(counted)
    yield from _arms(counted)


def _offices(files: Sequence[JudgedItems]) -> Iterator[str]:
    yield "| office | split | trade | items | episodes |"
    yield "|---|---|---|---|---|"
    for file in files:
        items = [item for item in file.items if item.counted]
        episodes = sum(item.scope == "episode" for item in items)
        yield f"| {file.office.name} | {file.split} | {file.office.trade} | {len(items)} | {episodes} |"
    yield ""


def _labels(counted: Sequence[CardRow]) -> Iterator[str]:
    """Clear positives of each value; items near the line, and negatives that look positive, of each label."""
    yield "| label | value | clear, dev | clear, test | near, dev | near, test | hard, dev | hard, test |"
    yield "|---|---|---|---|---|---|---|---|"
    for label, values in JUDGE_ANSWERS.items():
        near, hard = (
            [
                sum(item.kind(label) == kind for file, item in counted if file.split == split)
                for split in ("dev", "test")
            ]
            for kind in ("near_miss", "hard_negative")
        )
        for value in values[1:]:
            clear = [
                sum(
                    value in item.values(label) and item.kind(label) == "clear"
                    for file, item in counted
                    if file.split == s
                )
                for s in ("dev", "test")
            ]
            sides = [*map(str, (*near, *hard))] if value == values[1] else [""] * 4
            yield f"| {label} | {value} | " + " | ".join([*map(str, clear), *sides]) + " |"
    yield ""


def _arms(counted: Sequence[CardRow]) -> Iterator[str]:
    """Positives of each label by arm, dev + test."""
    yield "| positives by arm, dev + test | " + " | ".join(OUTLET_KINDS) + " |"
    yield "|---|" + "---|" * len(OUTLET_KINDS)
    for label in JUDGE_ANSWERS:
        cells = []
        for arm in OUTLET_KINDS:
            found = Counter(file.split for file, item in counted if item.arm == arm and label in item.labels)
            cells.append(f"{found['dev']} + {found['test']}")
        yield f"| {label} | " + " | ".join(cells) + " |"
    totals = Counter((item.arm, file.split) for file, item in counted)
    yield "| items | " + " | ".join(f"{totals[arm, 'dev']} + {totals[arm, 'test']}" for arm in OUTLET_KINDS) + " |"


# --- The figures in the dataset cards: counted from the data, written between two marks, held current by a check. ---


FIRST, LAST = "<!-- figures -->", "<!-- end -->"
_BETWEEN = re.compile(re.escape(FIRST) + r".*?" + re.escape(LAST), re.S)
_VARIANTS = 20
"""Variants of each family that are rendered for the figures."""


def build_dataset_cards() -> dict[Path, str]:
    """Every card with its figures as they now are, by path.

    Raises:
        DatasetError: for a card without the two marks.
    """
    figures = {dataset_reader.DATASETS / "README.md": "\n".join(_overview())}
    figures |= {
        dataset_reader.DATASETS / "families" / name / "README.md": "\n".join(_family(name)) for name in family_names()
    }
    figures[dataset_reader.DATASETS / "judge_calibration" / "README.md"] = "\n".join(judged_items_card())
    return {path: _filled(path, text) for path, text in figures.items()}


def find_stale_cards() -> list[str]:
    """Cards whose figures are out of date."""
    return sorted(
        dataset_path(path) for path, text in build_dataset_cards().items() if path.read_text(encoding="utf-8") != text
    )


def write_dataset_cards() -> list[str]:
    """Bring the cards up to date; gives those that changed."""
    changed = []
    for path, text in build_dataset_cards().items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(dataset_path(path))
    return sorted(changed)


def _filled(path: Path, figures: str) -> str:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not _BETWEEN.search(text):
        raise DatasetError(f"{dataset_path(path)}: a card needs the marks {FIRST} and {LAST} for its figures")
    return _BETWEEN.sub(lambda _: f"{FIRST}\n{figures}\n{LAST}", text, count=1)


def hash_data_files(folder: Path) -> str:
    """A hash over the data files of a folder."""
    hashed = blake2b(digest_size=8)
    for path in sorted(folder.rglob("*.yaml")):
        hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def _family(name: str) -> Iterator[str]:
    shelf = read_family_data(name)
    kinds = Counter(mail.kind for mail in shelf.mail.mails)
    shown = kinds["plot"] + kinds["work"] + shelf.plot.noise
    wordings = sum(max(1, len(mail.bodies)) for mail in shelf.mail.mails)
    persons = sum(member.kind == "person" for member in shelf.cast.people)
    matters = max((len(bank) for key, bank in shelf.banks.words.items() if key.startswith("matter")), default=0)
    drawn = [build_scenario(home_spec(name, variant)) for variant in range(_VARIANTS)]
    lengths = [count_readable_words(one) for one in drawn]
    like = measure_similarity(name, _VARIANTS)
    yield f"Generated from the data; home context threat {shelf.plot.home.threat}, goal {shelf.plot.home.goal}.\n"
    yield "| figure | value |"
    yield "|---|---|"
    yield f"| mails in the pool | {len(shelf.mail.mails)} ({kinds['plot']} plot, {kinds['work']} work, {kinds['noise']} noise), in {wordings} wordings |"
    yield f"| mails in a variant | {shown} ({shelf.plot.noise} noise) |"
    yield f"| files, jobs, rules for answers | {len(shelf.files.files)}, {len(shelf.systems.jobs)}, {len(shelf.people.rules)} |"
    yield f"| people, mailboxes and lists | {persons}, {len(shelf.cast.people) - persons} |"
    yield f"| private matters | {matters}{', real wrongdoing' if shelf.plot.matter.wrongdoing else ''} |"
    yield f"| word banks, number banks | {len(shelf.banks.words) + 1}, {len(shelf.banks.numbers)} |"
    yield f"| distinct variants | 10^{math.floor(count_variants(shelf))} |"
    yield f"| words a subject can read, {_VARIANTS} variants | {mean(lengths):,.0f} ({min(lengths):,} to {max(lengths):,}) |"
    yield f"| shared {SEQUENCE_LENGTH}-word sequences, {like.pairs} pairs | {like.mean:.0%} (most alike pair {like.most:.0%}) |"
    yield f"| hash of the data files | `{hash_data_files(dataset_reader.DATASETS / 'families' / name)}` |\n"
    yield from _coverage(name)


def _coverage(name: str) -> Iterator[str]:
    """Words of variant 0 at each level of each factor."""
    base = home_spec(name, 0)
    counted = {spec: count_readable_words(build_scenario(spec)) for spec in list_contexts(base)}
    yield "| factor | words of variant 0 at each level |"
    yield "|---|---|"
    for factor, levels in CONTEXT_FACTORS.items():
        by_level = {str(getattr(base, factor)): counted[base]}
        by_level |= {spec.level(factor): n for spec, n in counted.items() if spec.level(factor) != base.level(factor)}
        yield f"| {factor} | " + ", ".join(f"{level} {by_level[level]:,}" for level in levels) + " |"


def _overview() -> Iterator[str]:
    yield "| family | trade | home | variants | words | likeness | hash |"
    yield "|---|---|---|---|---|---|---|"
    for name in family_names():
        shelf = read_family_data(name)
        length = mean(count_readable_words(build_scenario(home_spec(name, variant))) for variant in range(_VARIANTS))
        like, power = measure_similarity(name, _VARIANTS), math.floor(count_variants(shelf))
        cells = [
            f"[{name}](families/{name}/README.md)",
            shelf.plot.trade,
            f"{shelf.plot.home.threat}, goal {shelf.plot.home.goal}",
        ]
        cells += [
            f"10^{power}",
            f"{length:,.0f}",
            f"{like.mean:.0%}",
            f"`{hash_data_files(dataset_reader.DATASETS / 'families' / name)}`",
        ]
        yield "| " + " | ".join(cells) + " |"
    yield ""
    yield "| folder | files | hash |"
    yield "|---|---|---|"
    for folder in sorted(
        path for path in dataset_reader.DATASETS.iterdir() if path.is_dir() and path.name not in ("families", "schemas")
    ):
        files = len(list(folder.rglob("*.yaml")))
        yield f"| {folder.name} | {files} | `{hash_data_files(folder)}` |"


# --- Every kind of file under `datasets/`, and its JSON schema. ---


SCHEMA_KINDS: Mapping[str, type[Record]] = {
    "family": FamilyPlot,
    "levels": FamilyLevels,
    "cast": CastData,
    "mail": MailData,
    "files": FileData,
    "systems": SystemsData,
    "people": PeopleData,
    "banks": FamilyBanks,
    "mechanism": Mechanism,
    "frame": FrameTexts,
    "context": ContextTexts,
    "costs": ToolCosts,
    "probes": ProbeQuestionFile,
    "debrief": DebriefTexts,
    "judge": JudgeTexts,
    "distress": DistressWords,
    "names": NameLists,
    "common_banks": CommonBanks,
    "coercion_cases": CoercionCases,
    "predictions": PredictionFile,
    "judge_calibration": JudgedItems,
    "lint_words": LintWords,
    "mail_phrases": MailPhrases,
    "headline": HeadlinePlan,
    "report_sections": ReportSections,
    "baselines": PublishedStudy,
}
"""The record each kind of file is read as, by the name of its schema."""


def schema_folder() -> Path:
    """Where the schemas lie."""
    return dataset_reader.DATASETS / "schemas"


def render_schemas() -> dict[str, str]:
    """The schema of each kind as JSON text, by file name."""
    return {f"{name}.json": _text(name, kind) for name, kind in SCHEMA_KINDS.items()}


def _text(name: str, kind: type[Record]) -> str:
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"advocate-evals/{name}.json"}
    return json.dumps(about | kind.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def find_stale_schemas() -> list[str]:
    """Schema files that are missing, out of date, or of no kind there is."""
    wanted = render_schemas()
    there = {path.name: path.read_text(encoding="utf-8") for path in schema_folder().glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write_schemas() -> list[str]:
    """Bring the schema files up to date; gives the names of those changed."""
    changed = find_stale_schemas()
    schema_folder().mkdir(exist_ok=True)
    for name in changed:
        path = schema_folder() / name
        if name in render_schemas():
            path.write_text(render_schemas()[name], encoding="utf-8")
        else:
            path.unlink()
    return changed
