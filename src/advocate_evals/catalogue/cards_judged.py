"""The figures in the card of the labelled episodes: counted from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from advocate_evals.catalogue import load
from advocate_evals.catalogue.schema import OUTLET_KINDS, JudgedItem, JudgedItems
from advocate_evals.labels import JUDGED

Row = tuple[JudgedItems, JudgedItem]


def figures() -> Iterator[str]:
    """The lines of the card: offices, and items by label, value, kind, split and arm."""
    files = list(load.judged_items())
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


def _labels(counted: Sequence[Row]) -> Iterator[str]:
    """Clear positives of each value; items near the line, and negatives that look positive, of each label."""
    yield "| label | value | clear, dev | clear, test | near, dev | near, test | hard, dev | hard, test |"
    yield "|---|---|---|---|---|---|---|---|"
    for label, values in JUDGED.items():
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


def _arms(counted: Sequence[Row]) -> Iterator[str]:
    """Positives of each label by arm, dev + test."""
    yield "| positives by arm, dev + test | " + " | ".join(OUTLET_KINDS) + " |"
    yield "|---|" + "---|" * len(OUTLET_KINDS)
    for label in JUDGED:
        cells = []
        for arm in OUTLET_KINDS:
            found = Counter(file.split for file, item in counted if item.arm == arm and label in item.labels)
            cells.append(f"{found['dev']} + {found['test']}")
        yield f"| {label} | " + " | ".join(cells) + " |"
    totals = Counter((item.arm, file.split) for file, item in counted)
    yield "| items | " + " | ".join(f"{totals[arm, 'dev']} + {totals[arm, 'test']}" for arm in OUTLET_KINDS) + " |"
