"""
The compiled kernels of pydis.
"""
from __future__ import annotations
import numpy
import typing
__all__: list[str] = ['adam', 'bernoulli', 'bernoulli_slope', 'build_info', 'conv2d', 'conv2d_w', 'conv2d_x', 'fill_outlines', 'instruction_set', 'instruction_sets', 'matmul', 'pairwise_gaussian', 'pairwise_gaussian_slopes', 'peak', 'set_threads', 'threads', 'use_instruction_set']
def adam(theta: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], mean: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], square: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], rate: typing.SupportsFloat | typing.SupportsIndex, scale: typing.SupportsFloat | typing.SupportsIndex, beta1: typing.SupportsFloat | typing.SupportsIndex, beta2: typing.SupportsFloat | typing.SupportsIndex, epsilon: typing.SupportsFloat | typing.SupportsIndex) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    One step of Adam: the new theta, mean and square, where theta moves by rate mean / (sqrt(scale square) + epsilon).
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
def conv2d(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], stride: int, pad: int, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None, mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Images x [N, H, W, C] under filters w [U, V, C, O]: maps [N, I, J, O].
    """
def conv2d_w(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], filter_height: int, filter_width: int, stride: int, pad: int, x_mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, g_mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Images x correlated with maps g: filters [U, V, C, O].
    """
def conv2d_x(g: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], w: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], height: int, width: int, stride: int, pad: int, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None, mask: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Maps g [N, I, J, O] spread over images [N, H, W, C].
    """
def fill_outlines(outlines: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], which: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], centre: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], subpixels: typing.SupportsInt | typing.SupportsIndex) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    Outline number which[n] moved to centre[n] and filled: zeros and ones [N, 64, 64].
    """
def instruction_set() -> str:
    """
    The instruction set in use.
    """
def instruction_sets() -> list[str]:
    """
    The instruction sets that were built and that this machine can run, best last.
    """
def matmul(a: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], b: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], transpose_a: bool = False, transpose_b: bool = False, bias: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]] | None = None, slope: typing.SupportsFloat | typing.SupportsIndex | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    op(a) op(b) + bias of two matrices, each transposed or not; what is below zero times the slope.
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
def set_threads(number: int) -> None:
    """
    Use so many threads from now on, in the whole process.
    """
def threads() -> int:
    """
    How many threads the kernels use at most.
    """
def use_instruction_set(name: str) -> None:
    """
    Use one of instruction_sets() from now on, in every thread.
    """
