"""Layers, first weights, update rules."""

from pydis.nn.descent import gradients
from pydis.nn.layers import (
    Conv2d,
    ConvTranspose2d,
    Embedding,
    Flatten,
    LeakyReLU,
    Linear,
    Reshape,
    Sequential,
    Unflatten,
)
from pydis.nn.module import Module
from pydis.nn.normalise import (
    BatchNorm,
    BatchState,
    LayerNorm,
    NormalisedSequential,
    named_states,
    state_at,
)
from pydis.nn.optimise import (
    Learner,
    NonFiniteError,
    check_finite,
    clip_by_global_norm,
    global_norm,
)
from pydis.nn.schedules import ConstantRate, CosineRate, LinearRate, WarmUp
from pydis.nn.update_rules import SGD, Adagrad, Adam, AdamW, Moments, RMSprop, UpdateRule

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "BatchState",
    "ConstantRate",
    "Conv2d",
    "ConvTranspose2d",
    "CosineRate",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "LeakyReLU",
    "Learner",
    "Linear",
    "LinearRate",
    "Module",
    "Moments",
    "NonFiniteError",
    "NormalisedSequential",
    "RMSprop",
    "Reshape",
    "Sequential",
    "Unflatten",
    "UpdateRule",
    "WarmUp",
    "check_finite",
    "clip_by_global_norm",
    "global_norm",
    "gradients",
    "named_states",
    "state_at",
]
