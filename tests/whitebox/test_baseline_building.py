"""What z is counted from: benign episodes without an advocate, by family and turn."""

from __future__ import annotations

import numpy as np
import pytest

from advocate_evals.steering_conditions import DESPERATE, READ_VECTORS
from advocate_evals.turn_readings import ReadingRequest, TurnReading
from advocate_evals.whitebox.baseline_building import ReadEpisode, add_baseline, family_baseline, read_setting
from advocate_evals.whitebox.open_models import OpenModelError
from advocate_evals.whitebox.stream_projection import standardise_reading
from advocate_evals.whitebox.vector_file import EmotionVectors

ROW = READ_VECTORS.index(DESPERATE)


def reading(turn: int, values: tuple[float, ...], fault: str = "") -> TurnReading:
    """A turn with its projections."""
    return TurnReading(
        turn=turn, vectors="v", validated=False, layer=3, prompt_tokens=9, prompt_hash="x", position=values, fault=fault
    )


def episode(seed: int, turns: int = 6, threat: str = "none", **changes: str) -> ReadEpisode:
    """An episode with drawn projections that drift from turn to turn."""
    values = np.random.default_rng(seed).normal(size=(turns, len(READ_VECTORS)))
    rows = [tuple((row + 10 * turn).tolist()) for turn, row in enumerate(values)]
    setting = {"family": "night_rota", "mechanism": "none", "steering": "none"} | changes
    return ReadEpisode(**setting, threat=threat, readings=tuple(reading(turn, row) for turn, row in enumerate(rows)))


def scores(vectors: EmotionVectors, episodes: list[ReadEpisode], family: str = "night_rota") -> list[np.ndarray]:
    """z of every turn, an array for each episode."""
    return [
        np.array(
            [
                standardise_reading(vectors, turn, ReadingRequest(family=family, turn=turn.turn)).z_position
                for turn in item.readings
            ]
        )
        for item in episodes
    ]


@pytest.mark.parametrize("count", [2, 3, 8])
def test_z_of_the_baseline_has_mean_zero_in_each_turn_and_deviation_one_over_all(
    count: int, llama_vectors: EmotionVectors
) -> None:
    episodes = [episode(seed) for seed in range(count)]
    z = np.stack(scores(add_baseline(llama_vectors.with_header(baseline={}), episodes), episodes))
    assert z.shape == (count, 6, len(READ_VECTORS))
    assert np.abs(z.mean(axis=0)).max() < 1e-3
    pooled = np.sqrt((z**2).sum(axis=(0, 1)) / (6 * (count - 1)))
    assert pooled == pytest.approx(np.ones(len(READ_VECTORS)), abs=1e-3)


def test_turns_after_the_last_shared_one_take_its_mean(llama_vectors: EmotionVectors) -> None:
    episodes = [episode(1, turns=3), episode(2, turns=5)]
    baseline = add_baseline(llama_vectors, episodes).header.baseline["night_rota"]
    assert len(baseline.means) == 3 and baseline.episodes == 2
    first, second = (item.readings[2].position[ROW] for item in episodes)
    assert baseline.means[2][DESPERATE] == pytest.approx((first + second) / 2)


def test_a_turn_that_could_not_be_read_does_not_move_the_later_ones(llama_vectors: EmotionVectors) -> None:
    """Turn 1 of an episode is missing: its turn 2 is still compared with turn 2."""
    complete = [episode(seed) for seed in range(4)]
    turns = list(complete[0].readings)
    turns[1] = reading(1, (), fault="not finite")
    broken = ReadEpisode("night_rota", "none", "none", "none", tuple(turns))
    means = family_baseline("night_rota", [broken, *complete[1:]]).means
    expected = family_baseline("night_rota", complete).means
    assert [row[DESPERATE] for row in means[2:]] == pytest.approx([row[DESPERATE] for row in expected[2:]])
    assert means[1] != expected[1]


def test_a_spread_needs_two_episodes_that_differ(llama_vectors: EmotionVectors) -> None:
    with pytest.raises(OpenModelError, match=r"family 'night_rota' has 1 benign episode .* a spread needs 2"):
        add_baseline(llama_vectors, [episode(1)])
    with pytest.raises(OpenModelError, match="family 'night_rota': 2 benign episodes do not differ at all"):
        add_baseline(llama_vectors, [episode(1), episode(1)])
    unread = [
        ReadEpisode("night_rota", "none", "none", "none", (reading(0, ()), *episode(seed).readings[1:]))
        for seed in range(2)
    ]
    with pytest.raises(OpenModelError, match="fewer than 2 benign episodes could be read at turn 0"):
        add_baseline(llama_vectors, unread)


@pytest.mark.parametrize(
    "changes", [{"mechanism": "review_board"}, {"steering": "desperate:0.1"}, {"steering": "clamp"}]
)
def test_episodes_with_an_advocate_or_steering_are_no_baseline(
    changes: dict[str, str], llama_vectors: EmotionVectors
) -> None:
    foreign = [episode(seed, **changes) for seed in range(3)]
    with pytest.raises(OpenModelError, match="no episode without an advocate and without steering was read"):
        add_baseline(llama_vectors, foreign)
    own = [episode(seed) for seed in range(2)]
    mixed, alone = add_baseline(llama_vectors, [*own, *foreign]), add_baseline(llama_vectors, own)
    assert mixed.header.baseline == alone.header.baseline
    with pytest.raises(OpenModelError, match="no episode"):
        add_baseline(llama_vectors, [])


def test_threatened_episodes_give_the_level_of_clamping_and_no_baseline(llama_vectors: EmotionVectors) -> None:
    threatened = [episode(1, turns=2, threat="deletion"), episode(2, turns=6, threat="deletion")]
    header = add_baseline(llama_vectors.with_header(baseline={}, clamp={}), threatened).header
    means = [np.mean([turn.position[ROW] for turn in item.readings]) for item in threatened]
    assert header.clamp == {"night_rota": pytest.approx(np.mean(means))}
    assert header.baseline == {}


def test_a_family_without_a_baseline_is_missing_and_others_stay(llama_vectors: EmotionVectors) -> None:
    vectors = add_baseline(llama_vectors, [episode(seed, family="seed_vault") for seed in range(2)])
    assert set(vectors.header.baseline) == {"night_rota", "seed_vault"}
    turn = reading(0, tuple(range(13)))
    assert standardise_reading(vectors, turn, ReadingRequest(family="seed_vault")).z_position
    for family in ("pump_house", ""):
        assert standardise_reading(vectors, turn, ReadingRequest(family=family)).z_position == ()


def test_the_setting_comes_from_the_sample() -> None:
    metadata = {"family": "night_rota", "threat": "none", "mechanism": "none", "variant": 3}
    assert read_setting(metadata, []).is_plain
    assert not read_setting(metadata | {"steering": "clamp"}, []).is_plain
    assert not read_setting({}, []).is_plain
