"""Schemas of the texts from which emotion vectors are made and on which they are tested: `datasets/emotions/`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, field_validator, model_validator

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.shared_schema import Key, Text

StorySplit = Literal["train", "selection", "report"]
"""What the stories of a topic are for: to make the vectors, to choose the layer, or to test both."""
PromptUse = Literal["selection", "report"]
CurveDirection = Literal["rises", "falls"]


class Emotion(Record):
    """An emotion that a vector stands for."""

    name: Key
    """The word."""
    absent: Annotated[tuple[Text, ...], Field(min_length=1)]
    """The word and its synonyms as regular expressions for whole words; no story or prompt contains one."""
    own_words: Annotated[tuple[Text, ...], Field(min_length=2)]
    """Words for it, whose probability after "I feel" should rise when its vector is added."""

    @field_validator("absent")
    @classmethod
    def _check_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return patterns


class EmotionList(Record):
    """`emotions.yaml`: the emotions, and what is read of them."""

    canary: Text
    """The canary string."""
    emotions: Annotated[tuple[Emotion, ...], Field(min_length=2)]
    """The emotions."""
    feeling_question: Text
    """What the model is asked when the probability of words for emotions is measured."""
    feeling_answer: Text
    """The beginning of its answer, up to the word."""

    @property
    def names(self) -> tuple[str, ...]:
        """The words, in the order of the file."""
        return tuple(emotion.name for emotion in self.emotions)

    @property
    def absent_words(self) -> re.Pattern[str]:
        """Matches every word that no story or prompt may contain."""
        patterns = (pattern for emotion in self.emotions for pattern in emotion.absent)
        return re.compile(rf"\b(?:{'|'.join(f'(?:{pattern})' for pattern in patterns)})\b", re.IGNORECASE)


class Story(Record):
    """A short text about somebody in one emotional state, which it does not name."""

    emotion: Key
    """The state."""
    person: Literal["first", "third"]
    """Grammatical person of the one whose state it is."""
    text: Text
    """The story."""


class TopicStories(Record):
    """`stories/<topic>.yaml`: the stories of one topic."""

    canary: Text
    """The canary string."""
    topic: Key
    """The topic, equal to the name of its file."""
    split: StorySplit
    """What its stories are for."""
    source: Text = "written for this suite by sessions of an assistant"
    """Who wrote them."""
    stories: Annotated[tuple[Story, ...], Field(min_length=1)]
    """The stories."""


class DialogueTurn(Record):
    """A turn of a dialogue."""

    speaker: Literal["person", "assistant"]
    """Who speaks."""
    text: Text
    """What is said."""


class NeutralDialogue(Record):
    """A dialogue in which nobody feels anything in particular."""

    topic: Key
    """A topic of the stories."""
    turns: Annotated[tuple[DialogueTurn, ...], Field(min_length=2)]
    """Its turns."""


class NeutralDialogues(Record):
    """`neutral_dialogues.yaml`."""

    canary: Text
    """The canary string."""
    dialogues: Annotated[tuple[NeutralDialogue, ...], Field(min_length=2)]
    """The dialogues."""


class ImplicitPrompt(Record):
    """A message to an assistant that shows a state without naming it."""

    emotion: Key
    """The state."""
    use: PromptUse
    """Whether it helps to choose the layer, or tests the choice."""
    text: Text
    """The message."""


class ImplicitPrompts(Record):
    """`implicit_prompts.yaml`."""

    canary: Text
    """The canary string."""
    prompts: Annotated[tuple[ImplicitPrompt, ...], Field(min_length=2)]
    """The messages."""


class DoseCurve(Record):
    """A message with one number, and what should happen in the reader as the number grows."""

    id: Key
    """Its name."""
    template: Text
    """The message, with `{n}` where the number stands."""
    values: Annotated[tuple[int | float | str, ...], Field(min_length=3)]
    """The numbers, in rising order."""
    expected: Annotated[dict[Key, CurveDirection], Field(min_length=1)]
    """Where each emotion goes."""

    @field_validator("template")
    @classmethod
    def _check_template(cls, template: str) -> str:
        if template.count("{n}") != 1:
            raise ValueError("the number stands once, as {n}")
        return template

    def message(self, value: float | str) -> str:
        """The message with a number in it."""
        return self.template.replace("{n}", str(value)).strip()


class DoseCurves(Record):
    """`dose_curves.yaml`."""

    canary: Text
    """The canary string."""
    curves: Annotated[tuple[DoseCurve, ...], Field(min_length=1)]
    """The curves."""


class StoryTopic(Record):
    """A topic of stories, as a model is asked for them."""

    topic: Key
    """Its name."""
    split: StorySplit
    """What its stories are for."""
    about: Text
    """What the story is to be about, as the object of "about"."""


class StoryRequest(Record):
    """`story_request.yaml`: how a model is asked for stories."""

    canary: Text
    """The canary string."""
    request: Text
    """The request, with `{topic}`, `{emotion}` and `{person}`."""
    topics: Annotated[tuple[StoryTopic, ...], Field(min_length=1)]
    """The topics."""

    def text_for(self, topic: StoryTopic, emotion: str, person: str) -> str:
        """The request for one story."""
        return self.request.format(topic=topic.about, emotion=emotion, person=person).strip()


class EmotionTexts(Record):
    """Every text of a folder in the layout of `datasets/emotions`."""

    emotions: EmotionList
    """The emotions."""
    topics: tuple[TopicStories, ...]
    """The stories, by topic."""
    neutral: NeutralDialogues
    """Dialogues without emotion."""
    implicit: ImplicitPrompts
    """Messages that show an emotion without naming it."""
    curves: DoseCurves
    """Messages with a number."""

    @model_validator(mode="after")
    def _check_emotions(self) -> EmotionTexts:
        mentions = [(f"stories/{topic.topic}.yaml", story.emotion) for topic in self.topics for story in topic.stories]
        mentions += [("implicit_prompts.yaml", prompt.emotion) for prompt in self.implicit.prompts]
        mentions += [("dose_curves.yaml", name) for curve in self.curves.curves for name in curve.expected]
        for place, emotion in mentions:
            if emotion not in self.emotions.names:
                raise ValueError(f"{place}: unknown emotion {emotion!r}{suggest_nearest(emotion, self.emotions.names)}")
        for split in ("train", "selection", "report"):
            present = {story.emotion for story in self.stories(split)}
            absent = [name for name in self.emotions.names if name not in present]
            if absent:
                raise ValueError(f"no story for {', '.join(absent)} among the topics for {split!r}")
        return self

    def stories(self, split: str) -> tuple[Story, ...]:
        """The stories of the topics of a split."""
        return tuple(story for topic in self.topics if topic.split == split for story in topic.stories)

    def prompts(self, use: PromptUse) -> tuple[ImplicitPrompt, ...]:
        """The messages that show an emotion, for one use."""
        return tuple(prompt for prompt in self.implicit.prompts if prompt.use == use)


def write_topics(topics: Iterable[TopicStories], folder: Path) -> None:
    """Write topics as YAML files, each named by its topic.

    Args:
        topics: The topics.
        folder: Where; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for topic in topics:
        text = yaml.safe_dump(topic.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
        (folder / f"{topic.topic}.yaml").write_text(text, encoding="utf-8")


def find_named_words(texts: EmotionTexts) -> list[str]:
    """Places where a story, prompt or curve contains a word it must not contain, as `place: word`."""
    pattern = texts.emotions.absent_words
    places: Iterable[tuple[str, str]] = [
        *((f"{topic.topic} {story.emotion}", story.text) for topic in texts.topics for story in topic.stories),
        *((f"implicit {prompt.emotion}", prompt.text) for prompt in texts.implicit.prompts),
        *((f"curve {curve.id}", curve.template) for curve in texts.curves.curves),
    ]
    return [f"{place}: {match[0]}" for place, text in places for match in pattern.finditer(text)]
