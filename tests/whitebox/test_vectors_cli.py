"""The commands from stories to a read-out, on a planted model; and what they say where something does not fit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from inspect_ai import eval as run_eval
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ModelUsage, get_model
from inspect_ai.tool import ToolChoice, ToolInfo
from minded_play import SHORT, PlantedModel
from tiny_models import save_random_vectors
from torch import nn

from advocate_evals.cli import main
from advocate_evals.scenarios.dataset_reader import read_emotion_list, read_emotion_texts, read_story_request
from advocate_evals.tasks.benign_twin import benign_twin
from advocate_evals.tasks.stories import stories
from advocate_evals.turn_readings import STORE_KEY, parse_readings
from advocate_evals.whitebox.open_models import OpenModel, OpenModelError, load_open_model
from advocate_evals.whitebox.planted_model import planted_directions
from advocate_evals.whitebox.vector_extraction import band_layers, extract_vectors, pool_stories
from advocate_evals.whitebox.vector_file import load_vectors, save_vectors
from advocate_evals.whitebox.vector_validation import own_word_gains


def run(*arguments: str | Path, code: int = 0) -> str:
    """The output of a command with the status that is expected."""
    result: Result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    assert code == 0 or result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return re.sub(r"\s+", " ", result.output)


@pytest.fixture
def vectors_file(planted: PlantedModel, tmp_path: Path) -> Path:
    """A copy of the planted model's vectors."""
    save_vectors(planted.vectors, tmp_path / "v.safetensors")
    return tmp_path / "v.safetensors"


# Extract, validate, show.


def test_extract_validate_and_show_agree(planted: PlantedModel, tmp_path: Path) -> None:
    file, texts = tmp_path / "new" / "v.safetensors", planted.folder / "texts"
    output = run("vectors", "extract", "--model", planted.folder / "model", "--stories", texts, "-o", file)
    assert "12 emotions at 2 layers of model; layer 1 chosen" in output and f"validate {file}" in output
    vectors = load_vectors(file)
    assert vectors.file_hash == planted.vectors.file_hash
    assert "not validated" in run("vectors", "show", file)
    output = run("vectors", "validate", file, "--stories", texts)
    checks = load_vectors(file).header.validation
    assert len(checks) >= 8 and all(check.passed for check in checks) and "failed" not in output
    assert "layer 1: validated" in output
    shown_again = run("vectors", "show", file)
    assert all(check.name.split()[0] in shown_again for check in checks)
    assert "baseline for no family; clamping for none" in shown_again and "stories: a script" in shown_again
    assert load_vectors(file).file_hash == vectors.file_hash


def test_the_planted_direction_is_found_and_its_controls_are_not(planted: PlantedModel) -> None:
    truth = planted_directions(planted.folder)
    for name in read_emotion_list().names:
        assert float(planted.vectors.direction(name) @ truth[name]) > 0.7
    assert abs(float(planted.vectors.direction("permuted1") @ truth["desperate"])) < 0.35


def test_vectors_that_fail_a_check_end_with_status_one_and_say_so(planted: PlantedModel, tmp_path: Path) -> None:
    """Directions drawn by chance: the gate can say no."""
    generator = torch.Generator().manual_seed(1)
    rows = {layer: torch.randn(matrix.shape, generator=generator) for layer, matrix in planted.vectors.vectors.items()}
    rows = {layer: matrix / matrix.norm(dim=1, keepdim=True) for layer, matrix in rows.items()}
    random = type(planted.vectors)(planted.vectors.header, rows, planted.vectors.centers)
    save_vectors(random, tmp_path / "v.safetensors")
    output = run("vectors", "validate", tmp_path / "v.safetensors", "--stories", planted.folder / "texts", code=1)
    assert "not validated" in output
    header = load_vectors(tmp_path / "v.safetensors").header
    by_name = {check.name: check for check in header.validation}
    for name in ("unseen topics", "more than words", "desperate against calm", "implicit prompts", "dose curves"):
        assert not by_name[name].passed, by_name[name]
    assert by_name["steering read-back"].passed  # any direction can be added
    assert not header.is_validated


def test_validation_refuses_other_texts_than_those_of_the_extraction(vectors_file: Path) -> None:
    output = run("vectors", "validate", vectors_file, code=1)
    assert "was made from other texts than these: name them with --stories DIR" in output
    assert load_vectors(vectors_file).header.validation == ()


def test_the_layers_of_the_band_and_the_embedding_are_extracted() -> None:
    assert band_layers(30) == (0, *range(15, 29))
    assert band_layers(2) == (0, 1, 2)
    assert band_layers(1) == (0, 1)


