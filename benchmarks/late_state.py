"""The players late in a training, for contenders of steps_beside_torch.py to go on from.

In a game two trainings that differ by rounding alone part ways (pydis/bench/agreement.py), so that
their losses at step 100 say little of whether they do the same work. From one state they say it:
`late_state` is that before the last steps of one training, Adam's moments among it.
"""

from collections.abc import Sequence
from typing import Any

from pydis.backends import available, use
from pydis.backends.memory import memory
from pydis.bench.agreement import LATE, LATE_STEPS
from pydis.bench.steps import training

BEFORE = LATE.step - LATE_STEPS
"""Steps that the state has seen."""


def late_state(model: Any, seen: Sequence[Any], done: int = BEFORE) -> dict[str, Any]:
    """Arrays of each player by `late/PLAYER/NAME`, after so many steps on these batches."""
    start, step = training(model, seen)
    with use("cpp" if available()["cpp"].usable else "numpy"), memory():
        learners = start()
        for number in range(1, done + 1):
            learners, _ = step(learners, number)
    return {
        f"late/{player}/{name}": array
        for player, learner in learners.items()
        for name, array in learner.arrays().items()
    }
