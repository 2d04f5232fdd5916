"""
The compiled kernels of pydis.
"""
from __future__ import annotations
import numpy
import typing
__all__: list[str] = ['batch_moments', 'batch_norm', 'batch_norm_sums', 'batch_norm_x', 'build_info', 'conv2d', 'conv2d_w', 'conv2d_x', 'exp', 'gate', 'instruction_set', 'instruction_sets', 'leaky_relu', 'log', 'matmul', 'relu', 'row_sums', 'set_threads', 'sigmoid', 'softplus', 'threads', 'use_instruction_set']
def batch_moments(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Mean and variance [2, C] of the channels of x [N, C].
    """
def batch_norm(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], b: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], moments: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], epsilon: typing.SupportsFloat | typing.SupportsIndex, slope: typing.SupportsFloat | typing.SupportsIndex | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    w (x - mean) / sqrt(variance + epsilon) + b; what is not above zero times the slope.
    """
def batch_norm_sums(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], moments: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], epsilon: typing.SupportsFloat | typing.SupportsIndex) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Sums [2, C] of g and of g times the normalised x.
    """
def batch_norm_x(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], moments: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], sums: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], epsilon: typing.SupportsFloat | typing.SupportsIndex) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    The cotangent of x for a cotangent g of w times the normalised x.
    """
def build_info() -> dict[str, str]:
    """
    How this module was built.
    """
def conv2d(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], stride: typing.SupportsInt | typing.SupportsIndex, pad: typing.SupportsInt | typing.SupportsIndex, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None, mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Images x [N, H, W, C] under filters w [U, V, C, O]: maps [N, I, J, O].
    """
def conv2d_w(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], filter_height: typing.SupportsInt | typing.SupportsIndex, filter_width: typing.SupportsInt | typing.SupportsIndex, stride: typing.SupportsInt | typing.SupportsIndex, pad: typing.SupportsInt | typing.SupportsIndex, x_mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, g_mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Images x correlated with maps g: filters [U, V, C, O].
    """
def conv2d_x(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], height: typing.SupportsInt | typing.SupportsIndex, width: typing.SupportsInt | typing.SupportsIndex, stride: typing.SupportsInt | typing.SupportsIndex, pad: typing.SupportsInt | typing.SupportsIndex, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None, mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Maps g [N, I, J, O] spread over images [N, H, W, C].
    """
def exp(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    exp x of each element.
    """
def gate(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], y: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], slope: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    x where y is above zero, else slope x; without a slope 0, whatever x is.
    """
def instruction_set() -> str:
    """
    The instruction set in use.
    """
def instruction_sets() -> list[str]:
    """
    The instruction sets that were built and that this machine can run, best last.
    """
def leaky_relu(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], slope: typing.SupportsFloat | typing.SupportsIndex) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    x where it is above zero, else slope x.
    """
def log(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    The natural logarithm of each element.
    """
def matmul(a: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], b: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], transpose_a: bool = False, transpose_b: bool = False, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    op(a) op(b) + bias of two matrices, each transposed or not; what is below zero times the slope.
    """
def relu(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    x where it is not below zero, else 0.
    """
def row_sums(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], gate: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    The sum of the rows of x [N, C]; with a gate [N, C], of what it is above zero for.
    """
def set_threads(number: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Use so many threads from now on, in the whole process.
    """
def sigmoid(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    1 / (1 + exp(-x)) of each element.
    """
def softplus(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    log(1 + exp x) of each element.
    """
def threads() -> int:
    """
    How many threads the kernels use at most.
    """
def use_instruction_set(name: str) -> None:
    """
    Use one of instruction_sets() from now on, in every thread.
    """
