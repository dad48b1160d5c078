"""How a run is told: CPU and wall seconds of the check alone, peak memory of the process, how many rows failed."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path


def tell(check: Callable[[], int], rules: int) -> None:
    """Run `check` and print what it took. `rules`: how many of the 17 series rules it looks at."""
    before, began = _cpu(), time.perf_counter()
    failing = check()
    print(
        json.dumps(
            {
                "cpu_s": _cpu() - before,
                "wall_s": time.perf_counter() - began,
                "peak_mb": _peak_mb(),
                "rules": rules,
                "failing": failing,
            }
        )
    )


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would begin with what the parent had at the fork
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
