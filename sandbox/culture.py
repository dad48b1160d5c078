"""A small mechanistic model of a perfusion culture: HEK293 cells that make lentiviral vector in a stirred bioreactor.

    dX/dt   = (mu - kd - bleed) X               mu: Monod in glucose, inhibited by lactate, slowed by crowding and cold
    dG/dt   = D (G_feed - G) - q_G X            D: perfusion rate, follows the cells (constant rate per cell)
    dL/dt   = -D L + y q_G X
    dDO/dt  = kLa (DO* - DO) - OUR              DO*: what the gas mix allows; oxygen flow is under PI control
    dC/dt   = CO2 made + CO2 sparged - stripped
    pH      = 6.1 + log10(HCO3 / 0.0301 C)      Henderson-Hasselbalch; CO2 lowers, base raises, lactate eats HCO3
    dT/dt   = h (T_jacket - T) + heat           jacket under PI control
    dV/dt   = q_V X - (D + decay) V             vector, only after the cells were transduced

Transduction pauses the perfusion; afterwards the vessel is colder, the cells grow slower, die faster and take less
glucose. Every figure is a plausible round number for such a process, chosen for the demo, not fitted to any plant.

One batch is integrated once, from its start to its end, on a fixed grid of `STEP_S` seconds; a moment between two grid
points is interpolated. So what a sensor shows at a moment never depends on who asks for which window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

STEP_S = 60
"""Grid of the integration. The fastest part, dissolved oxygen, answers in about four minutes."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """When the phases of one batch begin, in whole seconds since 1970 (UTC), and the seed of its biology and noise."""

    seed: int
    batch: str
    start: int
    transduction: int
    production: int
    end: int

    def phase(self, at: int) -> str:
        """growth, transduction or production: the words of the contract's phase list."""
        if at < self.transduction:
            return "growth"
        return "transduction" if at < self.production else "production"


@dataclass(frozen=True, slots=True)
class Biology:
    """What the cells and the vessel do. Rates per hour, cells in 1e6/mL, concentrations in mmol/L."""

    inoculum: float = 5.0
    mu_max: float = 0.031
    death: float = 0.0015
    death_transduced: float = 0.006
    growth_transduced: float = 0.35  # share of mu_max that is left
    glucose_uptake: float = 0.050  # mmol per 1e9 cells
    glucose_feed: float = 35.0
    glucose_start: float = 30.0
    lactate_yield: float = 0.65
    ammonium_yield: float = 0.07
    oxygen_uptake: float = 0.20
    vector_rate: float = 0.12  # 1e6 TU per 1e6 cells
    vector_decay: float = 0.07  # half-life about ten hours at 37 degrees
    perfusion_per_cell: float = 0.0020  # vessel volumes per hour and 1e6 cells/mL, about 48 pL per cell and day
    perfusion_least: float = 0.021
    perfusion_most: float = 0.083
    cells_wanted: float = 18.0  # the bleed holds the cells here
    kla: float = 15.0
    oxygen_setpoint: float = 40.0
    oxygen_start: float = 60.0
    ph_setpoint: float = 7.10
    temperature_growth: float = 37.0
    temperature_production: float = 35.5
    agitation: float = 160.0

    def of(self, seed: int, batch: str) -> Biology:
        """The same process with the small differences that no two batches are without."""
        rng = np.random.Generator(np.random.PCG64(seed_of(seed, batch, "biology")))
        spread = rng.uniform(0.96, 1.04, size=6)
        return replace(
            self,
            inoculum=self.inoculum * float(spread[0]),
            mu_max=self.mu_max * float(spread[1]),
            glucose_uptake=self.glucose_uptake * float(spread[2]),
            lactate_yield=self.lactate_yield * float(spread[3]),
            oxygen_uptake=self.oxygen_uptake * float(spread[4]),
            vector_rate=self.vector_rate * float(spread[5]),
        )


