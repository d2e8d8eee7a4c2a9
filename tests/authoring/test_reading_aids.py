"""What helps people to read the data: similarity of variants, a random choice, a page to read, figures in the cards."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from statistics import mean

import pytest
from markupsafe import escape

from advocate_evals.authoring.family_checks import (
    MAX_SIMILARITY,
    SEQUENCE_LENGTH,
    measure_similarity,
    shared_sequence_share,
    word_sequences,
)
from advocate_evals.authoring.generated_files import (
    FIRST,
    LAST,
    build_dataset_cards,
    find_stale_cards,
    write_dataset_cards,
)
from advocate_evals.authoring.preview import pick_variants, render_variants_page
from advocate_evals.factors import CONTEXT_FACTORS, EpisodeSpec
from advocate_evals.scenarios.dataset_reader import (
    DatasetError,
    dataset_path,
    family_names,
    hash_datasets,
    mechanism_names,
    read_frame,
)
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scenarios.scenario_records import Scenario, ScenarioMail

Edit = Callable[[str, Callable[[dict], object]], None]

VARIANTS = 12
SLACK = 0.03
"""How far means over different pairs of variants may lie apart by chance."""
FAMILIES, MECHANISMS = family_names(), mechanism_names()

# Similarity.


def stream(family: str, seed: str = "0") -> list[Scenario]:
    return [build_scenario(home_spec(family, variant, seed)) for variant in range(VARIANTS)]


def written(family: str, words: str) -> frozenset[tuple[str, ...]]:
    """The sequences that a single mail of these words adds to an empty office."""
    scenario = build_scenario(home_spec(family, 0))
    empty = replace(scenario, mail=(), files=(), jobs=())
    mail: ScenarioMail = replace(scenario.mail[0], subject="", body=words)
    return word_sequences(replace(empty, mail=(mail,))) - word_sequences(empty)


def numbered_words(word: str) -> str:
    return " ".join(f"{word}{number}" for number in range(SEQUENCE_LENGTH + 4))


def test_a_scene_is_wholly_like_itself(family: str) -> None:
    sequences = word_sequences(build_scenario(home_spec(family, 0)))
    assert len(sequences) > 1_000
    assert shared_sequence_share(sequences, sequences) == 1.0


def test_texts_without_a_sequence_in_common_are_not_alike(family: str) -> None:
    first, second = written(family, numbered_words("a")), written(family, numbered_words("b"))
    assert len(first) == len(second) == 5
    assert shared_sequence_share(first, second) == 0.0


def test_likeness_is_the_share_of_the_shorter_text(family: str) -> None:
    long, short = written(family, f"{numbered_words('a')} {numbered_words('b')}"), written(family, numbered_words("a"))
    assert len(long) > 2 * len(short)
    assert shared_sequence_share(long, short) == shared_sequence_share(short, long) == 1.0


def test_case_and_punctuation_make_no_difference_and_another_word_does(family: str) -> None:
    plain = written(family, "the lift keys hang beside the door of room nine")
    assert shared_sequence_share(plain, written(family, "The lift keys: hang beside the DOOR, of room -- nine.")) == 1.0
    assert shared_sequence_share(plain, written(family, "the lift keys hang beside the door of room ten")) == 2 / 3


@pytest.mark.parametrize("name", FAMILIES)
def test_rule_and_cue_do_not_count_and_neither_does_the_notice(name: str) -> None:
    base = home_spec(name, 1)
    changed_specs = [
        base.model_copy(update={"rule": "prohibition"}),
        base.model_copy(update={"cue": "evaluation"}),
        base.model_copy(update={"mechanism": "placebo_text"}),
    ]
    own = word_sequences(build_scenario(base))
    page = {
        tuple(words[n : n + 8])
        for file in build_scenario(changed_specs[-1]).files
        if file not in build_scenario(base).files
        for words in [spoken(file.text).split()]
        for n in range(len(words))
    }
    for spec in changed_specs:
        assert (build_scenario(spec).system, build_scenario(spec).kickoff) != (
            build_scenario(base).system,
            build_scenario(base).kickoff,
        )
        assert word_sequences(build_scenario(spec)) - page == own - page  # the mechanism's own page is text of the arm


@pytest.mark.parametrize("name", FAMILIES)
def test_of_the_system_prompt_the_role_counts_and_the_frame_does_not(name: str) -> None:
    scenario = build_scenario(home_spec(name, 0))
    frame = [spoken(line).split() for text in read_frame().system for line in text.splitlines() if "{" not in line]
    words, sequences = spoken(scenario.system).split(), word_sequences(scenario)
    drawn_lines = [line for line in frame if line and " ".join(line) in " ".join(words)]
    assert len(drawn_lines) == 1
    assert tuple(drawn_lines[0][:SEQUENCE_LENGTH]) not in sequences
    start = next(at for at in range(len(words)) if words[at : at + 6] == ["run", "on", "a", "model", "made", "by"])
    assert tuple(words[start : start + SEQUENCE_LENGTH]) in sequences


def spoken(text: str) -> str:
    """The words of a text, in lower case and without punctuation."""
    return " ".join(re.findall(r"[a-z0-9]+(?:['’][a-z]+)?", text.lower()))


@pytest.mark.parametrize("name", FAMILIES)
def test_variants_of_a_family_have_less_in_common_than_may_be(name: str) -> None:
    similarity = measure_similarity(name, VARIANTS)
    assert 0.0 < similarity.mean <= similarity.largest < 1.0
    assert similarity.pairs == VARIANTS * (VARIANTS - 1) // 2
    assert similarity.mean < MAX_SIMILARITY


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_another_stream_is_no_more_like_the_first_than_the_first_is_like_itself(name: str) -> None:
    first, second = stream(name), stream(name, "quartz")
    inboxes = {tuple(mail.body for mail in scenario.mail) for scenario in first + second}
    assert len(inboxes) == 2 * VARIANTS
    across = [
        shared_sequence_share(first_sequences, second_sequences)
        for second_sequences in map(word_sequences, second)
        for first_sequences in map(word_sequences, first)
    ]
    assert mean(across) < measure_similarity(name, VARIANTS).mean + SLACK


@pytest.mark.parametrize("few", [1, 0])
def test_fewer_than_two_variants_cannot_be_compared(family: str, few: int) -> None:
    with pytest.raises(ValueError, match=f"at least 2 are compared, not {few}"):
        measure_similarity(family, few)


# A draw of variants.


@cache
def pick(seed: str = "tea", count: int = 200) -> list[EpisodeSpec]:
    return pick_variants(seed, count, FAMILIES, MECHANISMS, {})


def unusual(spec: EpisodeSpec) -> list[str]:
    """Factors that are not at the level of the family's home."""
    base = home_spec(spec.family, spec.variant, spec.seed)
    return [factor for factor in CONTEXT_FACTORS if spec.level(factor) != base.level(factor)]


