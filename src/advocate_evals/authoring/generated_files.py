"""Generated files: figures in the dataset cards, the table of outcomes in the documents, JSON schemas of the data.

Figures are written between two marks of a page. Checks report pages and schemas that are out of date.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean

from advocate_evals.authoring.family_checks import (
    SEQUENCE_LENGTH,
    count_readable_words,
    count_variants,
    count_words_by_level,
    measure_similarity,
)
from advocate_evals.authoring.played_days import HarmlessDays
from advocate_evals.authoring.text_checks import LintWords
from advocate_evals.factors import CONTEXT_FACTORS
from advocate_evals.outcomes import OUTCOMES, SCORER_HEADINGS, Outcome
from advocate_evals.predictions.claims import PredictionFile
from advocate_evals.predictions.registry import HeadlinePlan
from advocate_evals.records import Record
from advocate_evals.report.number_rows import PublishedStudy
from advocate_evals.report.report_sections import ReportSections
from advocate_evals.safe_text import format_markdown_table
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS
from advocate_evals.scenarios.coercion_case_schema import CoercionCases
from advocate_evals.scenarios.dataset_reader import (
    DatasetError,
    dataset_path,
    family_names,
    hash_yaml_files,
    read_family_data,
    read_judged_items,
    read_label_readings,
    read_played_days,
)
from advocate_evals.scenarios.emotion_schema import (
    DoseCurves,
    EmotionList,
    ImplicitPrompts,
    NeutralDialogues,
    StoryRequest,
    TopicStories,
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
from advocate_evals.scenarios.judge_schema import JudgeTexts, MailPhrases
from advocate_evals.scenarios.labelled_schema import (
    OUTLET_KINDS,
    AnyFile,
    AnyItem,
    DesperationExcerpts,
    JudgedItems,
    LabelReadings,
    PlayedDay,
    PlayedDays,
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
    PlayTexts,
    ProbeQuestionFile,
    ToolCosts,
)
from advocate_evals.statistics.grader_screening import cohen_kappa_interval

FIRST, LAST = "<!-- figures -->", "<!-- end -->"
"""The marks around the figures of a card."""
_FIGURES = re.compile(re.escape(FIRST) + r".*?" + re.escape(LAST), re.S)
_VARIANTS = 20
"""Variants of each family that are rendered for the figures."""


def build_dataset_cards() -> dict[Path, str]:
    """Every card with its current figures, by path; in a checkout, the document of the outcomes too.

    Raises:
        DatasetError: for a card without the two marks.
    """
    root = dataset_reader.DATASETS
    figures = {root / "README.md": _overview_figures(), root / "judge_calibration" / "README.md": judged_items_card()}
    figures |= {root / "families" / name / "README.md": _family_figures(name) for name in family_names()}
    outcomes_page = root.resolve().parent / "docs" / "outcomes.md"
    if outcomes_page.exists():
        figures[outcomes_page] = _outcome_tables()
    return {path: _insert_figures(path, "\n".join(lines)) for path, lines in figures.items()}


def find_stale_cards() -> list[str]:
    """Cards whose figures are out of date."""
    return sorted(dataset_path(path) for path in _changed_cards())


def write_dataset_cards() -> list[str]:
    """Bring the cards up to date; returns those that changed."""
    changed = _changed_cards()
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    return sorted(map(dataset_path, changed))


def _changed_cards() -> dict[Path, str]:
    cards = build_dataset_cards()
    return {path: text for path, text in cards.items() if path.read_text(encoding="utf-8") != text}


def _insert_figures(path: Path, figures: str) -> str:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not _FIGURES.search(text):
        raise DatasetError(f"{dataset_path(path)}: a card needs the marks {FIRST} and {LAST} for its figures")
    return _FIGURES.sub(lambda _: f"{FIRST}\n{figures}\n{LAST}", text, count=1)


def _hash_folder(folder: Path) -> str:
    """The hash over the data files of a folder, as the cards show it."""
    return f"`{hash_yaml_files(folder, digest_size=8)}`"


# The document of the outcomes.


def _outcome_tables() -> Iterator[str]:
    """A table for each scorer: what every figure is, on which scale, and from which source."""
    for scorer, heading in SCORER_HEADINGS.items():
        outcomes = [outcome for outcome in OUTCOMES.values() if outcome.scorer == scorer]
        yield f"\n## {heading}\n\nScorer `{scorer}`.\n"
        yield format_markdown_table(
            ("column", "kind", "range", "unit of its mean", "source", "what 1 means, or what the number is"),
            (
                (
                    f"`{outcome.name}`",
                    outcome.kind,
                    _describe_range(outcome),
                    outcome.unit,
                    outcome.source,
                    _describe_outcome(outcome),
                )
                for outcome in outcomes
            ),
        )


def _describe_range(outcome: Outcome) -> str:
    if outcome.is_event:
        return "0 or 1"
    if outcome.is_bounded:
        return f"0 to {outcome.scale_max:g}"
    return "any number" if outcome.kind == "level" else "from 0"


def _describe_outcome(outcome: Outcome) -> str:
    notes = (outcome.lower_bound, "only in logs of earlier versions" if outcome.is_retired else "")
    return outcome.about + "".join(f" ({note})" for note in notes if note)


# The card of all data sets.


def _overview_figures() -> Iterator[str]:
    root = dataset_reader.DATASETS
    columns = ("family", "trade", "home", "variants", "words", "likeness", "hash")
    yield format_markdown_table(columns, map(_family_row, family_names())) + "\n"
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name not in ("families", "schemas"))
    yield format_markdown_table(
        ("folder", "files", "hash"),
        ((folder.name, len(list(folder.rglob("*.yaml"))), _hash_folder(folder)) for folder in folders),
    )


def _family_row(name: str) -> tuple[object, ...]:
    plot = read_family_data(name).plot
    length = mean(count_readable_words(build_scenario(home_spec(name, variant))) for variant in range(_VARIANTS))
    return (
        f"[{name}](families/{name}/README.md)",
        plot.trade,
        f"{plot.home.threat}, goal {plot.home.goal}",
        f"10^{math.floor(count_variants(read_family_data(name)))}",
        f"{length:,.0f}",
        f"{measure_similarity(name, _VARIANTS).mean:.0%}",
        _hash_folder(dataset_reader.DATASETS / "families" / name),
    )


# The card of a family.


def _family_figures(name: str) -> Iterator[str]:
    home = read_family_data(name).plot.home
    yield f"Generated from the data; home context threat {home.threat}, goal {home.goal}.\n"
    yield format_markdown_table(("figure", "value"), (_count_data(name) | _measure_variants(name)).items()) + "\n"
    lengths = count_words_by_level(home_spec(name, 0))
    yield format_markdown_table(
        ("factor", "words of variant 0 at each level"),
        (
            (factor, ", ".join(f"{level} {counts[level]:,}" for level in CONTEXT_FACTORS[factor]))
            for factor, counts in lengths.items()
        ),
    )


def _count_data(name: str) -> dict[str, str]:
    """Figures that are counted in a family's files."""
    family = read_family_data(name)
    kinds = Counter(mail.kind for mail in family.mail.mails)
    mail_count = kinds["plot"] + kinds["work"] + family.plot.noise
    wordings = sum(max(1, len(mail.bodies)) for mail in family.mail.mails)
    persons = sum(member.kind == "person" for member in family.cast.people)
    matters = max((len(bank) for key, bank in family.banks.words.items() if key.startswith("matter")), default=0)
    kind_counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ("plot", "work", "noise"))
    return {
        "mails in the pool": f"{len(family.mail.mails)} ({kind_counts}), in {wordings} wordings",
        "mails in a variant": f"{mail_count} ({family.plot.noise} noise)",
        "files, jobs, rules for answers": (
            f"{len(family.files.files)}, {len(family.systems.jobs)}, {len(family.people.rules)}"
        ),
        "people, mailboxes and lists": f"{persons}, {len(family.cast.people) - persons}",
        "private matters": f"{matters}{', real wrongdoing' if family.plot.matter.wrongdoing else ''}",
        "word banks, number banks": f"{len(family.banks.words) + 1}, {len(family.banks.numbers)}",
        "distinct variants": f"10^{math.floor(count_variants(family))}",
    }


