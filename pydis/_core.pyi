"""
The compiled kernels of pydis.
"""
from __future__ import annotations
import numpy
import typing
__all__: list[str] = ['build_info', 'conv2d', 'conv2d_w', 'conv2d_x', 'instruction_set', 'instruction_sets', 'matmul', 'set_threads', 'threads', 'use_instruction_set']
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
