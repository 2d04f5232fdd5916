"""Information on a device whose arrays NumPy cannot read: the same bits, and none leaves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from strict_runs import registered, same  # noqa: F401

from pydis import information
from pydis.autodiff import Tensor, grad, ops

Array = Any

TABLE = np.array([[0.4, 0.0, 0.1], [0.2, 0.3, 0.0], [0.0, 0.0, 0.0]])
CUBE = np.arange(8.0).reshape(2, 2, 2) / 28
ROWS = np.full((3, 3), 0.25) + np.eye(3) / 4
P, Q = np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.2, 0.6])
DENSITIES = -np.arange(18.0).reshape(3, 3, 2) % 5
COVARIANCE = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]])

CALLS: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "self_information": (information.self_information, (P,)),
    "entropy": (information.entropy, (P,)),
    "joint_entropy": (information.joint_entropy, (TABLE,)),
    "conditional_entropy": (information.conditional_entropy, (TABLE,)),
    "mutual_information": (information.mutual_information, (TABLE,)),
    "total_correlation": (information.total_correlation, (CUBE,)),
    "conditional_mutual_information": (information.conditional_mutual_information, (CUBE,)),
    "cross_entropy": (information.cross_entropy, (P, Q)),
    "kl_divergence": (information.kl_divergence, (Q, P)),
    "js_divergence": (information.js_divergence, (P, Q)),
    "gaussian_entropy": (information.gaussian_entropy, (COVARIANCE,)),
    "gaussian_mutual_information": (
        lambda s: information.gaussian_mutual_information(s, 1),
        (COVARIANCE,),
    ),
    "gaussian_total_correlation": (information.gaussian_total_correlation, (COVARIANCE,)),
    "barber_agakov": (information.barber_agakov, (TABLE, ROWS)),
    "infonce": (information.infonce, (COVARIANCE,)),
    "donsker_varadhan": (information.donsker_varadhan, (P, Q, 1.0 - Q)),
    "nguyen_wainwright_jordan": (information.nguyen_wainwright_jordan, (P, Q, 1.0 - Q)),
    "evidence_bound": (information.evidence_bound, (P, -Q)),
    "importance_weighted_bound": (information.importance_weighted_bound, (-ROWS,)),
    "decompose_table": (
        lambda q, p, w: list(information.decompose_table(q, [p], w)),
        (ROWS, Q, P),
    ),
    "decompose_draws": (
        lambda own, together, prior: list(information.decompose_draws(own, together, prior)),
        (DENSITIES[0], DENSITIES[:, :, 0], DENSITIES[1]),
    ),
    "log_aggregate": (information.log_aggregate, (DENSITIES,)),
    "weighted_sampling": (lambda l: information.weighted_sampling(l, 7), (DENSITIES,)),
    "stratified_sampling": (lambda l: information.stratified_sampling(l, 7), (DENSITIES,)),
}


def test_every_function_is_in_the_table() -> None:
    assert set(CALLS) == set(information.__all__) - {"Decomposition"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
def test_every_function(name: str, dtype: Any) -> None:
    """Of arrays and of tensors, and the gradient of every part in all inputs."""
    f, inputs = CALLS[name]

    def results(*arrays: Array) -> Any:
        xs = [Tensor(a) for a in arrays]
        values = f(*xs)
        parts = values if isinstance(values, list) else [values]
        slopes = [grad(ops.sum(part), xs, allow_unused=True) for part in parts]
        return f(*arrays), values, slopes

    assert same(results, *[x.astype(dtype) for x in inputs]) >= 2 + len(inputs)
