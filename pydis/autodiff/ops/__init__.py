"""The ops, in reading order: shape, elementwise, reduce, linear, conv, fused."""

from pydis.autodiff.ops.conv import conv2d, conv2d_w, conv2d_x
from pydis.autodiff.ops.elementwise import (
    add,
    div,
    exp,
    gate,
    log,
    mul,
    neg,
    relu,
    sigmoid,
    softplus,
    sub,
)
from pydis.autodiff.ops.fused import conv2d_relu, conv2d_x_relu, matmul_relu
from pydis.autodiff.ops.linear import matmul
from pydis.autodiff.ops.reduce import mean, sum
from pydis.autodiff.ops.shape import broadcast_to, reshape, sum_to, transpose
from pydis.autodiff.tensor import operators

__all__ = [
    "add",
    "broadcast_to",
    "conv2d",
    "conv2d_relu",
    "conv2d_w",
    "conv2d_x",
    "conv2d_x_relu",
    "div",
    "exp",
    "gate",
    "log",
    "matmul",
    "matmul_relu",
    "mean",
    "mul",
    "neg",
    "relu",
    "reshape",
    "sigmoid",
    "softplus",
    "sub",
    "sum",
    "sum_to",
    "transpose",
]

operators.update(
    add=add, sub=sub, mul=mul, div=div, neg=neg, matmul=matmul, reshape=reshape, transpose=transpose
)