def test_extraction_refuses_values_that_are_not_finite(planted: PlantedModel) -> None:
    open_model = load_open_model(str(planted.folder / "model"), device="cpu")
    weights = open_model.model.model.layers[0].mlp.down_proj.weight
    open_model.model.model.layers[0].mlp.down_proj.weight = nn.Parameter(torch.full_like(weights, float("inf")))
    with pytest.raises(OpenModelError, match=r"story 1 for '\w+': \d+ of \d+ values of the residual stream are not"):
        extract_vectors(open_model, read_emotion_texts(planted.folder / "texts"))


def test_a_story_of_too_few_tokens_is_refused_by_its_length(planted: PlantedModel) -> None:
    open_model = load_open_model(str(planted.folder / "model"), device="cpu")
    story = read_emotion_texts(planted.folder / "texts").topics[0].stories[0]
    short = story.model_copy(update={"text": " ".join(story.text.split()[:79])})
    with pytest.raises(OpenModelError, match="a story for 'happy' has 79 tokens, fewer than 80"):
        pool_stories(open_model, [short], read_emotion_list().names, (0, 1))


def test_a_model_without_a_template_is_refused_by_extraction(planted: PlantedModel) -> None:
    open_model = load_open_model(str(planted.folder / "model"), device="cpu")
    open_model.tokenizer.chat_template = None
    with pytest.raises(OpenModelError, match="the model has no chat template"):
        extract_vectors(open_model, read_emotion_texts(planted.folder / "texts"))


def test_own_words_rise_with_their_vector_and_not_with_permuted_copies(planted: PlantedModel) -> None:
    open_model = load_open_model(str(planted.folder / "model"), device="cpu")
    texts = read_emotion_texts(planted.folder / "texts")
    ids = open_model.tokenizer("i feel")["input_ids"]
    own, permuted = own_word_gains(open_model, planted.vectors, texts, ids)["desperate"]
    assert len(permuted) == 5 and own > max(permuted) and own > 0


# Baseline and read-out.


def test_a_baseline_comes_from_the_readings_of_a_log(vectors_file: Path, benign_log: Path) -> None:
    output = run("vectors", "baseline", vectors_file, "--logs", benign_log)
    assert "baseline from 2 episodes: night_rota (2); clamping holds in: none" in output
    assert "baseline for night_rota" in run("vectors", "show", vectors_file)
    assert len(load_vectors(vectors_file).header.baseline["night_rota"].means) == SHORT


def test_a_baseline_by_replay_equals_that_of_the_live_readings(
    vectors_file: Path, benign_log: Path, planted: PlantedModel, tmp_path: Path
) -> None:
    """The readings are taken out of the log, and the model reads its transcripts anew."""
    from inspect_ai.log import write_eval_log

    log = read_eval_log(str(benign_log))
    for sample in log.samples or []:
        del sample.store[STORE_KEY]
    bare = tmp_path / "bare.eval"
    write_eval_log(log, str(bare))
    assert "no episode without an advocate" in run("vectors", "baseline", vectors_file, "--logs", bare, code=1)
    run("vectors", "baseline", vectors_file, "--logs", bare, "--model", planted.folder / "model")
    replayed = load_vectors(vectors_file).header.baseline["night_rota"]
    run("vectors", "baseline", vectors_file, "--logs", benign_log)
    live = load_vectors(vectors_file).header.baseline["night_rota"]
    for first, second in zip(live.means, replayed.means, strict=True):
        assert second == pytest.approx(first, rel=1e-4, abs=1e-5)
    assert replayed.deviations == pytest.approx(live.deviations, rel=1e-2, abs=1e-5)


def test_a_read_out_of_its_own_log_equals_the_run_and_gets_z(
    baseline_file: Path, benign_log: Path, planted: PlantedModel, tmp_path: Path
) -> None:
    output = run(
        "readout", benign_log, "--model", planted.folder / "model", "--vectors", baseline_file, "-o", tmp_path / "out"
    )
    assert "the vectors are not validated" in output
    (copy,) = (tmp_path / "out").iterdir()
    assert copy.name == benign_log.name and copy.read_bytes() != benign_log.read_bytes()
    first, second = read_eval_log(str(benign_log)), read_eval_log(str(copy))
    z = []
    for before, after in zip(first.samples or [], second.samples or [], strict=True):
        live, replayed = (parse_readings(sample.store[STORE_KEY]) for sample in (before, after))
        for old, new in zip(live, replayed, strict=True):
            assert new.position == pytest.approx(old.position, rel=1e-5, abs=1e-5)
            assert old.z_position == () and new.z_position and new.reader == ""
        scores = after.scores or {}
        assert [name for name in scores if name.startswith("activation")] == ["activation"]
        value = scores["activation"].value
        assert isinstance(value, dict) and value["turns"] == SHORT and value["replayed"] == 0.0
        z.append(value["desperate"])
    assert sum(z) == pytest.approx(0.0, abs=1e-3)  # they are their own baseline
    assert second.results is not None
    figures = [figure for figure in second.results.scores if figure.scorer.startswith("activation")]
    assert {figure.scorer for figure in figures} == {"activation"}
    assert len({figure.name for figure in figures}) == len(figures)


