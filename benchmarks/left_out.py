"""What three kernels that `csrc/` leaves out could gain, at most.

    python benchmarks/left_out.py [--threads 1] [--rounds 30]

Drawing z and KL(q ‖ N(0, I)) in one kernel could save no more than what both take now, forward and
backward: their share of a step of the beta-VAE. Adam over one arena could save no more than the
step of every parameter takes beside the step of one array as long as all. exp and log of `cpp` are
NumPy's: beside them stand those that other kernels are made of. All by turns in rounds; least
times in milliseconds.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import pydis
from pydis import _core
from pydis.autodiff import Tensor, grad
from pydis.autodiff.ops import sum
from pydis.backends import load, use
from pydis.backends.threads import threads
from pydis.models import BetaVAE
from pydis.probability import Gaussian, kl, standard_normal_like
from pydis.training import TrainConfig, stream
from pydis.training.loop import batch, start

CONSTANTS = (1e-3, 1.5, 0.9, 0.999, 1e-8)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    config = TrainConfig(BetaVAE(latents=10), batch=64, backend="cpp", threads=options.threads)
    with use("cpp"), threads(options.threads), pydis.memory():
        took = least(contenders(config), options.rounds)
    for name, each in took.items():
        print(f"{1e3 * each:9.4f} ms  {name}")
    step = took["a step of the beta-VAE"]
    arena = took["adam, each parameter"] - took["adam, one arena"]
    print(f"{took['draw and KL, with gradients'] / step:9.2%} of a step: draw and KL")
    print(f"{arena / step:9.2%} of a step: what an arena saves")
    for name in ("exp", "log"):
        ratio = took[f"{name}, NumPy"] / took[f"{name}, ours"]
        print(f"{ratio:9.2f} times as fast as NumPy: {name}")


def contenders(config: TrainConfig) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    rng = np.random.default_rng(0)
    learners, images = start(config), batch(config, 1)
    parameters = [p.data for p in learners["autoencoder"].network.parameters().values()]
    each = [
        [p, *(abs(rng.standard_normal(p.shape)).astype(p.dtype) for _ in range(3))]
        for p in parameters
    ]
    arena = [np.concatenate([arrays[i].ravel() for arrays in each]) for i in range(4)]
    mean, log_variance = (Tensor(rng.standard_normal((64, 10)).astype(np.float32)) for _ in "mv")
    x = abs(rng.standard_normal(64 * 256)).astype(np.float32)
    adam = load("cpp").adam

    def draw_and_kl() -> Any:
        q = Gaussian(mean, log_variance)
        total = sum(q.sample(stream(0, "latent", 1))) + sum(kl(q, standard_normal_like(q)))
        return grad(total, [mean, log_variance])

    return {
        "a step of the beta-VAE": lambda: config.model.update(
            learners, images, stream(0, "latent", 1)
        ),
        "draw and KL, with gradients": draw_and_kl,
        "adam, each parameter": lambda: [adam(*arrays, *CONSTANTS) for arrays in each],
        "adam, one arena": lambda: adam(*arena, *CONSTANTS),
        "exp, NumPy": lambda: np.exp(x),
        "exp, ours": lambda: _core.exp(x),
        "log, NumPy": lambda: np.log(x),
        "log, ours": lambda: _core.log(x),
    }


def least(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least time of each, over rounds in which all take a turn."""
    took = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            begin = time.perf_counter()
            call()
            took[name] = min(took[name], time.perf_counter() - begin)
    return took


if __name__ == "__main__":
    main()