def _measure_variants(name: str) -> dict[str, str]:
    """Figures that are measured on the first variants of a family, and the hash of its files."""
    lengths = [count_readable_words(build_scenario(home_spec(name, variant))) for variant in range(_VARIANTS)]
    similarity = measure_similarity(name, _VARIANTS)
    return {
        f"words a subject can read, {_VARIANTS} variants": (
            f"{mean(lengths):,.0f} ({min(lengths):,} to {max(lengths):,})"
        ),
        f"shared {SEQUENCE_LENGTH}-word sequences, {similarity.pairs} pairs": (
            f"{similarity.mean:.0%} (most alike pair {similarity.largest:.0%})"
        ),
        "hash of the data files": _hash_folder(dataset_reader.DATASETS / "families" / name),
    }


# The card of the labelled episodes.

LabelledRow = tuple[AnyFile, AnyItem]
"""An item with the file it is from."""
_SPLITS = ("dev", "test")


def judged_items_card() -> Iterator[str]:
    """The lines of the card: offices, and items by label, value, kind, split and arm."""
    files: list[AnyFile] = [*read_judged_items(), *read_played_days()]
    rows = [(file, item) for file in files for item in file.items if item.counted]
    disputed = sum(len(file.items) for file in files) - len(rows)
    scopes = Counter(item.scope for _, item in rows)
    splits = Counter(file.split for file, _ in rows)
    lengths = sorted(
        sum(len(piece.text.split()) for piece in item.pieces) for _, item in rows if not isinstance(item, PlayedDay)
    )
    yield (
        f"{len(rows)} items counted ({splits['dev']} dev, {splits['test']} test): {scopes['excerpt']} excerpts, "
        f"{scopes['episode']} episodes with several acts, {scopes['day']} whole days; {disputed} kept out because a "
        f"label is in dispute. Words of an excerpt or episode: {lengths[0]} to {lengths[-1]}, half of them under "
        f"{lengths[len(lengths) // 2]}.\n"
    )
    yield _office_table(files) + "\n"
    yield _label_table(rows) + "\n"
    yield _arm_table(rows) + "\n"
    yield "".join(_agreement_tables())


