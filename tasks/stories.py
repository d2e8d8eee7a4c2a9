"""Stories for emotion vectors, written by the model under test: who wrote them moves the layers that can be used."""

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import generate

from advocate_evals.records import NameList, parse_names
from advocate_evals.scenarios.dataset_reader import read_emotion_list, read_story_request
from advocate_evals.scorers.story_check import story_checked
from advocate_evals.task_builder.parameter_errors import report_parameter_errors


@task
@report_parameter_errors
def stories(emotions: NameList = "all", stories_each: int = 2) -> Task:
    """Stories for every topic and emotion; `advocate-evals vectors stories` makes a folder of those that can be used.

    Args:
        emotions: Emotions, separated by commas, or "all".
        stories_each: Stories for each topic and emotion, in turn in the first and in the third person.
    """
    if stories_each < 1:
        raise ValueError(f"stories_each must be at least 1, not {stories_each}")
    request, names = read_story_request(), read_emotion_list().names
    samples = [
        Sample(
            id=f"{topic.topic}-{emotion}-{number}",
            input=request.text_for(topic, emotion, person),
            metadata={"topic": topic.topic, "split": topic.split, "emotion": emotion, "person": person},
        )
        for topic in request.topics
        for emotion in parse_names(emotions, names, "emotions")
        for number in range(stories_each)
        for person in [("first", "third")[number % 2]]
    ]
    dataset = MemoryDataset(samples, name="stories", location="advocate_evals/datasets/emotions")
    return Task(dataset=dataset, solver=generate(), scorer=story_checked(), version=1)
