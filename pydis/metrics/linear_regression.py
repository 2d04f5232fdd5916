"""How much of a factor the codes say to a linear reader."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating | np.integer]


def linear_r2(
    codes: Numbers, factors: Numbers, codes_held_out: Numbers, factors_held_out: Numbers
) -> NDArray[np.float64]:
    """R² = 1 − Σ (v − v̂)² / Σ (v − v̄)² of each factor v on held-out data  (eq:r-squared).

    v̂ = a + bᵀz is fitted by least squares on `codes` `[M, D]` and `factors` `[M, K]`, scored on the
    held-out ones; v̄ is their own mean. Returns `[K]`, at most 1. Raises ValueError for shapes that
    do not match, fewer than D + 1 examples, and a factor that is constant where it is scored.
    """
    _check(codes, factors)
    _check(codes_held_out, factors_held_out)
    if codes.shape[1] != codes_held_out.shape[1] or factors.shape[1] != factors_held_out.shape[1]:
        raise ValueError(
            f"linear_r2: fitted on codes {codes.shape} and factors {factors.shape}, "
            f"scored on {codes_held_out.shape} and {factors_held_out.shape}"
        )
    if len(codes) <= codes.shape[1]:
        raise ValueError(
            f"linear_r2: {len(codes)} examples cannot fit {codes.shape[1] + 1} coefficients"
        )
    target = factors_held_out.astype(np.float64)
    spread = ((target - target.mean(axis=0)) ** 2).sum(axis=0)
    if (np.ptp(target, axis=0) == 0).any():
        raise ValueError("linear_r2: a factor is constant on the held-out data")
    coefficients, *_ = np.linalg.lstsq(_with_one(codes), factors.astype(np.float64), rcond=None)
    residual = ((target - _with_one(codes_held_out) @ coefficients) ** 2).sum(axis=0)
    r2: NDArray[np.float64] = 1.0 - residual / spread
    return r2


def _with_one(codes: Numbers) -> NDArray[np.float64]:
    return np.concatenate([np.ones((len(codes), 1)), codes.astype(np.float64)], axis=1)


def _check(codes: Numbers, factors: Numbers) -> None:
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise ValueError(
            f"linear_r2: expected codes [N, D] and factors [N, K], "
            f"received {codes.shape} and {factors.shape}"
        )