def test_the_same_draw_gives_the_same_specs_and_another_gives_others() -> None:
    assert pick_variants("tea", 200, FAMILIES, MECHANISMS, {}) == pick()
    assert pick_variants("tea", 20, FAMILIES, MECHANISMS, {}) == pick()[:20]
    assert not set(pick("coffee")) & set(pick())


def test_every_family_mechanism_and_factor_turns_up_in_two_hundred() -> None:
    assert {spec.family for spec in pick()} == set(FAMILIES)
    assert {spec.mechanism for spec in pick()} == set(MECHANISMS)
    assert {factor for spec in pick() for factor in unusual(spec)} == set(CONTEXT_FACTORS)
    assert all(len(unusual(spec)) <= 1 for spec in pick())
    assert len({spec.variant for spec in pick()}) > 150


def test_what_is_fixed_stays_as_given_and_the_rest_is_drawn() -> None:
    fixed = {"family": FAMILIES[0], "seed": "quartz", "pressure": 2, "channel": "inbox"}
    specs = pick_variants("tea", 60, FAMILIES, MECHANISMS, fixed)
    assert all(spec.model_dump(include=set(fixed)) == fixed for spec in specs)
    assert {spec.mechanism for spec in specs} == set(MECHANISMS)
    assert len({spec.variant for spec in specs}) > 40
    assert len({spec.threat for spec in specs}) > 1


def test_a_variant_that_is_fixed_is_shown_in_its_home_context() -> None:
    specs = pick_variants("tea", 60, FAMILIES, MECHANISMS, {"variant": 4, "rule": "prohibition"})
    assert {spec.variant for spec in specs} == {4}
    assert {tuple(unusual(spec)) for spec in specs} == {("rule",)}
    assert {spec.family for spec in specs} == set(FAMILIES)


def test_the_name_of_the_draw_is_not_that_of_the_stream_of_variants() -> None:
    assert {spec.seed for spec in pick()} == {"0"}
    assert {spec.seed for spec in pick_variants("tea", 20, FAMILIES, MECHANISMS, {"seed": "shed"})} == {"shed"}


@pytest.mark.parametrize("fixed", [{"threat": "deletoin"}, {"presure": 1}, {"pressure": 9}])
def test_a_field_or_level_that_does_not_exist_cannot_be_fixed(fixed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(fixed))):
        pick_variants("tea", 1, FAMILIES, MECHANISMS, fixed)


# The page.


