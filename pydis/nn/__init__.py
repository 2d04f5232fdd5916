"""Layers, first weights, update rules."""

from pydis.nn.layers import Conv2d, ConvTranspose2d, Flatten, Linear, Sequential, Unflatten
from pydis.nn.module import Module
from pydis.nn.optimise import Adam, Learner, Moments, NonFiniteError, check_finite

__all__ = [
    "Adam",
    "Conv2d",
    "ConvTranspose2d",
    "Flatten",
    "Learner",
    "Linear",
    "Module",
    "Moments",
    "NonFiniteError",
    "Sequential",
    "Unflatten",
    "check_finite",
]
