# The compiled kernels of pydis (csrc/).

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Real = TypeVar("_Real", np.float32, np.float64)

def matmul(
    a: NDArray[_Real],
    b: NDArray[_Real],
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> NDArray[_Real]: ...
def build_info() -> dict[str, str]: ...
def instruction_sets() -> list[str]: ...
def instruction_set() -> str: ...
def use_instruction_set(name: str) -> None: ...
