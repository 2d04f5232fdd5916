"""Which latents say anything at all."""

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.01


def activity(means: NDArray[np.floating]) -> NDArray[np.float64]:
    """A_i = Var_x(E[z_i|x]), the variance of the posterior means `[N, D]` (eq:activity), `[D]`.

    A latent that ignores x has the prior's mean for every x, so A_i = 0. Raises ValueError for
    fewer than two examples. Burda et al. 2016, section 5.2.
    """
    if means.ndim != 2 or len(means) < 2:
        raise ValueError(f"activity: expected means [N >= 2, D], received {means.shape}")
    variance: NDArray[np.float64] = means.astype(np.float64).var(axis=0, ddof=1)
    return variance


def active_latents(means: NDArray[np.floating], threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Whether A_i > 0.01, for each latent `[D]`: the usual bound of Burda et al. 2016."""
    active: NDArray[np.bool_] = activity(means) > threshold
    return active
