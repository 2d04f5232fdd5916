"""
The compiled kernels of pydis.
"""
from __future__ import annotations
import numpy
import typing
__all__: list[str] = ['adam', 'batch_moments', 'batch_norm', 'batch_norm_sums', 'batch_norm_x', 'bernoulli', 'bernoulli_slope', 'build_info', 'conv2d', 'conv2d_w', 'conv2d_x', 'exp', 'fill_outlines', 'gate', 'instruction_set', 'instruction_sets', 'keep_memory', 'kernel_seconds', 'leaky_relu', 'log', 'matmul', 'memory_handler', 'memory_statistics', 'pairwise_gaussian', 'pairwise_gaussian_slopes', 'peak', 'relu', 'row_sums', 'set_memory_handler', 'set_threads', 'sigmoid', 'softplus', 'threads', 'use_instruction_set']
def adam(theta: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], mean: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], square: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], rate: typing.SupportsFloat | typing.SupportsIndex, scale: typing.SupportsFloat | typing.SupportsIndex, beta1: typing.SupportsFloat | typing.SupportsIndex, beta2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    One step of Adam: the new theta, mean and square, where theta moves by rate mean / (sqrt(scale square) + epsilon).
    """
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
def bernoulli(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], logits: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    The log-likelihood of each row of x [N, D] under its logits: [N].
    """
def bernoulli_slope(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], logits: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    g (x - sigmoid(logits)) with g [N] and the others [N, D].
    """
def build_info() -> dict[str, str]:
    """
    How this module was built.
    """
def conv2d(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], stride: int, pad: int, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None, mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, behind: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Images x [N, H, W, C] under filters w [U, V, C, O]: maps [N, I, J, O].
    """
def conv2d_w(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], filter_height: int, filter_width: int, stride: int, pad: int, x_mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, g_mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Images x correlated with maps g: filters [U, V, C, O].
    """
def conv2d_x(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], height: int, width: int, stride: int, pad: int, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None, mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, behind: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Maps g [N, I, J, O] spread over images [N, H, W, C].
    """
def exp(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    exp x of each element.
    """
def fill_outlines(outlines: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], which: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], centre: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], subpixels: typing.SupportsInt | typing.SupportsIndex) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Outline number which[n] moved to centre[n] and filled: zeros and ones [N, 64, 64].
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
def keep_memory(bytes: int) -> None:
    """
    Keep at most so many bytes, in the whole process.
    """
def kernel_seconds() -> float:
    """
    Seconds that kernels have computed in this process so far.
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
def memory_handler() -> typing.Any:
    """
    The handler that gives arrays kept memory, for set_memory_handler.
    """
def memory_statistics() -> dict[str, int]:
    """
    Bytes in use, the most there were, bytes kept and their bound; how often a kept block was there (hits) and how often not (misses).
    """
def pairwise_gaussian(z: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], mean: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], log_variance: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Draws z [M, D] under all Gaussians [N, D]: log sums of densities, jointly and by coordinate, [M, 1 + D].
    """
def pairwise_gaussian_slopes(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], y: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], z: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], mean: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], log_variance: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    The slopes of pairwise_gaussian for the cotangent g of its result y: those in z, mean and log_variance, [M + 2 N, D].
    """
def peak(steps: typing.SupportsInt | typing.SupportsIndex, tasks: typing.SupportsInt | typing.SupportsIndex = 1, double_precision: bool = False) -> tuple[float, numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    Takes x to x/2 + 1 so many steps in twelve vectors of registers, in so many tasks: the number of operations, and the sum of each task's numbers.
    """
def relu(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    x where it is not below zero, else 0.
    """
def row_sums(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], gate: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    The sum of the rows of x [N, C]; with a gate [N, C], of what it is above zero for.
    """
def set_memory_handler(handler: typing.Any) -> typing.Any:
    """
    In this context, make arrays with this handler, or with NumPy's own for None; returns the one before.
    """
def set_threads(number: int) -> None:
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
