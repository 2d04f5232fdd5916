"""A number that is not finite is traced to the op that made it."""

import numpy as np
import pytest

from pydis import Tensor
from pydis.autodiff.ops import div, exp, log, matmul, mul, relu, sigmoid, softplus, sum
from pydis.autodiff.trace import first_not_finite
from pydis.nn import Module, NonFiniteError, gradients


class Net(Module):
    def __init__(self, w: np.ndarray) -> None:
        self.w = Tensor(w)


X = np.array([[1.0, 2.0], [3.0, 4.0]])
PLANTS = {
    "log": lambda w: log(w - w),
    "div": lambda w: div(w, w - w),
    "exp": lambda w: exp(w * 1e4),
    "mul": lambda w: mul(w * 1e200, w * 1e200),
    "matmul": lambda w: matmul(w * 1e200, w * 1e200),
    "sum_to": lambda w: sum(w * 4e307) * 1.0,
    "softplus": lambda w: softplus(w * np.array(np.inf)),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("op", PLANTS)
def test_the_op_that_went_wrong_is_named(op: str):
    """Sound ops before it, and sound ones after it that carry its fault on, are not named."""
    net = Net(X)
    bad = PLANTS[op](relu(net.w))
    loss = sum(sigmoid(bad * 0.0 + bad))
    expected = "mul" if op == "softplus" else op  # inf is a constant: the product meets it first
    assert str(first_not_finite(loss)).startswith(f"{expected} of [")
    with pytest.raises(NonFiniteError, match=rf"loss \(1 of 1\); first in {expected} of \["):
        gradients(loss * np.nan if op == "exp" else loss * np.array(np.inf), net)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gradient_that_is_not_finite_is_traced_into_the_backward_sweep():
    net = Net(np.array([1e-200, 1.0]))
    loss = sum(1.0 / net.w)  # 1e200, but its slope is 1e400
    assert np.isfinite(loss.data)
    with pytest.raises(NonFiniteError, match=r"gradient of w .*first in div of \[2\] within"):
        gradients(loss, net)


def test_finite_numbers_pass_and_are_the_gradient():
    net = Net(X)
    loss = sum(net.w * net.w)
    assert first_not_finite(loss) is None
    assert np.array_equal(gradients(loss, net)["w"], 2 * X)


def test_a_named_term_counts_too():
    net = Net(X)
    with pytest.raises(NonFiniteError, match=r"not finite: rate \(1 of 2\)$"):
        gradients(sum(net.w), net, {"rate": np.array([1.0, np.nan])})
