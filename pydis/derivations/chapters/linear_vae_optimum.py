"""Where a linear VAE ends up: along the principal axes, where its bound is tight."""

from typing import Any

import numpy as np

from pydis.derivations.chapters.linear_vae_mle import loadings, noise
from pydis.derivations.chapters.linear_vae_rotation import diagonal_gap
from pydis.derivations.derivation import Derivation, Line, Mutant
from pydis.derivations.inputs.linear import SPECTRUM
from pydis.derivations.linear_tools import (
    LOG_2PI,
    covariance,
    data,
    elbo,
    encoder,
    gaussian,
    log_likelihood,
    points,
    rate,
)
from pydis.derivations.tools import Floats
from pydis.probability import Gaussian, kl


def _best(lam: Floats, U: Floats, turn: Floats) -> float:
    """The ELBO at W = U_k (Λ_k − σ² I)^{1/2} R with R = `turn` and the best encoder."""
    W, s2 = loadings(lam, U, turn), noise(lam, turn)
    return elbo(W, s2, *encoder(W, s2), data(lam, U))


def _library_likelihood(lam: Floats, U: Floats, R: Floats, **_: Any) -> Any:
    x = points(lam, U)
    W = loadings(lam, U, np.eye(len(R)))
    density = gaussian(0 * lam, covariance(W, noise(lam, R)))
    return np.mean([density.log_prob(row[None])[0] for row in x])


def _library_rate(lam: Floats, U: Floats, R: Floats, **_: Any) -> Any:
    V, D = encoder(loadings(lam, U, R), noise(lam, R))
    means = points(lam, U) @ V.T
    zero = np.zeros_like(means)
    return kl(Gaussian(means, zero + np.log(D)), Gaussian(zero, zero)).mean()


def _wrong_variance(lam: Floats, U: Floats, R: Floats, **_: Any) -> float:
    W, s2 = loadings(lam, U, np.eye(len(R))), noise(lam, R)
    V, D = encoder(W, s2)
    return elbo(W, s2, V, D / s2, data(lam, U))


def _kept_differ(lam: Floats, R: Floats, **_: Any) -> bool:
    """Whether a rotation by R costs anything."""
    kept = lam[: len(R)] - noise(lam, R)
    return bool(np.abs((R.T * kept) @ R - np.diag(np.diagonal((R.T * kept) @ R))).max() > 1e-3)


def _kept_equal(lam: Floats, R: Floats, **_: Any) -> bool:
    return bool(np.ptp(lam[: len(R)]) == 0)


ELBO_IS_LIKELIHOOD = Derivation(
    id="linear-vae.elbo-equals-ppca",
    title="Along the principal axes the diagonal posterior is exact, so nothing is lost",
    inputs=SPECTRUM,
    tolerance="T2",
    scope="continuous",
    source="Lucas et al. 2019, section 4",
    lines=(
        Line(
            "L0",
            r"-\mathrm{rec} - \mathrm{rate},\quad W = U_k (\Lambda_k - \sigma^2 I)^{1/2},\;"
            r" V = M^{-1} W^\top,\; D_{ii} = \sigma^2 / M_{ii}",
            lambda lam, U, R, **_: _best(lam, U, np.eye(len(R))),
        ),
        Line(
            "L1",
            r"-\tfrac12 [d \log 2\pi + \log\det C + \mathrm{tr}\, C^{-1} S]",
            lambda lam, U, R, **_: log_likelihood(
                loadings(lam, U, np.eye(len(R))), noise(lam, R), data(lam, U)
            ),
            by="the posterior is diagonal, and q is it",
        ),
        Line(
            "L2",
            r"\frac{1}{N} \sum_n \log \mathcal{N}(x_n; 0, W W^\top + \sigma^2 I)",
            _library_likelihood,
            by="N points of covariance S",
        ),
        Line(
            "L3",
            r"-\tfrac12 \bigl[d (1 + \log 2\pi) + \sum_{i \le k} \log\lambda_i"
            r" + (d - k) \log\sigma^2\bigr]",
            lambda lam, R, **_: (
                -0.5
                * (
                    len(lam) * (1 + LOG_2PI)
                    + np.log(np.append(lam[: len(R)], [noise(lam, R)] * len(lam[len(R) :]))).sum()
                )
            ),
            by="the maximum of the likelihood",
        ),
        Line(
            "T0",
            r"-\mathrm{rec} - \mathrm{rate} \text{ at } W R",
            lambda lam, U, R, **_: _best(lam, U, R),
            ">",
            by="rotated latents have a correlated posterior",
            when=_kept_differ,
        ),
        Line(
            "T1",
            r"\mathbb{E} \log p(x) - \tfrac12 \bigl(\sum_i \log P_{ii} - \log\det P\bigr),\quad"
            r" P = R^\top M R / \sigma^2",
            lambda lam, U, R, **_: (
                log_likelihood(loadings(lam, U, R), noise(lam, R), data(lam, U))
                - diagonal_gap(loadings(lam, U, R), noise(lam, R))
            ),
            by="the gap of the best diagonal posterior",
            when=_kept_differ,
        ),
        Line(
            "E0",
            r"-\mathrm{rec} - \mathrm{rate} \text{ at } W R,\; \lambda_1 = \dots = \lambda_k",
            lambda lam, U, R, **_: _best(lam, U, R.T),
            None,
            when=_kept_equal,
        ),
        Line(
            "E1",
            r"\mathbb{E} \log p(x)",
            lambda lam, U, R, **_: log_likelihood(loadings(lam, U, R), noise(lam, R), data(lam, U)),
            by="where the kept eigenvalues are equal every rotation is as good",
            when=_kept_equal,
        ),
        Line(
            "R0",
            r"\tfrac12 [\mathrm{tr}\, V S V^\top + \mathrm{tr}\, D - \log\det D - k]",
            lambda lam, U, R, **_: rate(*encoder(loadings(lam, U, R), noise(lam, R)), data(lam, U)),
            None,
        ),
        Line(
            "R1",
            r"\frac{1}{N} \sum_n \mathrm{KL}(\mathcal{N}(V x_n, D) \,\Vert\, \mathcal{N}(0, I))",
            _library_rate,
            by="N points of covariance S",
        ),
    ),
    mutants=(
        Mutant(
            "rotated-optimum",
            "L0",
            lambda lam, U, R, **_: _best(lam, U, R @ np.linalg.qr(np.tri(len(R)))[0]),
        ),
        Mutant("wrong-encoder-variance", "L0", _wrong_variance),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (ELBO_IS_LIKELIHOOD,)
