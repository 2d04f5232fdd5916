"""The step of a GAN, a conditional GAN and InfoGAN in PyTorch: torch_steps.py.

One update of the discriminator, then one of the generator and, where there are codes, of their
recogniser. D's images carry no graph; D learns nothing in the second phase; Q and G have a sweep
each, for the parameters of one player; running statistics are kept by the passes by which ours are.
"""

from collections.abc import Mapping
from math import log, pi
from typing import Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, one_hot
from torch_layers import BatchNorm, Compiled, Losses, conv, keep, sequence, spread


class Discriminator(nn.Module):
    def __init__(self, slope: float, channels: int) -> None:
        super().__init__()
        self.trunk = sequence(
            *(conv(channels, 64), nn.LeakyReLU(slope)),
            *(conv(64, 128, bias=False), BatchNorm(128), nn.LeakyReLU(slope), nn.Flatten()),
            *(nn.Linear(6272, 1024, bias=False), BatchNorm(1024), nn.LeakyReLU(slope)),
        )
        self.logit = nn.Linear(1024, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.trunk(x)
        return h, self.logit(h).squeeze(1)


class Generator(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.body = sequence(
            *(nn.Linear(inputs, 1024, bias=False), BatchNorm(1024), nn.ReLU()),
            *(nn.Linear(1024, 6272, bias=False), BatchNorm(6272), nn.ReLU()),
            *(nn.Unflatten(1, (128, 7, 7)), spread(128, 64, bias=False), BatchNorm(64), nn.ReLU()),
            *(spread(64, 1), nn.Sigmoid()),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.body(z)


class Recogniser(nn.Module):
    def __init__(self, slope: float, categories: int, uniform: int) -> None:
        super().__init__()
        self.categories = categories
        self.names = ["category", *(f"uniform_{i + 1}" for i in range(uniform))]
        self.hidden = sequence(
            nn.Linear(1024, 128, bias=False), BatchNorm(128), nn.LeakyReLU(slope)
        )
        sizes = [categories] + uniform * [2]
        heads = {n: nn.Linear(128, s) for n, s in zip(self.names, sizes, strict=True)}
        self.outputs = nn.ModuleDict(heads)

    def forward(self, h: torch.Tensor, codes: torch.Tensor) -> list[torch.Tensor]:
        """L_I of each code."""
        h = self.hidden(h)
        category = log_softmax(self.outputs["category"](h), 1)
        bounds = [log(self.categories) + (codes[:, : self.categories] * category).sum(1).mean()]
        for i, name in enumerate(self.names[1:]):
            mean, log_variance = self.outputs[name](h).unbind(1)
            gap = codes[:, self.categories + i] - mean
            terms = gap * gap * torch.exp(-log_variance) + log_variance + log(2 * pi)
            bounds.append(log(2) - 0.5 * terms.mean())
        return bounds


def networks_of(problem: Mapping[str, Any]) -> dict[str, nn.Module]:
    """The players; a recogniser where there are codes."""
    slope, noise, classes = float(problem["slope"]), int(problem["noise"]), classes_of(problem)
    if "categories" not in problem:
        discriminator, generator = Discriminator(slope, 1 + classes), Generator(noise + classes)
        return {"discriminator": discriminator, "generator": generator}
    categories, uniform = int(problem["categories"]), int(problem["uniform_codes"])
    return {
        "discriminator": Discriminator(slope, 1),
        "generator": Generator(noise + categories + uniform),
        "recogniser": Recogniser(slope, categories, uniform),
    }


def classes_of(problem: Mapping[str, Any]) -> int:
    return int(problem.get("classes", 0))


def with_class(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """A plane for each class behind the channels of the images."""
    return torch.cat([x, y[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)


def entropy(logits: torch.Tensor, real: bool) -> torch.Tensor:
    """−log D where the images pass for real, −log(1 − D) else."""
    wanted = torch.ones_like(logits) if real else torch.zeros_like(logits)
    return binary_cross_entropy_with_logits(logits, wanted)


def game(problem: Mapping[str, Any], loaded: Any, compiled: Compiled) -> Any:
    noise, classes = int(problem["noise"]), classes_of(problem)
    players = {name: loaded(name, network) for name, network in networks_of(problem).items()}
    rates = {n: "discriminator" if n == "discriminator" else "generator" for n in players}
    adams = {
        name: torch.optim.Adam(
            network.parameters(),
            lr=float(problem[f"{rates[name]}_rate"]),
            betas=(float(problem["beta1"]), 0.999),
            fused=True,
        )
        for name, network in players.items()
    }
    called = {name: compiled(network) for name, network in players.items()}
    judge, generate, recognise = (
        called["discriminator"],
        called["generator"],
        called.get("recogniser"),
    )
    discriminator, others = players["discriminator"], [n for n in players if n != "discriminator"]

    def learn(name: str, loss: torch.Tensor, retain: bool = False) -> None:
        """The gradients of one player, and no others."""
        adams[name].zero_grad(set_to_none=True)
        loss.backward(inputs=list(players[name].parameters()), retain_graph=retain)

    def informed(
        h: torch.Tensor, codes: torch.Tensor, loss: torch.Tensor
    ) -> tuple[torch.Tensor, Losses]:
        """Q's gradients, and G's loss less what its codes are worth."""
        bounds = recognise(h, codes)
        learn("recogniser", -sum(bounds), retain=True)
        uniform = float(problem["uniform_weight"])
        weights = [float(problem["category_weight"])] + (len(bounds) - 1) * [uniform]
        names = [f"information_{name}" for name in players["recogniser"].names]
        terms = {n: float(b.detach()) for n, b in zip(names, bounds, strict=True)}
        return loss - sum(w * b for w, b in zip(weights, bounds, strict=True)), terms

    def step(x: torch.Tensor, inputs: torch.Tensor, *labels: torch.Tensor) -> Losses:
        discriminator.requires_grad_(True)
        keep(players["generator"], None)
        with torch.no_grad():
            fake = generate(inputs[0])
        if classes:
            x = with_class(x, one_hot(labels[0], classes).to(x.dtype))
            fake = with_class(fake, inputs[0, :, noise:])
        keep(discriminator, "data")
        real = judge(x)[1]
        keep(discriminator, None)
        d_loss = entropy(real, True) + entropy(judge(fake)[1], False)
        learn("discriminator", d_loss)
        adams["discriminator"].step()

        discriminator.requires_grad_(False)
        keep(discriminator, "generated" if recognise is not None else None)
        for name in others:
            keep(players[name], "generated")
        fake = generate(inputs[1])
        h, logits = judge(with_class(fake, inputs[1, :, noise:]) if classes else fake)
        deception = g_loss = entropy(logits, True)
        terms: Losses = {}
        if recognise is not None:
            g_loss, terms = informed(h, inputs[1, :, noise:], deception)
        learn("generator", g_loss)
        for name in others:
            adams[name].step()
        both = {"discriminator_loss": d_loss, "generator_loss": deception}
        return terms | {n: float(v.detach()) for n, v in both.items()}

    return step, players, adams