@dataclass(frozen=True)
class Trajectory:
    """One integrated batch: `time` (seconds since 1970) and, for each canonical signal, its true value on that grid."""

    time: Array
    signals: Mapping[str, Array]

    def at(self, signal: str, seconds: Array) -> Array:
        """The true value at any moments inside the batch."""
        return np.interp(seconds, self.time, self.signals[signal])


@lru_cache(maxsize=8)
def trajectory(recipe: Recipe, biology: Biology | None = None) -> Trajectory:
    """Integrate a batch by the midpoint rule. `biology` None: the one that belongs to the recipe's seed and batch."""
    return _integrate(recipe, Biology().of(recipe.seed, recipe.batch) if biology is None else biology)


def seed_of(*parts: object) -> int:
    """A 128-bit seed from words: unlike `hash`, the same in every process."""
    return int.from_bytes(sha256("|".join(map(str, parts)).encode()).digest()[:16], "big")


# Indices of the state vector. Plain floats in a list: at this size about five times as fast as a numpy array.
_X, _XD, _G, _L, _N, _V, _DO, _C, _HCO3, _T, _TJ, _I_O2, _I_CO2, _I_TJ, _BASE, _FOUL = range(16)
_STATES = 16

_OUTPUTS = (
    "viable_cells",
    "dead_cells",
    "glucose",
    "lactate",
    "ammonium",
    "vector",
    "dissolved_oxygen",
    "pco2",
    "bicarbonate",
    "temperature",
    "jacket_temperature",
    "ph",
    "oxygen_flow",
    "air_flow",
    "co2_flow",
    "base_flow",
    "base_total",
    "perfusion_flow",
    "bleed_flow",
    "membrane_pressure",
    "growth_rate",
    "oxygen_uptake_rate",
    "temperature_setpoint",
)
VESSEL_L = 10.0


