"""The ops, in reading order.

shape, elementwise; arithmetic, transcendental, piecewise, special; reduce, index; linear, solve;
conv, gated, behind, fused, normalise.
"""

from pydis.autodiff.ops.arithmetic import add, div, mul, neg, power, square, sub
from pydis.autodiff.ops.behind import conv2d_behind, conv2d_x_behind
from pydis.autodiff.ops.conv import conv2d, conv2d_w, conv2d_x
from pydis.autodiff.ops.fused import conv2d_act, conv2d_x_act, matmul_act
from pydis.autodiff.ops.gated import bias_gradient, conv2d_gated, conv2d_w_gated, conv2d_x_gated
from pydis.autodiff.ops.index import (
    concat,
    crop,
    getitem,
    pad,
    put_back,
    scatter_add,
    split,
    stack,
    take,
)
from pydis.autodiff.ops.linear import einsum, matmul
from pydis.autodiff.ops.normalise import (
    batch_moments,
    batch_norm,
    batch_norm_sums,
    batch_norm_x,
)
from pydis.autodiff.ops.piecewise import abs, clip, gate, leaky_relu, maximum, minimum, relu, where
from pydis.autodiff.ops.reduce import (
    average_pool,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    softmax,
    sum,
    var,
)
from pydis.autodiff.ops.shape import broadcast_to, reshape, sum_to, transpose
from pydis.autodiff.ops.solve import cholesky, logabsdet, slogdet, solve, triangular_solve
from pydis.autodiff.ops.special import digamma, erf, lgamma, normal_cdf, polygamma, xlogy
from pydis.autodiff.ops.transcendental import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
)
from pydis.autodiff.tensor import operators

__all__ = [
    "abs",
    "add",
    "average_pool",
    "batch_moments",
    "batch_norm",
    "batch_norm_sums",
    "batch_norm_x",
    "bias_gradient",
    "broadcast_to",
    "cholesky",
    "clip",
    "concat",
    "conv2d",
    "conv2d_act",
    "conv2d_behind",
    "conv2d_gated",
    "conv2d_w",
    "conv2d_w_gated",
    "conv2d_x",
    "conv2d_x_act",
    "conv2d_x_behind",
    "conv2d_x_gated",
    "cos",
    "crop",
    "cumsum",
    "digamma",
    "div",
    "einsum",
    "erf",
    "exp",
    "expm1",
    "gate",
    "getitem",
    "leaky_relu",
    "lgamma",
    "log",
    "log1p",
    "log_softmax",
    "logabsdet",
    "logsumexp",
    "matmul",
    "matmul_act",
    "max",
    "maximum",
    "mean",
    "minimum",
    "mul",
    "neg",
    "normal_cdf",
    "pad",
    "polygamma",
    "power",
    "put_back",
    "relu",
    "reshape",
    "scatter_add",
    "sigmoid",
    "sin",
    "slogdet",
    "softmax",
    "softplus",
    "solve",
    "split",
    "sqrt",
    "square",
    "stack",
    "sub",
    "sum",
    "sum_to",
    "take",
    "tanh",
    "transpose",
    "triangular_solve",
    "var",
    "where",
    "xlogy",
]

operators.update(
    abs=abs,
    add=add,
    div=div,
    getitem=getitem,
    matmul=matmul,
    mul=mul,
    neg=neg,
    power=power,
    reshape=reshape,
    sub=sub,
    transpose=transpose,
)
