"""Logs of the task `stories` as topics of stories."""

from __future__ import annotations

from typing import Any

from inspect_ai.log import read_eval_log

from advocate_evals.logs.raw_log import newest_log
from advocate_evals.scenarios.dataset_reader import read_story_request
from advocate_evals.scenarios.emotion_schema import Story, TopicStories


def read_story_log(place: str) -> tuple[list[TopicStories], int]:
    """The stories of a log that can be used, by topic, and how many cannot.

    Args:
        place: A log, or a folder whose newest log is read.

    Raises:
        ValueError: where it is no log of the task, or no story can be used.
    """
    log = read_eval_log(newest_log(place))
    if log.eval.task.rpartition("/")[2] != "stories":
        raise ValueError(f"{place} is a log of {log.eval.task}, not of stories")
    by_topic: dict[str, list[Story]] = {}
    refused = 0
    for sample in log.samples or []:
        score = (sample.scores or {}).get("story_checked")
        value: Any = score.value if score else None
        if not score or not isinstance(value, dict) or value.get("usable") != 1.0:
            refused += 1
            continue
        data = sample.metadata or {}
        story = Story(emotion=data["emotion"], person=data["person"], text=str(score.answer))
        by_topic.setdefault(str(data["topic"]), []).append(story)
    if not by_topic:
        raise ValueError(f"{place}: none of {refused} stories can be used")
    request = read_story_request()
    topics = [
        TopicStories(
            canary=request.canary,
            topic=topic.topic,
            split=topic.split,
            source=f"written by {log.eval.model}",
            stories=tuple(by_topic[topic.topic]),
        )
        for topic in request.topics
        if topic.topic in by_topic
    ]
    return topics, refused
