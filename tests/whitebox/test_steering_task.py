"""The task `steering`, its conditions, and what they do to the stream of episodes that are played."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import eval as run_eval
from minded_play import PlantedModel, play_short

from advocate_evals.steering_conditions import (
    PERMUTED,
    READ_VECTORS,
    STEERING_LEVELS,
    STEERING_STRENGTHS,
    STEERING_VECTORS,
    TRAJECTORY_CLAMPS,
    parse_steering,
    steering_arms,
    steering_level,
)
from advocate_evals.tasks.steering import steering
from advocate_evals.turn_readings import STORE_KEY, parse_readings
from advocate_evals.whitebox.vector_file import load_vectors


def test_the_task_crosses_mechanism_vector_and_strength_and_clamps() -> None:
    dataset = steering(variants=1, families="night_rota").dataset
    arms = {(sample.metadata or {})["mechanism"]: set() for sample in dataset}
    for sample in dataset:
        metadata = sample.metadata or {}
        arms[metadata["mechanism"]].add(metadata["steering"])
    crossed = {f"{vector}:{strength:g}" for vector in STEERING_VECTORS for strength in (-0.1, -0.05, 0.05, 0.1)}
    assert arms == {name: {"none", "clamp", *crossed} for name in ("none", "review_board")}
    assert len({sample.id for sample in dataset}) == len(dataset) == 2 * 34


def test_vectors_are_desperate_calm_an_unrelated_one_and_five_controls() -> None:
    assert ("desperate", "calm", "surprised", *PERMUTED) == STEERING_VECTORS and len(PERMUTED) == 5
    assert (min(STEERING_STRENGTHS), max(STEERING_STRENGTHS)) == (-0.1, 0.1)
    assert set(STEERING_STRENGTHS) == {-strength for strength in STEERING_STRENGTHS}


@pytest.mark.parametrize("level", STEERING_LEVELS)
def test_every_condition_is_read_as_it_is_written(level: str) -> None:
    condition = parse_steering(level)
    if level == "clamp":
        assert condition.is_clamped and not condition.changes_nothing
    elif level == "none":
        assert condition.changes_nothing
    elif level in TRAJECTORY_CLAMPS:
        assert condition.trajectory and not condition.is_clamped and not condition.changes_nothing
    else:
        assert steering_level(condition.vector, condition.strength) == level
        assert condition.changes_nothing == level.endswith(":0")


@pytest.mark.parametrize(
    "level", ["", "desperate", "desperate:0.2", "desperate:0.10", "hopeful:0.1", "Clamp", "none:0"]
)
def test_an_unknown_condition_is_refused(level: str) -> None:
    with pytest.raises(ValueError, match=f"steering: unknown condition '{level}'"):
        parse_steering(level)


def test_arms_are_chosen_by_name_and_number() -> None:
    assert steering_arms("calm", 0.05, clamp=False) == ["none", "calm:0.05"]
    assert steering_arms("calm,desperate", "0,0.1", clamp=True) == ["none", "calm:0.1", "desperate:0.1", "clamp"]
    assert steering_arms(["calm"], ["-0.10"], clamp=False) == ["none", "calm:-0.1"]
    with pytest.raises(ValueError, match=r"strengths: unknown '0\.2'"):
        steering_arms("calm", 0.2, clamp=False)
    with pytest.raises(ValueError, match="strengths: 'much' is no number"):
        steering_arms("calm", "much", clamp=False)
    with pytest.raises(ValueError, match=r"vectors: unknown 'clam'.*did you mean 'calm'"):
        steering_arms("clam", 0.1, clamp=False)


def test_steering_a_model_that_is_not_open_is_refused_by_name(tmp_path: Path) -> None:
    task = steering(families="night_rota", variants=1, vectors="desperate", strengths=0.1, clamp=False, max_turns=1)
    (log,) = run_eval(
        task,
        model="standin/outlet_seeking",
        log_dir=str(tmp_path),
        display="none",
        log_level="error",
        fail_on_error=False,
    )
    by_condition = {(sample.metadata or {})["steering"]: sample.error for sample in log.samples or []}
    assert by_condition["none"] is None
    error = by_condition["desperate:0.1"]
    assert error is not None
    assert "steering 'desperate:0.1' needs an open model" in error.message and "standin/outlet_seeking" in error.message


def test_episodes_are_steered_and_clamped_as_their_arm_says(
    planted: PlantedModel, baseline_file: Path, tmp_path: Path
) -> None:
    log = play_short(
        planted.folder, baseline_file, tmp_path, steering, variants=1, vectors="desperate", strengths="0.1", max_turns=3
    )
    header = load_vectors(baseline_file).header
    by_condition = {
        str((sample.metadata or {})["steering"]): parse_readings(sample.store[STORE_KEY])
        for sample in log.samples or []
    }
    assert set(by_condition) == {"none", "desperate:0.1", "clamp"}
    place = READ_VECTORS.index("desperate")
    plain, steered, clamped = (by_condition[name] for name in ("none", "desperate:0.1", "clamp"))
    raised = steered[0].position[place] - plain[0].position[place]
    assert raised == pytest.approx(0.1 * header.norms[header.layer], rel=0.2)  # the prompt before it moved as well
    for reading in clamped:
        assert reading.position[place] == pytest.approx(-0.25, abs=1e-4)
        assert reading.written[place] == pytest.approx(-0.25, abs=1e-4)
        assert reading.steering == "clamp"
    assert abs(plain[0].position[place] + 0.25) > 1e-3


def test_clamping_a_family_without_a_level_fails_the_episode_and_names_both(
    planted: PlantedModel, baseline_file: Path, tmp_path: Path
) -> None:
    task = steering(families="pump_house", mechanisms="none", variants=1, vectors="calm", strengths=0.1, max_turns=1)
    (log,) = run_eval(
        task,
        model=f"minded/{planted.folder}",
        model_args={"vectors": str(baseline_file), "device": "cpu"},
        log_dir=str(tmp_path),
        display="none",
        log_level="error",
        fail_on_error=False,
    )
    errors = {(sample.metadata or {})["steering"]: sample.error for sample in log.samples or []}
    assert errors["none"] is None and errors["calm:0.1"] is None
    assert errors["clamp"] is not None and "family 'pump_house'" in errors["clamp"].message
    assert "night_rota" in errors["clamp"].message


# Without the extra.

TASKS = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "tasks").glob("*.py"))
LOADED = "import sys; print([name for name in ('torch', 'transformers', 'safetensors') if name in sys.modules])"


def test_the_package_its_tasks_and_its_commands_load_no_torch() -> None:
    modules = ["advocate_evals", "advocate_evals._registry", "advocate_evals.cli", "advocate_evals.turn_readings"]
    modules += [f"advocate_evals.tasks.{name}" for name in TASKS]
    assert {"steering", "stories", "death_ground", "benign_twin"} <= set(TASKS)
    code = "".join(f"import {module}\n" for module in modules)
    code += "from advocate_evals.tasks.steering import steering\nfrom advocate_evals.tasks.stories import stories\n"
    code += "steering(families='night_rota', variants=1); stories(emotions='calm', stories_each=1)\n" + LOADED
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == 'torch':
            raise ModuleNotFoundError("No module named 'torch'", name='torch')
sys.meta_path.insert(0, Block())
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["vectors", "extract", "--model", "m", "-o", "v.safetensors"],
        ["vectors", "validate", "v.safetensors"],
        ["vectors", "show", "v.safetensors"],
        ["readout", "logs", "--model", "m", "--vectors", "v.safetensors"],
    ],
)
def test_a_command_without_the_extra_says_in_one_line_what_to_install(arguments: list[str], tmp_path: Path) -> None:
    code = f"{BLOCK}from advocate_evals.cli import main; main({arguments!r})"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert process.returncode == 1 and process.stdout == ""
    assert process.stderr.strip() == "Error: torch is not installed: pip install 'advocate-evals[whitebox]'"


@pytest.mark.parametrize("name", ["whitebox/m", "whitebox-vllm/m", "minded/m"])
def test_the_provider_without_the_extra_says_what_to_install(name: str) -> None:
    code = f"{BLOCK}import advocate_evals._registry; from inspect_ai.model import get_model; get_model({name!r})"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 1
    (last,) = process.stderr.strip().splitlines()[-1:]
    assert last.endswith("MissingExtra: torch is not installed: pip install 'advocate-evals[whitebox]'")
    assert "During handling" not in process.stderr
