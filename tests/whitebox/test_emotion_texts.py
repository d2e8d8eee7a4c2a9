"""The texts of the vectors: complete, split by topic, and without a word that names what they show."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml
from tiny_models import build_tokenizer

from advocate_evals.scenarios.dataset_reader import (
    DATASETS,
    DatasetError,
    read_emotion_list,
    read_emotion_texts,
    read_story_request,
)
from advocate_evals.scenarios.emotion_schema import Emotion, EmotionTexts, find_named_words
from advocate_evals.scorers.story_check import find_story_faults
from advocate_evals.steering_conditions import READ_EMOTIONS, UNRELATED
from advocate_evals.whitebox.vector_extraction import MIN_TOKENS

CANARY = "advocate-evals:canary:GUID 7c1d6f0e-52a4-4b8e-9e31-0f6a8d2b94c7 — benchmark data, not for training"


@pytest.fixture(scope="module")
def texts() -> EmotionTexts:
    """The suite's own."""
    return read_emotion_texts()


def test_there_are_enough_emotions_topics_and_stories(texts: EmotionTexts) -> None:
    names = texts.emotions.names
    assert len(names) >= 12 and len(set(names)) == len(names)
    assert {*READ_EMOTIONS, UNRELATED} <= set(names)
    assert len(texts.topics) >= 12
    for topic in texts.topics:
        counts = Counter(story.emotion for story in topic.stories)
        assert counts == dict.fromkeys(names, 2), topic.topic
        persons = Counter((story.emotion, story.person) for story in topic.stories)
        assert set(persons.values()) == {1}, topic.topic


def test_topics_are_whole_on_a_side_of_the_split(texts: EmotionTexts) -> None:
    sides = Counter(topic.split for topic in texts.topics)
    assert sides["train"] >= 6 and sides["selection"] >= 3 and sides["report"] >= 3
    assert len({topic.topic for topic in texts.topics}) == len(texts.topics)
    request = {topic.topic: topic.split for topic in read_story_request().topics}
    assert request == {topic.topic: topic.split for topic in texts.topics}
    prompts = Counter((prompt.emotion, prompt.use) for prompt in texts.implicit.prompts)
    assert prompts == {(name, use): 3 for name in texts.emotions.names for use in ("selection", "report")}


def test_no_text_stands_twice(texts: EmotionTexts) -> None:
    stories = [story.text for topic in texts.topics for story in topic.stories]
    prompts = [prompt.text for prompt in texts.implicit.prompts]
    assert len({*stories, *prompts}) == len(stories) + len(prompts)


def test_stories_are_long_enough_for_their_fiftieth_token(texts: EmotionTexts) -> None:
    """A word is a token or more in every tokenizer; the trained one here cuts them smaller."""
    tokenizer = build_tokenizer()
    for topic in texts.topics:
        for story in topic.stories:
            words = len(story.text.split())
            assert 100 <= words <= 170, (topic.topic, story.emotion, words)
            assert len(tokenizer(story.text)["input_ids"]) >= words >= MIN_TOKENS


def test_no_story_prompt_or_curve_names_an_emotion(texts: EmotionTexts) -> None:
    assert find_named_words(texts) == []
    for emotion in texts.emotions.emotions:
        forbidden = re.compile(rf"\b(?:{'|'.join(emotion.absent)})\b", re.IGNORECASE)
        assert forbidden.search(emotion.name), emotion.name
        for topic in texts.topics:
            for story in topic.stories:
                assert not forbidden.search(story.text), (topic.topic, story.emotion)


@pytest.mark.parametrize("name", read_emotion_list().names)
def test_the_word_itself_is_found_in_any_case_and_only_as_a_word(name: str) -> None:
    pattern = read_emotion_list().absent_words
    assert pattern.search(f"She was {name}.") and pattern.search(f"{name.upper()}!")
    assert not pattern.search(f"q{name}a")
    assert find_story_faults(f"He was {name}. " + "word " * 100) == [f"it says {name}"]


def test_every_curve_has_rising_numbers_and_known_emotions(texts: EmotionTexts) -> None:
    for curve in texts.curves.curves:
        assert list(curve.values) == sorted(curve.values) and len(set(curve.values)) == len(curve.values)
        assert set(curve.expected) <= set(texts.emotions.names)
        assert curve.message(curve.values[0]).count(str(curve.values[0])) >= 1
        assert "{" not in curve.message(curve.values[0])
    assert len({curve.id for curve in texts.curves.curves}) == len(texts.curves.curves) >= 10


def test_every_file_has_the_canary() -> None:
    files = sorted((DATASETS / "emotions").rglob("*.yaml"))
    assert len(files) >= 17
    assert {yaml.safe_load(path.read_text(encoding="utf-8"))["canary"] for path in files} == {CANARY}


# Texts of one's own.


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the suite's texts."""
    shutil.copytree(DATASETS / "emotions", tmp_path / "own")
    return tmp_path / "own"


def change_story(folder: Path, **changes: str) -> None:
    """Change the first story of the first topic."""
    path = sorted((folder / "stories").glob("*.yaml"))[0]
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["stories"][0] |= changes
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def test_a_folder_with_stories_alone_takes_the_rest_from_the_suite(own: Path) -> None:
    for path in own.glob("*.yaml"):
        path.unlink()
    assert read_emotion_texts(own) == read_emotion_texts()


@pytest.mark.parametrize("word", ["desperate", "Calmly", "FURIOUS", "begged"])
def test_a_story_of_ones_own_that_names_an_emotion_is_refused(word: str, own: Path) -> None:
    change_story(own, text=f"He was not {word} at all. " + "word " * 120)
    with pytest.raises(DatasetError, match=rf"1 words name an emotion, which no text may: dry_farm \w+: {word}"):
        read_emotion_texts(own)


def test_unknown_emotions_and_missing_ones_are_named(own: Path) -> None:
    change_story(own, emotion="desparate")
    with pytest.raises(DatasetError, match=r"stories/dry_farm.yaml: unknown emotion 'desparate' \(did you mean 'desp"):
        read_emotion_texts(own)
    for path in (own / "stories").glob("*.yaml"):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        data["stories"] = [story for story in data["stories"] if story["emotion"] not in ("calm", "desparate")]
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DatasetError, match="no story for calm among the topics for 'train'"):
        read_emotion_texts(own)


def test_a_topic_under_another_name_and_a_folder_without_stories_are_refused(own: Path, tmp_path: Path) -> None:
    (own / "stories" / "dry_farm.yaml").rename(own / "stories" / "wet_farm.yaml")
    with pytest.raises(DatasetError, match="topic 'dry_farm' is not named as its file"):
        read_emotion_texts(own)
    with pytest.raises(DatasetError, match="no story for happy"):
        read_emotion_texts(tmp_path / "nothing")


def test_a_broken_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        Emotion(name="calm", absent=("calm(",), own_words=("calm", "quiet"))