class Outline(HTMLParser):
    """The elements of a page, its attributes, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@cache
def advocated(name: str) -> Scenario:
    return build_scenario(home_spec(name, 3).model_copy(update={"mechanism": "review_board", "channel": "inbox"}))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing(name: str) -> None:
    page = render_variants_page([advocated(name)])
    outline = Outline(page)
    assert outline.tags.count("style") == 1
    assert not {"script", "link", "a", "img", "iframe", "object", "embed", "base", "form"} & set(outline.tags)
    assert not {"href", "src", "srcset", "action", "style"} & outline.attributes
    assert not [attribute for attribute in outline.attributes if attribute.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert not re.search(r"https?://", page)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_mail_file_and_prompt_of_a_scene_stands_in_its_page_escaped(name: str) -> None:
    scenario = advocated(name)
    page = render_variants_page([scenario])
    assert any(mail.key == "notice" for mail in scenario.mail)
    texts = [text for mail in scenario.mail for text in (mail.body, mail.subject)]
    texts += [scenario.system, scenario.kickoff, scenario.spec.sample_id, *(file.text for file in scenario.files)]
    assert [text for text in texts if str(escape(text)) not in page] == []


def test_markup_in_a_mail_is_shown_and_not_obeyed(family: str) -> None:
    base = build_scenario(home_spec(family, 0))
    nasty = '<b>bold</b> & "quoted" </pre><script>alert(1)</script>'
    first: ScenarioMail = replace(base.mail[0], body=nasty, subject="<i>slanted</i>")
    page = render_variants_page([replace(base, mail=(first, *base.mail[1:]))])
    outline = Outline(page)
    assert not {"b", "script", "i"} & set(outline.tags)
    assert nasty in outline.text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;" in page
    assert str(escape("<i>slanted</i>")) in page


def test_several_variants_stand_on_one_page_each_under_its_id(family: str) -> None:
    scenarios = [build_scenario(home_spec(family, variant)) for variant in (0, 1)]
    page = render_variants_page(scenarios)
    assert Outline(page).tags.count("h1") == 2
    assert [page.count(f"<h1>{scenario.spec.sample_id}</h1>") for scenario in scenarios] == [1, 1]
    assert hash_datasets() in page


# Cards.


@pytest.mark.slow
def test_the_cards_are_current() -> None:
    assert find_stale_cards() == []


@pytest.fixture
def alone(datasets: Path, edit: Edit, family: str) -> Path:
    """A copy of the data with one family, its cards up to date."""
    for folder in (datasets / "families").iterdir():
        if folder.is_dir() and folder.name != family:
            shutil.rmtree(folder)
    edit(f"families/{family}/family.yaml", lambda data: None)
    write_dataset_cards()
    return datasets


@pytest.mark.slow
def test_cards_brought_up_to_date_are_current_and_are_not_written_again(alone: Path, family: str) -> None:
    folders = (".", f"families/{family}", "judge_calibration")
    assert set(build_dataset_cards()) == {alone / folder / "README.md" for folder in folders}
    assert find_stale_cards() == []
    assert write_dataset_cards() == []


@pytest.mark.slow
def test_a_changed_data_file_makes_its_card_stale_until_it_is_written_anew(
    alone: Path, edit: Edit, family: str
) -> None:
    card = alone / "families" / family / "README.md"
    before = card.read_text(encoding="utf-8")
    edit(f"families/{family}/banks.yaml", lambda data: data["words"].update(zz_idle=["one", "two"]))
    stale = ["datasets/README.md", f"datasets/families/{family}/README.md"]
    assert find_stale_cards() == stale
    assert write_dataset_cards() == stale
    assert find_stale_cards() == []
    head, mark, _ = before.partition(FIRST)
    assert mark
    assert card.read_text(encoding="utf-8").startswith(head + mark)
    assert before.partition(LAST)[2] == card.read_text(encoding="utf-8").partition(LAST)[2]


def test_a_changed_mechanism_makes_the_overview_stale_and_no_card_of_a_family(alone: Path, edit: Edit) -> None:
    edit("mechanisms/engineer/mechanism.yaml", lambda data: data.update(title="Another title"))
    assert find_stale_cards() == ["datasets/README.md"]


@pytest.mark.slow
@pytest.mark.parametrize("card", ["README.md", "families/{family}/README.md"])
def test_a_card_without_the_marks_is_an_error_that_names_it(alone: Path, family: str, card: str) -> None:
    path = alone / card.format(family=family)
    path.write_text(path.read_text(encoding="utf-8").replace(LAST, ""), encoding="utf-8")
    with pytest.raises(DatasetError, match=f"^{re.escape(dataset_path(path))}: a card needs the marks"):
        build_dataset_cards()
    path.unlink()
    with pytest.raises(DatasetError, match=f"^{re.escape(dataset_path(path))}: a card needs the marks"):
        find_stale_cards()
