"""ELBO surgery: what the average divergence from the prior is made of."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs.encoders import (
    ENCODER,
    ENCODERS,
    HALF,
    STAR,
    by_dimension,
    correlation,
    information,
    rate,
)
from pydis.derivations.tools import Floats, rel_entr, xlogy
from pydis.information import decompose_table, kl_divergence, mutual_information

_SURGERY = Derivation(
    id="elbo.hoffman-johnson",
    title="The average divergence is an information and the divergence of the aggregate",
    inputs=ENCODERS,
    lines=(
        Line(
            "rate",
            r"\tfrac1N \sum_n \mathbb E_{q(z \mid n)}\left[\log \frac{q(z \mid n)}{p(z)}\right]",
            lambda q, r, s, g: rate(q, np.outer(r, s)),
        ),
        Line(
            "split",
            r"\tfrac1N \sum_n \mathbb E_{q(z \mid n)}\left[\log \frac{q(z \mid n)}{q(z)}\right]"
            r" + \mathbb E_{q(z)}\left[\log \frac{q(z)}{p(z)}\right]",
            lambda q, r, s, g: information(q) + rel_entr(q.mean(0), np.outer(r, s)).sum(),
            by="q(z | n) / p(z) = [q(z | n) / q(z)] [q(z) / p(z)]",
        ),
        Line(
            "library",
            r"I_q(n; z) + \mathrm{KL}(q(z) \,\|\, p(z))",
            lambda q, r, s, g: (
                mutual_information(q.reshape(len(q), -1) / len(q))
                + kl_divergence(q.mean(0), np.outer(r, s))
            ),
            by="their definitions",
        ),
        Line("information", r"I_q(n; z)", lambda q, r, s, g: information(q), None),
        Line(
            "examples",
            r"\log N",
            lambda q, r, s, g: np.log(len(q)),
            "<=",
            "an information is at most an entropy",
        ),
        Line(
            "aggregate",
            r"\mathrm{KL}(q(z) \,\|\, p(z))",
            lambda q, r, s, g: rel_entr(q.sum(0) / len(q), r[:, None] * s).sum(),
            None,
        ),
        Line(
            "elbo",
            r"\tfrac1N \sum_n \sum_z q(z \mid n) \log \frac{p(x_n \mid z) p(z)}{q(z \mid n)}",
            lambda q, r, s, g: -rel_entr(q, g * np.outer(r, s)).sum() / len(q),
            None,
        ),
        Line(
            "terms",
            r"\tfrac1N \sum_n \mathbb E_{q(z \mid n)}[\log p(x_n \mid z)] - I_q(n; z)"
            r" - \mathrm{KL}(q(z) \,\|\, p(z))",
            lambda q, r, s, g: (
                xlogy(q, g).sum() / len(q)
                - information(q)
                - rel_entr(q.mean(0), np.outer(r, s)).sum()
            ),
            by="the split above",
        ),
    ),
    mutants=(
        Mutant(
            "drop-index-code-mi",
            "split",
            lambda q, r, s, g: rel_entr(q.mean(0), np.outer(r, s)).sum(),
        ),
        Mutant(
            "reverse-kl-marginal",
            "split",
            lambda q, r, s, g: information(q) + rel_entr(np.outer(r, s), q.mean(0)).sum(),
        ),
    ),
    golden=(
        Golden(
            "encoder of four examples",
            STAR,
            {
                "rate": 0.338693556818,
                "information": 0.176915160336,
                "aggregate": 0.161778396481,
            },
        ),
    ),
    scope="both",
    source="Hoffman and Johnson 2016",
)

_MIXED = 0.5 * np.outer(HALF, HALF) + 0.25 * np.eye(2)
"""A prior that is no product."""

_TC = Derivation(
    id="elbo.tc-decomposition",
    title="With a factorised prior the aggregate's divergence is correlation and dimensions",
    inputs=ENCODERS,
    lines=(
        Line(
            "aggregate",
            r"\mathbb E_{q(z)}\left[\log \frac{q(z)}{p(z)}\right]",
            lambda q, r, s, g: rel_entr(q.mean(0), np.outer(r, s)).sum(),
        ),
        Line(
            "factors",
            r"\mathbb E_{q(z)}\left[\log \frac{q(z)}{\prod_j q(z_j)}\right]"
            r" + \sum_j \mathbb E_{q(z_j)}\left[\log \frac{q(z_j)}{p(z_j)}\right]",
            lambda q, r, s, g: correlation(q.mean(0)) + by_dimension(q.mean(0), r, s),
            by="p(z) = p(z1) p(z2)",
        ),
        Line(
            "rate",
            r"\tfrac1N \sum_n \mathrm{KL}(q(z \mid n) \,\|\, p(z))",
            lambda q, r, s, g: rel_entr(q, np.outer(r, s)).sum() / len(q),
            None,
        ),
        Line(
            "parts",
            r"I_q(n; z) + \mathrm{TC}(q(z)) + \sum_j \mathrm{KL}(q(z_j) \,\|\, p(z_j))",
            lambda q, r, s, g: (
                information(q) + correlation(q.mean(0)) + by_dimension(q.mean(0), r, s)
            ),
            by="ELBO surgery",
        ),
        Line(
            "each",
            r"\text{the rate}, \; I_q(n; z), \; \mathrm{TC}(q(z)), \;"
            r" \sum_j \mathrm{KL}(q(z_j) \,\|\, p(z_j))",
            lambda q, r, s, g: np.array(
                [
                    rate(q, np.outer(r, s)),
                    information(q),
                    correlation(q.mean(0)),
                    by_dimension(q.mean(0), r, s),
                ]
            ),
            None,
        ),
        Line(
            "library",
            r"\text{each by the library}",
            lambda q, r, s, g: np.array([np.sum(part) for part in decompose_table(q, [r, s])]),
            by="their definitions",
        ),
        Line("zero", r"0", lambda q, r, s, g: 0.0, ">=", "each is a mean divergence"),
    ),
    mutants=(
        Mutant(
            "non-factorised-prior",
            "rate",
            lambda q, r, s, g: rel_entr(q, _MIXED).sum() / len(q),
            STAR,
        ),
        Mutant(
            "drop-dimwise",
            "parts",
            lambda q, r, s, g: information(q) + correlation(q.mean(0)),
        ),
        Mutant(
            "drop-tc",
            "parts",
            lambda q, r, s, g: information(q) + by_dimension(q.mean(0), r, s),
        ),
    ),
    golden=(
        Golden(
            "encoder of four examples",
            STAR,
            {
                "each": np.array(
                    [0.338693556817667, 0.17691516033622, 0.160527875126582, 0.00125052135486530]
                )
            },
        ),
    ),
    scope="both",
    source="Chen et al. 2018",
)


def _draw_mean_field(rng: Generator) -> Case:
    n = int(rng.integers(1, 5))
    a, b = (np.stack([table(rng, k) for _ in range(n)]) for k in (3, 2))
    return {"a": a, "b": b}


def _joint(a: Floats, b: Floats) -> Floats:
    """q(z1, z2 | n) = a(z1 | n) b(z2 | n)."""
    found: Floats = a[:, :, None] * b[:, None, :]
    return found


_COPY = {"a": np.eye(2), "b": np.eye(2)}

_MEAN_FIELD = Derivation(
    id="elbo.factorised-encoder-mi",
    title="A mean-field encoder's dimensions know together less than apart, by the correlation",
    inputs=Inputs(
        "encoders a(z1 | n), b(z2 | n)",
        _draw_mean_field,
        (_COPY, {"a": np.array([[0.2, 0.8]]), "b": np.array([[0.5, 0.5]])}),
    ),
    lines=(
        Line(
            "apart",
            r"\sum_j I(n; z_j) = \tfrac1N \sum_n \sum_j \sum_{z_j} q(z_j \mid n)"
            r" \log \frac{q(z_j \mid n)}{q(z_j)}",
            lambda a, b: (rel_entr(a, a.mean(0)).sum() + rel_entr(b, b.mean(0)).sum()) / len(a),
        ),
        Line(
            "together",
            r"I(n; z) + \mathrm{TC}(q(z))",
            lambda a, b: information(_joint(a, b)) + correlation(_joint(a, b).mean(0)),
            by="q(z | n) = q(z1 | n) q(z2 | n)",
        ),
        Line("information", r"I(n; z)", lambda a, b: information(_joint(a, b)), ">=", "TC ≥ 0"),
    ),
    mutants=(
        Mutant("ignore-tc", "together", lambda a, b: information(_joint(a, b))),
        Mutant(
            "non-factorised-encoder",
            "together",
            lambda a, b: information(ENCODER) + correlation(ENCODER.mean(0)),
            {"a": ENCODER.sum(2), "b": ENCODER.sum(1)},
        ),
    ),
    scope="both",
)

DERIVATIONS: tuple[Derivation, ...] = (_SURGERY, _TC, _MEAN_FIELD)
