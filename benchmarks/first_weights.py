"""What the rule for the first weights does to the codes of the demo's beta-VAE.

    python benchmarks/first_weights.py [--steps 1000] [--seeds 0 1]

Trains the demo's model from each rule and prints its held-out loss (nats an image) and the linear
R² of the positions x and y from its codes. Two minutes for each run of 1,000 steps.
"""

import argparse
from collections.abc import Callable
from unittest.mock import patch

import pydis.nn.initialise as initialise
from pydis.backends import use
from pydis.models import BetaVAE
from pydis.report.evaluation import Trained, score
from pydis.training import TrainConfig
from pydis.training.loop import start, steps

RULES = ("he_normal", "lecun_normal", "heuristic_uniform")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    print(f"{'rule':<20}{'seed':>5}{'loss':>9}{'R² x':>8}{'R² y':>8}")
    for seed in options.seeds:
        for rule in RULES:
            loss, r2 = trained_from(getattr(initialise, rule), seed, options.steps)
            print(f"{rule:<20}{seed:>5}{loss:>9.1f}{r2['x']:>8.3f}{r2['y']:>8.3f}", flush=True)


def trained_from(
    rule: Callable[..., object], seed: int, number: int
) -> tuple[float, dict[str, float]]:
    """Held-out loss and R² after a number of steps."""
    config = TrainConfig(BetaVAE(beta=4.0, learning_rate=5e-4), steps=number, seed=seed)
    with use(config.backend), patch("pydis.models.autoencoder.heuristic_uniform", rule):
        learners = start(config)
        for _, state, _ in steps(config, learners, 0):
            learners = state
        network = learners["autoencoder"].network.constants()
        evaluation = score(Trained(config, network, number))
    return evaluation.terms["loss"], evaluation.r2


if __name__ == "__main__":
    main()
