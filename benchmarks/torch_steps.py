"""Training steps of the beta-VAE and of InfoGAN in PyTorch, as its users write them.

Imported by step_child.py; needs torch, not pydis. Networks, losses and updates are those of
`pydis/models`: where a phase there has no gradient for some weights, it has none here.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import log, pi
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import batch_norm, binary_cross_entropy_with_logits, log_softmax

Losses = dict[str, float]
Compiled = Callable[[nn.Module], Any]


def torch_step(
    model: str, variant: str, threads: int, problem: Mapping[str, np.ndarray]
) -> Callable[[int], Losses]:
    """The step on batch number i from the problem's weights: the losses before its update."""
    torch.set_num_threads(threads)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format

    def loaded(player: str, network: nn.Module) -> Any:
        weights = {
            n: torch.from_numpy(problem[f"torch/{player}/{n}"]) for n in network.state_dict()
        }
        network.load_state_dict(weights)
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
    step = {"beta-vae": beta_vae, "infogan": infogan}[model](problem, loaded, compiled)

    return lambda i: step(images[i % len(images)], drawn[i % len(drawn)])


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


def beta_vae(problem: Mapping[str, Any], loaded: Any, compiled: Compiled) -> Any:
    relu, latents, beta = nn.ReLU, int(problem["latents"]), float(problem["beta"])

    class AutoEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = sequence(
                *(conv(1, 32), relu(), conv(32, 32), relu(), conv(32, 64), relu()),
                *(conv(64, 64), relu(), nn.Flatten(), nn.Linear(1024, 256), relu()),
            )
            self.mean = nn.Linear(256, latents)
            self.log_variance = nn.Linear(256, latents)
            self.decoder = sequence(
                *(nn.Linear(latents, 256), relu(), nn.Linear(256, 1024), relu()),
                nn.Unflatten(1, (64, 4, 4)),
                *(spread(64, 64), relu(), spread(64, 32), relu(), spread(32, 32), relu()),
                spread(32, 1),
            )

        def forward(self, x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
            h = self.trunk(x)
            mean, log_variance = self.mean(h), self.log_variance(h)
            logits = self.decoder(mean + torch.exp(0.5 * log_variance) * noise)
            reconstruction = binary_cross_entropy_with_logits(logits, x, reduction="sum")
            rate = 0.5 * (mean * mean + log_variance.exp() - log_variance - 1).sum()
            return (reconstruction + beta * rate) / len(x)

    network = loaded("autoencoder", AutoEncoder())
    adam = torch.optim.Adam(network.parameters(), lr=float(problem["learning_rate"]), fused=True)
    forward = compiled(network)

    def step(x: torch.Tensor, noise: torch.Tensor) -> Losses:
        adam.zero_grad(set_to_none=True)
        loss = forward(x, noise)
        loss.backward()
        adam.step()
        return {"loss": float(loss.detach())}

    return step


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


def infogan(problem: Mapping[str, Any], loaded: Any, compiled: Compiled) -> Any:
    noise, categories, slope = (int(problem["noise"]), int(problem["categories"]), problem["slope"])
    uniform = int(problem["uniform_codes"])
    weights = [float(problem["category_weight"])] + uniform * [float(problem["uniform_weight"])]
    names = ["category", *(f"uniform_{i + 1}" for i in range(uniform))]

    def bend() -> nn.Module:
        return nn.LeakyReLU(float(slope))

    class Discriminator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = sequence(
                *(conv(1, 64), bend(), conv(64, 128, bias=False), BatchNorm(128), bend()),
                *(nn.Flatten(), nn.Linear(6272, 1024, bias=False), BatchNorm(1024), bend()),
            )
            self.logit = nn.Linear(1024, 1)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            h = self.trunk(x)
            return h, self.logit(h).squeeze(1)

    class Recogniser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = sequence(nn.Linear(1024, 128, bias=False), BatchNorm(128), bend())
            sizes = [categories] + uniform * [2]
            heads = {n: nn.Linear(128, s) for n, s in zip(names, sizes, strict=True)}
            self.outputs = nn.ModuleDict(heads)

        def forward(self, h: torch.Tensor, codes: torch.Tensor) -> list[torch.Tensor]:
            """L_I of each code."""
            h = self.hidden(h)
            category = log_softmax(self.outputs["category"](h), 1)
            bounds = [log(categories) + (codes[:, :categories] * category).sum(1).mean()]
            for i, name in enumerate(names[1:]):
                mean, log_variance = self.outputs[name](h).unbind(1)
                gap = codes[:, categories + i] - mean
                terms = gap * gap * torch.exp(-log_variance) + log_variance + log(2 * pi)
                bounds.append(log(2) - 0.5 * terms.mean())
            return bounds

    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inputs, relu = noise + categories + uniform, nn.ReLU
            self.body = sequence(
                *(nn.Linear(inputs, 1024, bias=False), BatchNorm(1024), relu()),
                *(nn.Linear(1024, 6272, bias=False), BatchNorm(6272), relu()),
                *(nn.Unflatten(1, (128, 7, 7)), spread(128, 64, bias=False), BatchNorm(64), relu()),
                *(spread(64, 1), nn.Sigmoid()),
            )

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return self.body(z)

    players = {
        "discriminator": loaded("discriminator", Discriminator()),
        "generator": loaded("generator", Generator()),
        "recogniser": loaded("recogniser", Recogniser()),
    }
    discriminator, generator, recogniser = players.values()
    adams = {
        name: torch.optim.Adam(
            network.parameters(),
            lr=float(
                problem[f"{'discriminator' if name == 'discriminator' else 'generator'}_rate"]
            ),
            betas=(float(problem["beta1"]), 0.999),
            fused=True,
        )
        for name, network in players.items()
    }
    judge, generate, recognise = (compiled(network) for network in players.values())

    def learn(name: str, loss: torch.Tensor, retain: bool = False) -> None:
        """The gradients of one player, and no others."""
        adams[name].zero_grad(set_to_none=True)
        loss.backward(inputs=list(players[name].parameters()), retain_graph=retain)

    def step(x: torch.Tensor, inputs: torch.Tensor) -> Losses:
        discriminator.requires_grad_(True)
        keep(generator, None)
        with torch.no_grad():
            fake = generate(inputs[0])
        keep(discriminator, "data")
        real = judge(x)[1]
        keep(discriminator, None)
        made = judge(fake)[1]
        d_loss = binary_cross_entropy_with_logits(real, torch.ones_like(real))
        d_loss = d_loss + binary_cross_entropy_with_logits(made, torch.zeros_like(made))
        learn("discriminator", d_loss)
        adams["discriminator"].step()

        discriminator.requires_grad_(False)
        keep(generator, "generated")
        keep(discriminator, "generated")
        keep(recogniser, "generated")
        h, logits = judge(generate(inputs[1]))
        deception = binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
        bounds = recognise(h, inputs[1, :, noise:])
        g_loss = deception - sum(w * b for w, b in zip(weights, bounds, strict=True))
        learn("recogniser", -sum(bounds), retain=True)
        learn("generator", g_loss)
        adams["generator"].step()
        adams["recogniser"].step()
        terms = {f"information_{n}": b for n, b in zip(names, bounds, strict=True)}
        terms |= {"discriminator_loss": d_loss, "generator_loss": deception}
        return {n: float(v.detach()) for n, v in terms.items()}

    return step
