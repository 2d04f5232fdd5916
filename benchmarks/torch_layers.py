"""Layers of the networks in PyTorch, by the numbers and with the normalisation of ours."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.functional import batch_norm

Losses = dict[str, float]
Compiled = Callable[[nn.Module], Any]


def sequence(*layers: nn.Module) -> nn.Sequential:
    """Layers by the numbers that pydis gives them: an activation belongs to the one before it."""
    named: OrderedDict[str, nn.Module] = OrderedDict()
    number = -1
    for layer in layers:
        bends = isinstance(layer, (nn.ReLU, nn.LeakyReLU, nn.Sigmoid))
        number += not bends
        named[f"{number}-bend" if bends else str(number)] = layer
    return nn.Sequential(named)


def conv(inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 4, 2, 1, bias=bias)


def spread(inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)


class BatchNorm(nn.Module):
    """By the statistics of the batch; running ones are kept under the name in `keep`, if any."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.keep: str | None = None
        self.running = {
            name: (torch.zeros(channels), torch.ones(channels)) for name in ("data", "generated")
        }

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, variance = self.running[self.keep] if self.keep else (None, None)
        return batch_norm(x, mean, variance, self.weight, self.bias, training=True)


def keep(network: nn.Module, name: str | None) -> None:
    for layer in network.modules():
        if isinstance(layer, BatchNorm):
            layer.keep = name
