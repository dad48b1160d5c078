"""What the instruments on the vessel show of the culture at 1 Hz.

True value, late by the sensor's lag, with slow wander and noise, rounded to the digits that the instrument sends. A
reading is a function of (seed, batch, signal, second): noise is drawn by the hour from a generator of its own for each
hour, so every window of a batch can be made again exactly, whatever was asked for before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from sandbox.culture import VESSEL_L, Array, Recipe, Trajectory, seed_of, trajectory

BLOCK_S = 3600
"""Noise comes in blocks of one hour that begin at full hours (UTC)."""

Source = Callable[[Trajectory, Array], Array]


@dataclass(frozen=True, slots=True)
class Sensor:
    """One instrument. `noise` is the standard deviation of one reading, `wander` the amplitude of slow drift back and
    forth, both in the signal's unit; `digits` are decimals sent; `floor` is the lowest reading it can show."""

    source: Source
    digits: int
    noise: float = 0.0
    wander: float = 0.0
    lag_s: float = 0.0
    floor: float | None = None


def _plain(signal: str, factor: float = 1.0, offset: float = 0.0) -> Source:
    return lambda truth, at: factor * truth.at(signal, at) + offset


def _level(value: float) -> Source:
    return lambda _truth, at: np.full(at.shape, value)


def _capacitance(truth: Trajectory, at: Array) -> Array:
    # Radio-frequency permittivity follows the membranes of living cells: about 1.1 pF/cm for 1e6 cells/mL of HEK293.
    return 1.1 * truth.at("viable_cells", at) + 0.6


def _turbidity(truth: Trajectory, at: Array) -> Array:
    return 0.055 * (truth.at("viable_cells", at) + 0.7 * truth.at("dead_cells", at)) + 0.05


def _off_gas_oxygen(truth: Trajectory, at: Array) -> Array:
    air, o2, co2 = (truth.at(name, at) for name in ("air_flow", "oxygen_flow", "co2_flow"))
    used = truth.at("oxygen_uptake_rate", at) * VESSEL_L * 24.0 / 60.0  # mL/min at room temperature
    return 100.0 * (0.2095 * air + o2 - used) / (air + o2 + co2)


def _off_gas_co2(truth: Trajectory, at: Array) -> Array:
    total = truth.at("air_flow", at) + truth.at("oxygen_flow", at) + truth.at("co2_flow", at)
    made = truth.at("oxygen_uptake_rate", at) * VESSEL_L * 24.0 / 60.0
    return 100.0 * (truth.at("co2_flow", at) + made) / total


SENSORS: dict[str, Sensor] = {
    "ph": Sensor(_plain("ph"), 3, noise=0.002, wander=0.012, lag_s=20),
    "dissolved_oxygen": Sensor(_plain("dissolved_oxygen"), 2, noise=0.15, wander=1.2, lag_s=25),
    "temperature": Sensor(_plain("temperature"), 2, noise=0.012, wander=0.04, lag_s=10),
    "jacket_temperature": Sensor(_plain("jacket_temperature"), 2, noise=0.02, wander=0.15, lag_s=5),
    "agitation": Sensor(_level(160.0), 1, noise=0.25, wander=0.4),
    "agitation_setpoint": Sensor(_level(160.0), 0),
    "capacitance": Sensor(_capacitance, 2, noise=0.04, wander=0.05, lag_s=30),
    "turbidity": Sensor(_turbidity, 3, noise=0.003, wander=0.004, lag_s=5),
    "glucose": Sensor(_plain("glucose", 0.18016), 3, noise=0.010, wander=0.02, lag_s=60),  # g/L
    "lactate": Sensor(_plain("lactate", 0.09008), 3, noise=0.006, wander=0.01, lag_s=60),
    "ammonium": Sensor(_plain("ammonium"), 3, noise=0.006, wander=0.01, lag_s=60),
    "pco2": Sensor(_plain("pco2"), 1, noise=0.25, wander=0.8, lag_s=45),
    "oxygen_flow": Sensor(_plain("oxygen_flow"), 1, noise=0.30, wander=1.5, lag_s=2, floor=0.0),
    "air_flow": Sensor(_plain("air_flow"), 1, noise=0.50, wander=1.0, lag_s=2, floor=0.0),
    "co2_flow": Sensor(_plain("co2_flow"), 2, noise=0.05, wander=0.3, lag_s=2, floor=0.0),
    "base_total": Sensor(_plain("base_total", 1000.0, 12.0), 2, noise=0.03),  # mL, on a balance
    "perfusion_flow": Sensor(_plain("perfusion_flow"), 3, noise=0.010, wander=0.02, floor=0.0),
    "bleed_flow": Sensor(_plain("bleed_flow"), 3, noise=0.004, floor=0.0),
    "vessel_weight": Sensor(_level(VESSEL_L), 3, noise=0.003, wander=0.02),  # kg of broth
    "head_pressure": Sensor(_level(120.0), 1, noise=0.3, wander=1.0),  # mbar
    "membrane_pressure": Sensor(_plain("membrane_pressure"), 1, noise=0.3, wander=0.5),  # mbar
    "off_gas_oxygen": Sensor(_off_gas_oxygen, 2, noise=0.015, wander=0.05, lag_s=40),
    "off_gas_co2": Sensor(_off_gas_co2, 2, noise=0.010, wander=0.03, lag_s=40),
    "foam": Sensor(_level(8.0), 2, noise=0.10, wander=1.0, floor=0.0),
}
"""Every signal that the model can show, by its canonical name. A partner's tag list picks from these."""


@lru_cache(maxsize=512)
def hour_of(recipe: Recipe, signal: str, hour: int) -> Array:
    """The 3,600 healthy readings of the hour that begins at `hour` (seconds since 1970). Do not write into the array.

    Raises ValueError when the hour isn't inside the batch, KeyError for a signal that is no canonical one.
    """
    if hour % BLOCK_S or not recipe.start <= hour <= recipe.end - BLOCK_S:
        raise ValueError(f"{recipe.batch} has no whole hour at {hour}")
    sensor = SENSORS[signal]
    at = hour + np.arange(BLOCK_S, dtype=np.float64)
    value = sensor.source(trajectory(recipe), np.maximum(at - sensor.lag_s, recipe.start))
    if sensor.noise:
        rng = np.random.Generator(np.random.PCG64(seed_of(recipe.seed, recipe.batch, signal, hour)))
        value = value + sensor.noise * rng.standard_normal(BLOCK_S)
    if sensor.wander:
        phases = np.random.Generator(np.random.PCG64(seed_of(recipe.seed, recipe.batch, signal))).uniform(0, 1, 3)
        for share, period, phase in zip((0.55, 0.30, 0.15), (5400.0, 1260.0, 410.0), phases, strict=True):
            value = value + sensor.wander * share * np.sin(2 * math.pi * ((at - recipe.start) / period + phase))
    if sensor.floor is not None:
        value = np.maximum(value, sensor.floor)
    return np.round(value, sensor.digits) + 0.0  # -0.0 would be printed with its sign


def readings(recipe: Recipe, signal: str, start: datetime, end: datetime) -> Array:
    """Healthy readings of [start, end), one a second. Whole seconds only."""
    first, stop = int(start.timestamp()), int(end.timestamp())
    hours = range(first - first % BLOCK_S, stop, BLOCK_S)
    parts = [hour_of(recipe, signal, hour) for hour in hours]
    if not parts:
        return np.empty(0)
    offset = first - hours[0]
    return np.concatenate(parts)[offset : offset + stop - first]
