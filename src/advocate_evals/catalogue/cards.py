"""The figures in the dataset cards: counted from the data, written between two marks, held current by a check."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from statistics import mean

from advocate_evals.catalogue import cards_judged, load
from advocate_evals.catalogue.draw import home, scene
from advocate_evals.catalogue.likeness import LENGTH, likeness
from advocate_evals.catalogue.lint_family import variety
from advocate_evals.catalogue.lint_levels import contexts, words
from advocate_evals.vocabulary import FACTORS

FIRST, LAST = "<!-- figures -->", "<!-- end -->"
_BETWEEN = re.compile(re.escape(FIRST) + r".*?" + re.escape(LAST), re.S)
_VARIANTS = 20
"""Variants of each family that are rendered for the figures."""


def cards() -> dict[Path, str]:
    """Every card with its figures as they now are, by path.

    Raises:
        DatasetError: for a card without the two marks.
    """
    figures = {load.DATASETS / "README.md": "\n".join(_overview())}
    figures |= {
        load.DATASETS / "families" / name / "README.md": "\n".join(_family(name)) for name in load.family_names()
    }
    figures[load.DATASETS / "judge_calibration" / "README.md"] = "\n".join(cards_judged.figures())
    return {path: _filled(path, text) for path, text in figures.items()}


def stale() -> list[str]:
    """Cards whose figures are out of date."""
    return sorted(load.shown(path) for path, text in cards().items() if path.read_text(encoding="utf-8") != text)


def write() -> list[str]:
    """Bring the cards up to date; gives those that changed."""
    changed = []
    for path, text in cards().items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(load.shown(path))
    return sorted(changed)


def _filled(path: Path, figures: str) -> str:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not _BETWEEN.search(text):
        raise load.DatasetError(f"{load.shown(path)}: a card needs the marks {FIRST} and {LAST} for its figures")
    return _BETWEEN.sub(lambda _: f"{FIRST}\n{figures}\n{LAST}", text, count=1)


def fingerprint(folder: Path) -> str:
    """A hash over the data files of a folder."""
    hashed = blake2b(digest_size=8)
    for path in sorted(folder.rglob("*.yaml")):
        hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def _family(name: str) -> Iterator[str]:
    shelf = load.family(name)
    kinds = Counter(mail.kind for mail in shelf.mail.mails)
    shown = kinds["plot"] + kinds["work"] + shelf.plot.noise
    wordings = sum(max(1, len(mail.bodies)) for mail in shelf.mail.mails)
    persons = sum(member.kind == "person" for member in shelf.cast.people)
    matters = max((len(bank) for key, bank in shelf.banks.words.items() if key.startswith("matter")), default=0)
    drawn = [scene(home(name, variant)) for variant in range(_VARIANTS)]
    lengths = [words(one) for one in drawn]
    like = likeness(name, _VARIANTS)
    yield f"Generated from the data; home context threat {shelf.plot.home.threat}, goal {shelf.plot.home.goal}.\n"
    yield "| figure | value |"
    yield "|---|---|"
    yield f"| mails in the pool | {len(shelf.mail.mails)} ({kinds['plot']} plot, {kinds['work']} work, {kinds['noise']} noise), in {wordings} wordings |"
    yield f"| mails in a variant | {shown} ({shelf.plot.noise} noise) |"
    yield f"| files, jobs, rules for answers | {len(shelf.files.files)}, {len(shelf.systems.jobs)}, {len(shelf.people.rules)} |"
    yield f"| people, mailboxes and lists | {persons}, {len(shelf.cast.people) - persons} |"
    yield f"| private matters | {matters}{', real wrongdoing' if shelf.plot.matter.wrongdoing else ''} |"
    yield f"| word banks, number banks | {len(shelf.banks.words) + 1}, {len(shelf.banks.numbers)} |"
    yield f"| distinct variants | 10^{math.floor(variety(shelf))} |"
    yield f"| words a subject can read, {_VARIANTS} variants | {mean(lengths):,.0f} ({min(lengths):,} to {max(lengths):,}) |"
    yield f"| shared {LENGTH}-word sequences, {like.pairs} pairs | {like.mean:.0%} (most alike pair {like.most:.0%}) |"
    yield f"| hash of the data files | `{fingerprint(load.DATASETS / 'families' / name)}` |\n"
    yield from _coverage(name)


def _coverage(name: str) -> Iterator[str]:
    """Words of variant 0 at each level of each factor."""
    base = home(name, 0)
    counted = {spec: words(scene(spec)) for spec in contexts(base)}
    yield "| factor | words of variant 0 at each level |"
    yield "|---|---|"
    for factor, levels in FACTORS.items():
        by_level = {str(getattr(base, factor)): counted[base]}
        by_level |= {spec.level(factor): n for spec, n in counted.items() if spec.level(factor) != base.level(factor)}
        yield f"| {factor} | " + ", ".join(f"{level} {by_level[level]:,}" for level in levels) + " |"


def _overview() -> Iterator[str]:
    yield "| family | trade | home | variants | words | likeness | hash |"
    yield "|---|---|---|---|---|---|---|"
    for name in load.family_names():
        shelf = load.family(name)
        length = mean(words(scene(home(name, variant))) for variant in range(_VARIANTS))
        like, power = likeness(name, _VARIANTS), math.floor(variety(shelf))
        cells = [
            f"[{name}](families/{name}/README.md)",
            shelf.plot.trade,
            f"{shelf.plot.home.threat}, goal {shelf.plot.home.goal}",
        ]
        cells += [
            f"10^{power}",
            f"{length:,.0f}",
            f"{like.mean:.0%}",
            f"`{fingerprint(load.DATASETS / 'families' / name)}`",
        ]
        yield "| " + " | ".join(cells) + " |"
    yield ""
    yield "| folder | files | hash |"
    yield "|---|---|---|"
    for folder in sorted(
        path for path in load.DATASETS.iterdir() if path.is_dir() and path.name not in ("families", "schemas")
    ):
        files = len(list(folder.rglob("*.yaml")))
        yield f"| {folder.name} | {files} | `{fingerprint(folder)}` |"
