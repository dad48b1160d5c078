"""Promise kept here: the simulated culture behaves like one, and a moment of a batch always reads the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from contracts.odcs import load_catalog
from sandbox.culture import Biology, Recipe, trajectory
from sandbox.sensors import SENSORS, hour_of, readings
from sandbox.story import CDMOS, PARTNERS, PartnerId, Story

SEED = 2611
STORY = Story(SEED, datetime(2026, 11, 22, 5, 12, 30, tzinfo=UTC))
RECIPE = STORY.recipe("northvale")


def test_a_window_reads_the_same_whatever_was_asked_for() -> None:
    start = STORY.pat_start
    whole = readings(RECIPE, "ph", start, start + timedelta(hours=3))
    part = readings(RECIPE, "ph", start + timedelta(minutes=47, seconds=13), start + timedelta(hours=2, seconds=1))
    assert np.array_equal(part, whole[47 * 60 + 13 : 2 * 3600 + 1])
    hour_of.cache_clear()
    trajectory.cache_clear()
    assert np.array_equal(readings(RECIPE, "ph", start, start + timedelta(hours=3)), whole)


def test_two_batches_and_two_seeds_differ() -> None:
    hour = int(STORY.pat_start.timestamp())
    other_batch = replace(RECIPE, batch="B-2611-0009")
    other_seed = replace(RECIPE, seed=SEED + 1)
    first = hour_of(RECIPE, "capacitance", hour)
    assert not np.array_equal(first, hour_of(other_batch, "capacitance", hour))
    assert not np.array_equal(first, hour_of(other_seed, "capacitance", hour))


def test_an_hour_outside_of_the_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole hour"):
        hour_of(RECIPE, "ph", RECIPE.end)


def test_cells_grow_before_transduction_and_slower_after() -> None:
    batch = trajectory(RECIPE)
    rate = batch.at("growth_rate", np.array([RECIPE.transduction - 3600.0, RECIPE.production + 3600.0]))
    assert rate[0] > 0.005
    assert rate[1] < rate[0] / 3
    cells = batch.at("viable_cells", np.array([float(RECIPE.start), RECIPE.transduction - 1.0]))
    # 48 h at a growth rate between 0.015 and 0.031 per hour multiply the cells by 2.0 to 4.4.
    assert 2.0 < cells[1] / cells[0] < 4.4


def test_glucose_falls_by_what_the_cells_took_when_nothing_is_fed() -> None:
    starved = replace(Biology(), perfusion_per_cell=0.0)
    batch = trajectory(RECIPE, starved)
    hours = RECIPE.start + 3600.0 * np.arange(0, 7)
    glucose, cells = batch.at("glucose", hours), batch.at("viable_cells", hours)
    assert (np.diff(glucose) < 0).all()
    # Uptake is 0.050 mmol per 1e9 cells and hour, times saturation 30/(30+0.8): what is missing must be what was taken.
    taken = np.trapezoid(0.050 * cells * glucose / (glucose + 0.8), dx=1.0)
    assert glucose[0] - glucose[-1] == pytest.approx(taken, rel=0.01)
    lactate = batch.at("lactate", hours)
    assert lactate[-1] - lactate[0] == pytest.approx(starved.lactate_yield * taken, rel=0.01)


def test_dissolved_oxygen_returns_to_its_set_point() -> None:
    # Begun nearly without oxygen, with many cells: the control must bring it back within half an hour, and hold it.
    low = replace(Biology(), oxygen_start=5.0, inoculum=12.0)
    batch = trajectory(RECIPE, low)
    oxygen = batch.at("dissolved_oxygen", RECIPE.start + np.array([0.0, 1800.0, 3600.0, 4 * 3600.0]))
    assert oxygen[0] == pytest.approx(5.0)
    assert oxygen[1] > 30
    assert oxygen[2:] == pytest.approx(40.0, abs=3.0)


def test_the_vessel_is_held_at_its_temperature_and_ph() -> None:
    batch = trajectory(RECIPE)
    late = np.arange(RECIPE.start + 4 * 3600, RECIPE.transduction, 600, dtype=float)
    assert batch.at("temperature", late) == pytest.approx(37.0, abs=0.1)
    assert batch.at("ph", late) == pytest.approx(7.10, abs=0.03)
    end = np.array([RECIPE.production + 3600.0])
    assert batch.at("temperature", end) == pytest.approx(35.5, abs=0.1)


def test_vector_appears_only_after_transduction() -> None:
    batch = trajectory(RECIPE)
    vector = batch.at("vector", np.array([RECIPE.production - 60.0, RECIPE.production + 2 * 3600.0]))
    assert vector[0] == 0
    assert vector[1] > 0.5


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize("seed", [SEED, 1, 77])
def test_healthy_readings_keep_every_limit_of_the_agreed_tags(partner: PartnerId, seed: int) -> None:
    """Range, rate of change and "not stuck", computed here with numpy and not by the checker that is to find them."""
    story = Story(seed, STORY.t0)
    recipe: Recipe = story.recipe(partner)
    tags = load_catalog().get(f"{partner}-pat@1").schema.tags
    assert len(tags) == 20
    for tag in tags:
        assert tag.name in SENSORS, f"{tag.tag}: the model shows no {tag.name}"
        values = readings(recipe, tag.name, story.pat_start, story.pat_end)
        assert values.size == 13 * 3600
        assert tag.low is not None
        assert tag.high is not None
        assert float(tag.low) <= values.min(), f"seed {seed}: {tag.tag} falls to {values.min()}"
        assert values.max() <= float(tag.high), f"seed {seed}: {tag.tag} rises to {values.max()}"
        steps = np.abs(np.diff(values))
        if tag.max_rate is not None:
            assert steps.max() < float(tag.max_rate), f"seed {seed}: {tag.tag} jumps by {steps.max()}"
        if tag.stuck_after is not None and tag.noise_floor is not None:
            moves = np.flatnonzero(steps > float(tag.noise_floor) + 1e-9)
            still = np.diff(np.concatenate([[0], moves, [values.size]])).max()
            assert still < tag.stuck_after.total_seconds() / 4, f"seed {seed}: {tag.tag} stands still for {still} s"


def test_phases_follow_the_recipe() -> None:
    recipe = STORY.recipe("halden")
    words = [recipe.phase(at) for at in (recipe.start, recipe.transduction, recipe.production, recipe.end - 1)]
    assert words == ["growth", "transduction", "production", "production"]
    begin = int(STORY.pat_start.timestamp())
    assert recipe.transduction - begin == CDMOS["halden"].transduction_h * 3600
