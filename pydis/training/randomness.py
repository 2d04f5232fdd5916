"""Randomness by counting: every draw is a function of (seed, purpose, step), and of nothing else.

Philox turns a key and a counter into random bits. The key is (seed, purpose), the counter's highest
word is the step, and `backends/draws.py` makes numbers of the bits. So step 1,000 draws the same
numbers whether the run got there at once or was resumed at 999, and one purpose never shifts
another.
"""

import numpy as np

PURPOSES = {"initialise": 0, "data": 1, "latent": 2, "evaluate": 3, "report": 4}


def stream(seed: int, purpose: str, step: int = 0) -> np.random.Generator:
    """The generator of one purpose at one step. Raises ValueError for an unknown purpose,
    and for a seed or step outside 0 … 2⁶⁴ − 1.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"stream: expected one of {', '.join(PURPOSES)}, received {purpose!r}")
    for name, number in (("seed", seed), ("step", step)):
        if not 0 <= number < 2**64:
            raise ValueError(f"{name}: expected 0 … 2^64 − 1, received {number}")
    key = np.array([seed, PURPOSES[purpose]], np.uint64)
    counter = np.array([0, 0, 0, step], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