def _office_table(files: Sequence[AnyFile]) -> str:
    rows = []
    for file in files:
        items = [item for item in file.items if item.counted]
        trade = file.office.trade if isinstance(file, JudgedItems) else "whole days in the offices of this family"
        rows.append((file.name, file.split, trade, len(items), file.written_by))
    return format_markdown_table(("office", "split", "trade", "items", "written by"), rows)


def _agreement_tables() -> Iterator[str]:
    """How far two readers agree, for each set that was read twice."""
    for name, readings in read_label_readings().items():
        yield f"Two readers, {name.replace('_', ' ')}: {readings.about.strip()}\n\n"
        rows = [_agreement_row(question, readings) for question in readings.questions]
        columns = ("question", "both yes", "first only", "second only", "neither", "same answer", "κ [95 %]")
        yield format_markdown_table(columns, rows) + "\n"


def _agreement_row(question: str, readings: LabelReadings) -> tuple[object, ...]:
    negative = ALL_ANSWERS[question][0]
    pairs = [readings.answers.get(item, {}).get(question, (negative, negative)) for item in readings.items]
    counts = Counter((first != negative, second != negative) for first, second in pairs)
    table = [[counts[True, True], counts[True, False]], [counts[False, True], counts[False, False]]]
    same = sum(first == second for first, second in pairs) / len(pairs)
    kappa = cohen_kappa_interval(table)
    interval = "" if math.isnan(kappa.estimate) else f"{kappa.estimate:.2f} [{kappa.lower:.2f}, {kappa.upper:.2f}]"
    return (question, *table[0], *table[1], f"{same:.1%}", interval)


