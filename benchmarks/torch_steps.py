"""Training steps of the models in PyTorch, as its users write them.

Imported by step_child.py; needs torch, not pydis. Networks, losses and updates are those of
`pydis/models`: where a phase there has no gradient for some weights, it has none here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch_game import game
from torch_layers import Losses
from torch_vae import autoencoder


def torch_step(
    model: str, variant: str, threads: int, problem: Mapping[str, np.ndarray]
) -> tuple[Callable[[int], Losses], Callable[[int], None]]:
    """The step on batch number i from the problem's weights: the losses before its update.

    And what puts the players into the problem's late state, which has seen so many steps.
    """
    torch.set_num_threads(threads)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format

    def arrays(prefix: str) -> dict[str, torch.Tensor]:
        found = {n.removeprefix(prefix): a for n, a in problem.items() if n.startswith(prefix)}
        return {n: torch.from_numpy(a) for n, a in found.items()}

    def loaded(player: str, network: nn.Module) -> Any:
        network.load_state_dict(arrays(f"torch/{player}/parameter/"))
        return network.to(memory_format=layout)

    def compiled(network: nn.Module) -> Any:
        return torch.compile(network) if variant == "compile" else network

    images = [
        torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        for x in problem["images"]
    ]
    drawn = torch.from_numpy(problem["drawn"])
    if variant == "compile":
        from torch._functorch import config

        config.donated_buffer = False  # InfoGAN sweeps back through Q twice
    make = autoencoder if model in ("vae", "beta-vae") else game
    step, players, adams = make(problem, loaded, compiled)
    labels = [(torch.from_numpy(y),) for y in problem["labels"]] if "labels" in problem else [()]

    def on(i: int) -> Losses:
        return step(images[i % len(images)], drawn[i % len(drawn)], *labels[i % len(labels)])

    def restart(steps: int) -> None:
        for player, network in players.items():
            network.load_state_dict(arrays(f"torch/late/{player}/parameter/"))
            mean, square = (arrays(f"torch/late/{player}/{slot}/") for slot in ("mean", "square"))
            for name, parameter in network.named_parameters():
                moments = adams[player].state[parameter]
                moments["step"].fill_(steps)
                moments["exp_avg"].copy_(mean[name])
                moments["exp_avg_sq"].copy_(square[name])

    return on, restart
