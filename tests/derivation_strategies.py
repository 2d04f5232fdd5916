"""What Hypothesis tries the derivations on: families of inputs by name, which shrink.

Tables have whole weights, so they are rational and hold zeros; numbers are within the ranges that
the families say. A family that is not here is drawn by its own generator, from a seed.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from tables import channels, joints, many, of_shape, pairs, pmfs, rows_of

from pydis.derivations import inputs
from pydis.derivations.derivation import Case, Derivation
from pydis.derivations.inputs import codes, encoders, gaussian, infogan, latent, linear, three
from pydis.derivations.inputs.gaussian import Observed
from pydis.derivations.inputs.infogan import LinGauss, Toy

Cases = st.SearchStrategy[Case]
BELOW = 2**32


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


def numbers(count: int, low: float, high: float) -> st.SearchStrategy[Any]:
    return st.lists(number(low, high), min_size=count, max_size=count).map(np.array)


def likelihoods(m: int, least: int = 0) -> st.SearchStrategy[Any]:
    """Twentieths."""
    return st.lists(st.integers(least, 20), min_size=m, max_size=m).map(lambda x: np.array(x) / 20)


@st.composite
def toys(draw: Any, *, least: int, exact: bool = False) -> Case:
    """Up to 3 noises and codes, 4 values of x; Q of weights from `least`, or now and then exact."""
    nz, nc, nx = (draw(st.integers(1, n)) for n in (3, 3, 4))
    G = draw(st.lists(st.integers(0, nx - 1), min_size=nz * nc, max_size=nz * nc))
    toy = Toy(draw(of_shape((nz,))), draw(of_shape((nc,))), np.array(G).reshape(nz, nc), nx)
    Q = draw(rows_of((nx, nc), least))
    if exact and draw(st.booleans()):
        Q = np.where(toy.px[:, None] > 0, toy.posterior, Q)
    return {"toy": toy, "Q": Q}


@st.composite
def latents(draw: Any, *, least: int) -> Case:
    """At most 5 values of z, one observation that can happen."""
    m = draw(st.integers(1, 5))
    lik = draw(likelihoods(m, least).filter(any))
    pz = draw(of_shape((m,), least).filter(lambda p: p @ lik > 0))
    exact = draw(st.booleans())
    return {
        "pz": pz,
        "lik": lik,
        "q": pz * lik / (pz @ lik) if exact else draw(of_shape((m,), least)),
    }


@st.composite
def vaes(draw: Any) -> Case:
    n, m = (draw(st.integers(2, 5)) for _ in range(2))
    tables = {"px": of_shape((n,), 1), "q": rows_of((n, m)), "r": of_shape((m,), 1)}
    return {key: draw(table) for key, table in (tables | {"g": rows_of((m, n), 1)}).items()}


@st.composite
def surgeries(draw: Any) -> Case:
    n = draw(st.integers(1, 4))
    return {
        "q": draw(rows_of((n, 3, 2))),
        "r": draw(of_shape((3,), 1)),
        "s": draw(of_shape((2,), 1)),
        "g": draw(numbers(6 * n, 0.05, 1.0)).reshape(n, 3, 2),
    }


@st.composite
def models(draw: Any) -> Case:
    """d ≤ 3 pixels and k ≤ 2 latents of a linear model, whole loadings."""
    d, k = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    W = draw(st.lists(st.integers(-2, 2), min_size=d * k, max_size=d * k))
    L = np.tril(draw(numbers(k * k, -0.6, 0.6)).reshape(k, k), -1)
    return {
        "W": np.array(W, np.float64).reshape(d, k),
        "b": draw(numbers(d, -1, 1)),
        "s2": draw(number(0.3, 2.0)),
        "x": draw(numbers(d, -2, 2)),
        "m": draw(numbers(k, -1, 1)),
        "L": L + np.diag(draw(numbers(k, 0.3, 1.2))),
    }


@st.composite
def factor_codes(draw: Any) -> Case:
    """Two or three uniform factors, and a latent for each that mixes them modulo some number."""
    sizes = draw(st.lists(st.integers(2, 4), min_size=2, max_size=3))
    v = codes.cells(*sizes)
    weights = draw(st.lists(st.integers(0, 2), min_size=len(sizes) ** 2, max_size=len(sizes) ** 2))
    moduli = draw(st.lists(st.integers(2, 5), min_size=len(sizes), max_size=len(sizes)))
    z = v @ np.array(weights).reshape(len(sizes), -1) % np.array(moduli)
    order = draw(st.permutations(range(len(sizes))))
    return {"v": v, "z": z.astype(np.int64), "order": np.array(order)}


@st.composite
def diagonal(draw: Any) -> Case:
    k = draw(st.integers(1, 3))
    return {"mu": draw(numbers(k, -5, 5)), "logvar": draw(numbers(k, -6, 4))}


STRATEGIES: dict[str, Cases] = {
    inputs.JOINT.name: joints().map(lambda P: {"P": P}),
    inputs.ANY_JOINT.name: joints().map(lambda P: {"P": P}),
    inputs.PMF.name: pmfs().map(lambda p: {"p": p}),
    inputs.PMF_PAIR.name: pairs().map(lambda pair: dict(zip("pq", pair, strict=True))),
    inputs.CHANNEL.name: channels().flatmap(
        lambda W: of_shape((len(W),)).map(lambda p: {"p": p, "W": W})
    ),
    three.THREE.name: many(3).map(lambda p: {"p": p}),
    infogan.TOY_Q.name: toys(least=1),
    infogan.TOY_ANY_Q.name: toys(least=0, exact=True),
    infogan.LIN_GAUSS.name: st.builds(
        lambda a, b, w, v: {"g": LinGauss(a, b, w, v)},
        number(0.3, 2),
        number(0.3, 2),
        number(0, 1),
        number(0.5, 2),
    ),
    latent.LATENT.name: latents(least=0),
    latent.COVERED.name: latents(least=1),
    latent.FINITE_VAE.name: vaes(),
    encoders.ENCODERS.name: surgeries(),
    gaussian.OBSERVED.name: st.builds(
        lambda w, x, s, m, v: {"o": Observed(w, x, s, m, v)},
        number(-1.5, 1.5),
        number(-2, 2),
        number(0.6, 1.5),
        number(-1, 1),
        number(0.1, 1.5),
    ),
    linear.MODEL.name: models(),
    codes.CODES.name: factor_codes(),
    "mean mu and logarithms of the variances": diagonal(),
}


def cases_of(d: Derivation) -> Cases:
    """Cases of a derivation, by its family's strategy or by its own generator from a seed."""
    seeds = st.integers(0, BELOW - 1)
    drawn = seeds.map(lambda seed: d.inputs.draw(np.random.Generator(np.random.Philox(seed))))
    return STRATEGIES.get(d.inputs.name, drawn)
