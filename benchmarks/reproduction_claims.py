"""What the papers and the field claim, and where its number stands in the record of a run."""

from collections.abc import Callable
from typing import Any, NamedTuple

Record = dict[str, Any]


class Claim(NamedTuple):
    """A sentence, what was published, the runs it is about, their number, when it is met.

    The deviation is what differs from the protocol of what was published.
    """

    text: str
    published: str
    run: str
    value: Callable[[Record], float]
    goal: str
    met: Callable[[list[float]], bool]
    deviation: str = "—"


def score(name: str) -> Callable[[Record], float]:
    return lambda record: float(record["scores"][name])


def last(name: str) -> Callable[[Record], float]:
    return lambda record: float(record["last"][name])


WEIGHTS = "λ of 0.1 and 0.02 for 1 and less; h learns from the data alone; Q learns its σ²"
NETWORKS = "convolutional, batch normalisation, Adam; no maxout, dropout or momentum"

CLAIMS = (
    Claim(
        "A classifier, the judge: share of MNIST's test images that it names rightly",
        "0.98 and more, by any small convolutional network",
        "judge",
        score("accuracy"),
        "≥ 0.98",
        lambda v: min(v) >= 0.98,
    ),
    Claim(
        "InfoGAN: L_I of the category, nats, mean of the last 100 updates",
        "about 2.30 = log 10, “quickly maximised” (figure 1)",
        "infogan",
        last("information_category"),
        "≥ 2.25",
        lambda v: min(v) >= 2.25,
        WEIGHTS,
    ),
    Claim(
        "The same on 10,000 fresh codes, read with the running statistics of data",
        "—",
        "infogan",
        score("information_category"),
        "≥ 2.25",
        lambda v: min(v) >= 2.25,
        WEIGHTS,
    ),
    Claim(
        "Without the information term (λ = 0): L_I that a Q finds",
        "stays near 0 (figure 1)",
        "infogan-0",
        last("information_category"),
        "far from 2.30: < 1",
        lambda v: max(v) < 1,
        "Q learns at full weight; h learns from the data alone",
    ),
    Claim(
        "InfoGAN: error on the test images when each category is named by a digit",
        "0.05 (section 7.2)",
        "infogan",
        score("error"),
        "best ≤ 0.05; at least ≤ 0.10",
        lambda v: min(v) <= 0.05,
        WEIGHTS + "; names given on the training images",
    ),
    Claim(
        "InfoGAN: L_I of the first uniform code, nats, on fresh codes",
        "—",
        "infogan",
        score("information_uniform_1"),
        "> 0",
        lambda v: min(v) > 0,
        WEIGHTS,
    ),
    Claim(
        "Conditional GAN: share of images in which the judge sees the class asked for",
        "shown in figure 2, not measured",
        "conditional-gan",
        score("label_accuracy"),
        "≥ 0.95",
        lambda v: min(v) >= 0.95,
        NETWORKS,
    ),
    Claim(
        "GAN: entropy of the judge's classes, nats (log 10 = 2.303 is even)",
        "—",
        "gan",
        score("class_entropy"),
        "≥ 2.2",
        lambda v: min(v) >= 2.2,
        NETWORKS,
    ),
    Claim(
        "GAN: the judge's mean confidence",
        "—",
        "gan",
        score("confidence"),
        "—",
        lambda v: True,
        NETWORKS,
    ),
)