def _integrate(recipe: Recipe, bio: Biology) -> Trajectory:
    steps = (recipe.end - recipe.start) // STEP_S + 1
    state = [0.0] * _STATES
    state[_X], state[_G], state[_DO], state[_C] = bio.inoculum, bio.glucose_start, bio.oxygen_start, 45.0
    state[_HCO3], state[_T], state[_TJ] = 22.0, bio.temperature_growth, bio.temperature_growth + 0.3
    state[_I_O2], state[_I_CO2] = 20.0, 0.0
    half_h = STEP_S / 7200
    rows: list[tuple[float, ...]] = []
    for i in range(steps):
        now = recipe.start + i * STEP_S
        slope, seen = _slope(state, recipe.phase(now), bio)
        rows.append(seen)
        middle = [s + half_h * d for s, d in zip(state, slope, strict=True)]
        slope, _ = _slope(middle, recipe.phase(now + STEP_S // 2), bio)
        state = [s + 2 * half_h * d for s, d in zip(state, slope, strict=True)]
    table = np.array(rows, dtype=np.float64)
    time = recipe.start + STEP_S * np.arange(steps, dtype=np.float64)
    return Trajectory(time, {name: table[:, i].copy() for i, name in enumerate(_OUTPUTS)})


def _slope(s: list[float], phase: str, bio: Biology) -> tuple[list[float], tuple[float, ...]]:
    """Change of each state per hour, and what can be seen at this moment in the order of `_OUTPUTS`."""
    x, dead, glucose, lactate, ammonium, vector, oxygen, co2, bicarbonate, temp, jacket = s[:11]
    transduced = phase != "growth"

    # Cells. The cold slows growth by about a tenth per degree.
    fed = glucose / (glucose + 0.8)
    calm = 1.0 / (1.0 + (lactate / 45.0) ** 2)
    room = max(0.0, 1.0 - x / 40.0)
    warmth = max(0.0, 1.0 - 0.10 * max(0.0, bio.temperature_growth - temp))
    mu = bio.mu_max * fed * calm * room * warmth * (bio.growth_transduced if transduced else 1.0)
    death = bio.death_transduced if transduced else bio.death
    bleed = 0.0 if transduced else min(0.04, max(0.0, 0.02 * (x - bio.cells_wanted)))

    # Perfusion follows the cells; it rests while the vector plasmids or viruses find their cells.
    wanted = bio.perfusion_per_cell * x
    dilution = 0.0 if phase == "transduction" else min(bio.perfusion_most, max(bio.perfusion_least, wanted))
    if bio.perfusion_per_cell == 0.0:
        dilution = 0.0

    uptake = bio.glucose_uptake * fed * (0.8 if transduced else 1.0) * x
    acid = bio.lactate_yield * uptake
    our = bio.oxygen_uptake * x * oxygen / (oxygen + 2.0)

    # Gas. One vessel volume of air a second would foam: flows are mL/min, and oxygen is all that the control moves.
    air = 400.0
    error = bio.oxygen_setpoint - oxygen
    o2 = 8.0 * error + s[_I_O2]
    o2_flow = min(1500.0, max(0.0, o2))
    d_i_o2 = 90.0 * error if o2 == o2_flow else 20.0 * (o2_flow - o2)

    ph = 6.1 + math.log10(max(1e-3, bicarbonate) / (0.0301 * max(0.5, co2)))
    above = ph - bio.ph_setpoint
    gas = 900.0 * above + s[_I_CO2]
    co2_flow = min(200.0, max(0.0, gas))
    d_i_co2 = 2500.0 * above if gas == co2_flow else 20.0 * (co2_flow - gas)
    base_flow = min(6.0, max(0.0, 40.0 * (-above - 0.02)))  # mL/min of 0.5 mol/L base, dead band 0.02

    total = air + o2_flow + co2_flow
    oxygen_top = 100.0 * (0.21 * air + o2_flow) / total / 0.21
    kla = bio.kla * (total / 500.0) ** 0.3
    strip = 1.4 * (total / 500.0) ** 0.7
    base = base_flow * 60.0 * 0.5 / VESSEL_L  # mmol/L per hour

    # Heat: the jacket drives the vessel in about ten minutes, its own loop answers in about three.
    setpoint = bio.temperature_production if phase == "production" else bio.temperature_growth
    miss = setpoint - temp
    jacket_wanted = setpoint + 4.0 * miss + s[_I_TJ]
    jacket_now = min(45.0, max(20.0, jacket_wanted))
    d_i_tj = 6.0 * miss if jacket_now == jacket_wanted else 0.0

    slope = [0.0] * _STATES
    slope[_X] = (mu - death - bleed) * x
    slope[_XD] = death * x - (0.01 + bleed) * dead
    slope[_G] = dilution * (bio.glucose_feed - glucose) - uptake
    slope[_L] = acid - dilution * lactate
    slope[_N] = bio.ammonium_yield * uptake - dilution * ammonium
    slope[_V] = (bio.vector_rate * x if phase == "production" else 0.0) - (dilution + bio.vector_decay) * vector
    slope[_DO] = kla * (oxygen_top - oxygen) - our * 100.0 / 0.21
    slope[_C] = our / 0.0301 - strip * (co2 - 760.0 * co2_flow / total)
    slope[_HCO3] = dilution * (26.0 - bicarbonate) - 0.35 * (acid - dilution * lactate) + base
    slope[_T] = 6.0 * (jacket - temp) + 0.02 * x
    slope[_TJ] = 20.0 * (jacket_now - jacket)
    slope[_I_O2], slope[_I_CO2], slope[_I_TJ] = d_i_o2, d_i_co2, d_i_tj
    slope[_BASE] = base_flow * 0.06
    slope[_FOUL] = 0.02 * dilution * (x + dead)  # the membrane of the cell retention clogs with what passes it

    flow = dilution * VESSEL_L * 1000.0 / 60.0  # mL/min
    seen = (
        x,
        dead,
        glucose,
        lactate,
        ammonium,
        vector,
        oxygen,
        co2,
        bicarbonate,
        temp,
        jacket,
        ph,
        o2_flow,
        air,
        co2_flow,
        base_flow,
        s[_BASE],
        flow,
        bleed * VESSEL_L * 1000.0 / 60.0,
        20.0 + 0.4 * flow + 6.0 * s[_FOUL],
        mu - death,
        our,
        setpoint,
    )
    return slope, seen