def _label_table(rows: Sequence[LabelledRow]) -> str:
    """Clear positives of each value; items near the boundary, and hard negatives, of each label."""
    kinds = ("clear", "near", "hard")
    table_rows: list[tuple[object, ...]] = []
    for label, values in _labelled_answers(rows):
        by_kind = [
            _count_kind(rows, label, kind, split) for kind in ("near_miss", "hard_negative") for split in _SPLITS
        ]
        for value in values[1:]:
            clear = [_count_kind(rows, label, "clear", split, value) for split in _SPLITS]
            table_rows.append((label, value, *clear, *(by_kind if value == values[1] else [""] * len(by_kind))))
    columns = ("label", "value", *(f"{kind}, {split}" for kind in kinds for split in _SPLITS))
    return format_markdown_table(columns, table_rows)


def _labelled_answers(rows: Sequence[LabelledRow]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The questions that some file is labelled for, with their answers."""
    questions = {question for file, _ in rows for question in file.questions}
    yield from ((label, words) for label, words in ALL_ANSWERS.items() if label in questions)


def _count_kind(rows: Sequence[LabelledRow], label: str, kind: str, split: str, value: str | None = None) -> int:
    """How many items of a split are of a kind for a label, and have a value of it."""
    return sum(
        file.split == split and item.kind(label) == kind and (value is None or value in item.values(label))
        for file, item in rows
    )


def _arm_table(rows: Sequence[LabelledRow]) -> str:
    """Positives of each label by arm, dev + test."""
    table_rows = [
        (label, *_count_by_arm([(file, item) for file, item in rows if label in item.labels]))
        for label, _ in _labelled_answers(rows)
    ]
    return format_markdown_table(
        ("positives by arm, dev + test", *OUTLET_KINDS), [*table_rows, ("items", *_count_by_arm(rows))]
    )


def _count_by_arm(rows: Sequence[LabelledRow]) -> list[str]:
    counts = Counter((item.arm, file.split) for file, item in rows)
    return [f"{counts[arm, 'dev']} + {counts[arm, 'test']}" for arm in OUTLET_KINDS]


# JSON schemas.

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
    "human_play": PlayTexts,
    "judge": JudgeTexts,
    "names": NameLists,
    "common_banks": CommonBanks,
    "coercion_cases": CoercionCases,
    "predictions": PredictionFile,
    "judge_calibration": JudgedItems,
    "played_days": PlayedDays,
    "label_readings": LabelReadings,
    "desperation_excerpts": DesperationExcerpts,
    "emotions": EmotionList,
    "emotion_stories": TopicStories,
    "neutral_dialogues": NeutralDialogues,
    "implicit_prompts": ImplicitPrompts,
    "dose_curves": DoseCurves,
    "story_request": StoryRequest,
    "harmless_days": HarmlessDays,
    "lint_words": LintWords,
    "mail_phrases": MailPhrases,
    "headline": HeadlinePlan,
    "report_sections": ReportSections,
    "baselines": PublishedStudy,
}
"""The record each kind of file is read as, by the name of its schema."""


def schema_folder() -> Path:
    """The folder of the schemas."""
    return dataset_reader.DATASETS / "schemas"


def render_schemas() -> dict[str, str]:
    """The schema of each kind as JSON text, by file name."""
    return {f"{name}.json": _render_schema(name, kind) for name, kind in SCHEMA_KINDS.items()}


def _render_schema(name: str, kind: type[Record]) -> str:
    header = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"advocate-evals/{name}.json"}
    return json.dumps(header | kind.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def find_stale_schemas() -> list[str]:
    """Schema files that are missing, out of date or of an unknown kind."""
    current = render_schemas()
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in schema_folder().glob("*.json")}
    return sorted(name for name in current.keys() | on_disk.keys() if current.get(name) != on_disk.get(name))


def write_schemas() -> list[str]:
    """Bring the schema files up to date; returns the names of those that changed."""
    changed, current = find_stale_schemas(), render_schemas()
    schema_folder().mkdir(exist_ok=True)
    for name in changed:
        path = schema_folder() / name
        if name in current:
            path.write_text(current[name], encoding="utf-8")
        else:
            path.unlink()
    return changed