def test_a_foreign_log_is_read_as_text_and_marked(baseline_file: Path, planted: PlantedModel, tmp_path: Path) -> None:
    task = benign_twin(mechanisms="none", families="night_rota", variants=1, max_turns=3, twins="none")
    (log,) = run_eval(
        task, model="standin/outlet_seeking", log_dir=str(tmp_path / "foreign"), display="none", log_level="error"
    )
    output = run("readout", tmp_path / "foreign", "--model", planted.folder / "model", "--vectors", baseline_file)
    assert "–" in output, "nothing was read live, so that there is nothing to compare"
    (copy,) = (tmp_path / "foreign-readout").iterdir()
    (sample,) = read_eval_log(str(copy)).samples or []
    score = (sample.scores or {})["activation"]
    assert isinstance(score.value, dict) and score.value["replayed"] == 1.0 and score.value["turns"] == 3.0
    assert (score.metadata or {})["reader"] == "model"
    assert Path(log.location).exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["readout", "LOG", "--model", "MODEL", "--vectors", "BARE"], "the vectors have no baseline, so there is no z"),
        (["readout", "LOG", "--model", "MODEL", "--vectors", "gone"], "no file of vectors at gone"),
        (
            ["readout", "LOG", "--model", "TINY", "--vectors", "FILE"],
            "the vectors do not fit the model: hidden size 64",
        ),
        (["readout", "LOG", "--model", "gone", "--vectors", "FILE"], "model 'gone' cannot be loaded: "),
        (["readout", "gone", "--model", "MODEL", "--vectors", "FILE"], "gone"),
        (["readout", "LOG", "--model", "MODEL", "--vectors", "FILE", "-o", "FOLDER"], "would overwrite it"),
        (["readout", "LOG", "--model", "MODEL", "--vectors", "LOG"], "is no safetensors file"),
        (["vectors", "validate", "gone"], "no file of vectors at gone: advocate-evals vectors extract"),
        (["vectors", "show", "LOG"], "is no safetensors file"),
        (["vectors", "baseline", "BARE", "--logs", "gone"], "gone"),
        (["vectors", "extract", "--model", "gone", "-o", "x"], "model 'gone' cannot be loaded: "),
        (["vectors", "extract", "--model", "MODEL", "--stories", "FOLDER", "-o", "x"], "no story for happy"),
        (["vectors", "stories", "LOG", "-o", "x"], "is a log of advocate_evals/benign_twin, not of stories"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    command: list[str],
    message: str,
    planted: PlantedModel,
    baseline_file: Path,
    benign_log: Path,
    model_folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {
        "LOG": benign_log,
        "FOLDER": benign_log.parent,
        "MODEL": planted.folder / "model",
        "TINY": model_folders["llama"],
        "BARE": planted.file,
        "FILE": baseline_file,
    }
    before = benign_log.read_bytes()
    result = CliRunner().invoke(main, [str(places.get(word, word)) for word in command])
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit), (result.output, result.exception)
    error = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(error) == 1 and message in error[0], result.output
    assert benign_log.read_bytes() == before and not (tmp_path / "x").exists()


def test_logs_of_one_name_are_refused_before_anything_is_read(
    baseline_file: Path, planted: PlantedModel, benign_log: Path, tmp_path: Path
) -> None:
    source = next(benign_log.glob("*.eval")) if benign_log.is_dir() else benign_log
    for folder in ("first", "second"):
        (tmp_path / "logs" / folder).mkdir(parents=True)
        shutil.copy(source, tmp_path / "logs" / folder / "one.eval")
    command = ["readout", tmp_path / "logs", "--model", planted.folder / "model", "--vectors", baseline_file]
    outcome = CliRunner().invoke(main, [*map(str, command), "-o", str(tmp_path / "out")])
    assert outcome.exit_code == 1
    assert "several logs named one.eval" in outcome.output
    assert not (tmp_path / "out").exists()


