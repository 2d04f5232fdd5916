"""A mistake gets an error that names the operation, what was received and what was expected."""

import numpy as np
import pytest

from pydis import Tensor, grad, use
from pydis.autodiff.ops import conv2d, conv2d_w, conv2d_x, exp, matmul, mul, sum
from pydis.backends.threads import threads

A = np.ones((2, 3))
X = np.ones((1, 4, 4, 2))
W = np.ones((3, 3, 2, 5))
MISTAKES = {
    "a list": (lambda: exp([1.0]), TypeError, "exp: expected a floating-point array, received li"),
    "integers": (lambda: exp(np.arange(3)), TypeError, "exp: .* received dtype int64: convert it"),
    "a list beside": (lambda: Tensor(A) - [1.0], TypeError, "sub: .* received list"),
    "bytes as images": (lambda: conv2d(X.astype("u1"), W), TypeError, "conv2d: .* dtype uint8"),
    "a nested tensor": (lambda: Tensor(Tensor(A)), TypeError, "Tensor: .* received Tensor"),
    "a masked array": (lambda: exp(np.ma.ones(2)), TypeError, "exp: expected a plain array, rec"),
    "two precisions": (lambda: mul(A, A.astype("f4")), TypeError, "mul: .*float64, float32"),
    "shapes": (lambda: mul(A, np.ones(4)), ValueError, r"mul: shapes \(2, 3\) and \(4,\) do not"),
    "matmul": (lambda: matmul(A, A), ValueError, r"matmul: .*\[M, K\] and \[K, N\], received"),
    "pair of strides": (lambda: conv2d(X, W, stride=(2, 2)), TypeError, "conv2d: expected whole"),
    "half a stride": (lambda: conv2d(X, W, stride=1.5), TypeError, r"conv2d: .* received 1\.5"),
    "one size": (lambda: conv2d_x(X, np.ones((3, 3, 2, 2)), size=4), TypeError, "conv2d_x: .* 4"),
    "size of w": (lambda: conv2d_w(X, X, size=(9, 9)), ValueError, "conv2d_w: a filter of 9x9"),
    "axis": (lambda: sum(A, axis=2), ValueError, r"axis 2 does not fit .*\(2, 3\)"),
    "y_bar": (lambda: grad(Tensor(A), Tensor(A), [1.0]), TypeError, "grad: y_bar: .* received"),
    "arrays": (lambda: grad(A, A), TypeError, "grad: expected Tensors, received float64"),
    "a kernel": (lambda: use("numpy", matmul=3), ValueError, "kernel 'matmul': expected a functi"),
    "no threads": (lambda: threads(0), ValueError, "threads: expected at least 1, received 0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_explained(mistake: str):
    call, kind, message = MISTAKES[mistake]
    with pytest.raises(kind, match=message):
        call()
