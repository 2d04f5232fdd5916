"""A whole training step of the beta-VAE, in a process of its own.

    python benchmarks/step_child.py CONTENDER THREADS PROBLEM.npz

CONTENDER is numpy or cpp (needs pydis), or eager, channels_last or compile (needs torch). Started
by steps_beside_torch.py, which wrote the problem: first weights, batches of images, and the noise
of each step, so that all train on the same numbers. A step is forward, loss, backward and Adam; the
images lie in memory beforehand, in the order of axes that the library likes. On stdin, as JSON:
{"steps": n} is answered by seconds, processor seconds and page faults of each of the next n steps,
and its loss; {} by the processor time used so far.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from kernel_child import rest

TO_THE_END = ExitStack()
"""What this process enters and never leaves."""

Step = Callable[[int], float]
"""Trains on batch number i; the loss before the update."""


def main() -> None:
    contender, threads, problem = sys.argv[1], int(sys.argv[2]), dict(np.load(sys.argv[3]))
    make = torch_step if contender in ("eager", "channels_last", "compile") else pydis_step
    step = make(contender, threads, problem)
    batches, done = len(problem["images"]), 0
    for line in sys.stdin:
        answer: Any = time.process_time()
        if "steps" in (request := json.loads(line)):
            answer = []
            for _ in range(request["steps"]):
                answer.append(timed(step, done % batches))
                done += 1
            rest()
        print(json.dumps(answer), flush=True)


def timed(step: Step, i: int) -> dict[str, float]:
    """One step: what it took, and its loss."""
    before, cpu, began = faults(), time.process_time(), time.perf_counter()
    loss = step(i)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": took, "processor": used, "faults": faults() - before, "loss": loss}


def faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def pydis_step(backend: str, threads: int, problem: dict[str, np.ndarray]) -> Step:
    from pydis.backends import use
    from pydis.backends.memory import memory
    from pydis.backends.threads import threads as set_threads
    from pydis.models import BetaVAE
    from pydis.training import stream

    use(backend)
    set_threads(threads)
    TO_THE_END.enter_context(memory())  # as training does
    model = BetaVAE(beta=float(problem["beta"]), learning_rate=float(problem["learning_rate"]))
    learner = model.start(stream(0, "initialise"))["autoencoder"]
    weights = {n: problem[n] for n in learner.arrays() if n in problem}
    assert len(weights) == len(learner.network.parameters())
    learners = {"autoencoder": learner.with_arrays(learner.arrays() | weights, steps=0)}
    images = [unpacked(bits) for bits in problem["images"]]

    def step(i: int) -> float:
        nonlocal learners
        # The noise that the problem holds is what this stream draws.
        learners, terms = model.update(learners, images[i], stream(0, "latent", i + 1))
        return float(terms["loss"])

    return step


def unpacked(bits: np.ndarray) -> np.ndarray:
    return np.unpackbits(bits).reshape(-1, 64, 64, 1).astype(np.float32)


def torch_step(variant: str, threads: int, problem: dict[str, np.ndarray]) -> Step:
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits

    torch.set_num_threads(threads)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
    latents = problem["noise"].shape[-1]

    def conv(inputs: int, outputs: int) -> nn.Module:
        return nn.Conv2d(inputs, outputs, 4, 2, 1)

    def spread(inputs: int, outputs: int) -> nn.Module:
        return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)

    class AutoEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            relu = nn.ReLU
            self.trunk = nn.Sequential(
                *(conv(1, 32), relu(), conv(32, 32), relu(), conv(32, 64), relu()),
                *(conv(64, 64), relu(), nn.Flatten(), nn.Linear(1024, 256), relu()),
            )
            self.mean = nn.Linear(256, latents)
            self.log_variance = nn.Linear(256, latents)
            self.decoder = nn.Sequential(
                *(nn.Linear(latents, 256), relu(), nn.Linear(256, 1024), relu()),
                nn.Unflatten(1, (64, 4, 4)),
                *(spread(64, 64), relu(), spread(64, 32), relu(), spread(32, 32), relu()),
                spread(32, 1),
            )

        def forward(self, x: torch.Tensor, noise: torch.Tensor, beta: float) -> torch.Tensor:
            h = self.trunk(x)
            mean, log_variance = self.mean(h), self.log_variance(h)
            logits = self.decoder(mean + torch.exp(0.5 * log_variance) * noise)
            reconstruction = binary_cross_entropy_with_logits(logits, x, reduction="sum")
            rate = 0.5 * (mean * mean + log_variance.exp() - log_variance - 1).sum()
            return (reconstruction + beta * rate) / len(x)

    network = AutoEncoder()
    weights = {n: torch.from_numpy(problem[f"torch.{n}"]) for n in network.state_dict()}
    network.load_state_dict(weights)
    network = network.to(memory_format=layout)
    adam = torch.optim.Adam(network.parameters(), lr=float(problem["learning_rate"]), fused=True)
    images = [
        torch.from_numpy(unpacked(b)).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        for b in problem["images"]
    ]
    noise = torch.from_numpy(problem["noise"])
    beta = float(problem["beta"])
    forward = torch.compile(network) if variant == "compile" else network

    def step(i: int) -> float:
        adam.zero_grad(set_to_none=True)
        loss = forward(images[i], noise[i], beta)
        loss.backward()
        adam.step()
        return float(loss.detach())

    return step


if __name__ == "__main__":
    main()