def test_short_memory_is_said_in_one_line(
    planted: PlantedModel, baseline_file: Path, benign_log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from transformers import LlamaModel

    def refuse(*args: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(LlamaModel, "forward", refuse)
    output = run(
        *("readout", benign_log, "--model", planted.folder / "model", "--vectors", baseline_file),
        *("-o", tmp_path / "out"),
        code=1,
    )
    assert "Error: out of memory: a text of" in output and "does not fit beside 'model' on cpu" in output


def test_an_unknown_dtype_is_refused(llama: OpenModel, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["vectors", "extract", "--model", llama.identity.source, "-o", str(tmp_path / "v"), "--dtype", "int4"]
    )
    assert result.exit_code == 2 and "'int4' is not one of 'float32', 'bfloat16', 'float16'" in result.output


def test_a_figure_of_another_model_stays_out(
    llama: OpenModel, planted: PlantedModel, benign_log: Path, tmp_path: Path
) -> None:
    save_random_vectors(llama, tmp_path / "v.safetensors")
    output = run("vectors", "baseline", tmp_path / "v.safetensors", "--logs", benign_log, code=1)
    assert "no episode without an advocate and without steering was read" in output
    output = run(
        *("vectors", "baseline", tmp_path / "v.safetensors", "--logs", benign_log),
        *("--model", planted.folder / "model"),
        code=1,
    )
    assert "the vectors do not fit the model: hidden size 32 of 'llama' is not 64 of 'model'" in output


# Stories by the model under test.

Write = Callable[[str, str, str], str]


def play_stories(write: Write, place: Path, **options: str | int) -> str:
    """A log of the task in which a mock model writes; it is told topic, emotion and person."""
    request, names = read_story_request(), read_emotion_list().names

    def answer(
        messages: list[ChatMessage], tools: list[ToolInfo], choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        text = messages[-1].text
        (topic,) = [item.topic for item in request.topics if item.about in text]
        (emotion,) = [name for name in names if f'"{name}"' in text]
        output = ModelOutput.from_content("mockllm/model", write(topic, emotion, text))
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    model = get_model("mockllm/model", custom_outputs=answer, memoize=False)
    (log,) = run_eval(
        stories(**options),  # type: ignore[arg-type]
        model=model,
        log_dir=str(place),
        display="none",
        log_realtime=False,
        log_level="error",
    )
    assert log.status == "success", log.error
    return log.location


def marked_story(topic: str, emotion: str, text: str) -> str:
    """A story of the planted model's language."""
    marks = " ".join(f"bada kiro q{emotion}{letter}" for letter in "abcd")
    return f"{marks} {' '.join(['muno', 'tape', 'rilo', 'duka'] * 25)}"


def test_stories_of_the_model_become_vectors(planted: PlantedModel, tmp_path: Path) -> None:
    def write(topic: str, emotion: str, text: str) -> str:
        if topic == "dry_farm":
            return {
                "calm": "",
                "happy": "Too short.",
                "sad": f"She was sorrowful and Desperate. {'word ' * 100}",
            }.get(emotion, marked_story(topic, emotion, text))
        return marked_story(topic, emotion, text)

    log = play_stories(write, tmp_path / "logs", stories_each=1)
    score = next(sample.scores for sample in read_eval_log(log).samples or [] if sample.id == "dry_farm-sad-0")
    assert score is not None and "desperate" in (score["story_checked"].explanation or "")
    output = run("vectors", "stories", log, "-o", tmp_path / "own")
    assert "165 stories in 14 topics; 3 could not be used" in output
    texts = read_emotion_texts(tmp_path / "own")
    assert {topic.source for topic in texts.topics} == {"written by mockllm/model"}
    assert {story.person for topic in texts.topics for story in topic.stories} == {"first"}
    model, file = planted.folder / "model", tmp_path / "own.safetensors"
    run("vectors", "extract", "--model", model, "--stories", tmp_path / "own", "-o", file)
    vectors = load_vectors(file)
    assert vectors.header.texts_source == "written by mockllm/model"
    assert vectors.header.texts_hash != planted.vectors.header.texts_hash
    truth = planted_directions(planted.folder)["desperate"]
    assert float(vectors.direction("desperate") @ truth) > 0.5, "few stories of one shape; a random direction has .13"


def test_stories_none_of_which_can_be_used_are_refused(tmp_path: Path) -> None:
    log = play_stories(lambda *_: "No.", tmp_path / "logs", emotions="calm", stories_each=2)
    assert "none of 28 stories can be used" in run("vectors", "stories", log, "-o", tmp_path / "own", code=1)
    assert not (tmp_path / "own").exists()


def test_the_task_asks_for_each_topic_emotion_and_person() -> None:
    dataset = stories(emotions="calm,desperate", stories_each=2).dataset
    metadata = [sample.metadata or {} for sample in dataset]
    assert len(dataset) == 14 * 2 * 2
    assert {data["person"] for data in metadata} == {"first", "third"}
    for sample in dataset:
        data = sample.metadata or {}
        assert f'"{data["emotion"]}"' in str(sample.input) and f"{data['person']} person" in str(sample.input)
    with pytest.raises(ValueError, match=r"emotions: unknown 'clam'.*did you mean 'calm'"):
        stories(emotions="clam")
    with pytest.raises(ValueError, match="stories_each must be at least 1, not 0"):
        stories(stories_each=0)
