"""The step of a VAE and of a beta-VAE in PyTorch: torch_steps.py. A VAE's beta is 1."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch_layers import Compiled, Losses, conv, sequence, spread


def autoencoder(problem: Mapping[str, Any], loaded: Any, compiled: Compiled) -> Any:
    relu, latents, beta = nn.ReLU, int(problem["latents"]), float(problem.get("beta", 1))

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

    return step, {"autoencoder": network}, {"autoencoder": adam}
