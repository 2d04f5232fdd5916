"""What a linear reader finds in the codes: the score that the reports print."""

from typing import Any

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant, UndefinedLine
from pydis.derivations.inputs.scores import AFFINE, LINE, REGRESSION, SILENT
from pydis.derivations.tools import Floats
from pydis.metrics import linear_r2

SINGULAR = 1e-9
"""Below this, relative to the squares it is made of, a determinant of whole numbers is 0."""


def _one(z: Floats) -> Floats:
    found: Floats = np.c_[np.ones(len(z)), z]
    return found


def _centred(x: Floats) -> Floats:
    found: Floats = x - x.mean(0)
    return found


def _squares(x: Floats) -> Floats:
    found: Floats = (x * x).sum(0)
    return found


def _inverse(S: Floats) -> Floats:
    """S⁻¹ of a symmetric S; where S is singular, the inverse on its image."""
    return np.asarray(np.linalg.pinv(S, rcond=SINGULAR, hermitian=True), np.float64)


def _weights(X: Floats, v: Floats) -> Floats:
    found: Floats = _inverse(X.T @ X) @ X.T @ v
    return found


def _by_normal_equations(z: Floats, v: Floats, z_new: Floats, v_new: Floats, **_: Any) -> Any:
    gap = v_new - _one(z_new) @ _weights(_one(z), v)
    return 1 - _squares(gap) / _squares(_centred(v_new))


def _by_orthogonal_codes(z: Floats, v: Floats, z_new: Floats, v_new: Floats, **_: Any) -> Any:
    """Gram–Schmidt: what each code adds to those before it, taken off the factor in turn."""
    done: list[tuple[Floats, Floats]] = []
    left, left_new = v, v_new
    for column, new in zip(_one(z).T, _one(z_new).T, strict=True):
        u, u_new = column, new
        for e, e_new in done:
            slope = (e @ u) / (e @ e)
            u, u_new = u - slope * e, u_new - slope * e_new
        if u @ u > SINGULAR * (column @ column):
            rise = (u @ left) / (u @ u)
            left, left_new = left - np.outer(u, rise), left_new - np.outer(u_new, rise)
            done.append((u, u_new))
    n = len(v_new)
    return 1 - n * _squares(left_new) / (n * _squares(v_new) - v_new.sum(0) ** 2)


def _of_moved_codes(
    z: Floats, v: Floats, z_new: Floats, v_new: Floats, A: Floats, c: Floats, moved: bool = True
) -> Any:
    """R² of z A + c, its total by the gaps of all pairs; `moved` is whether the new codes are."""
    fit = np.linalg.pinv(_one(z @ A + c), rcond=SINGULAR) @ v
    gap = v_new - _one(z_new @ A + c if moved else z_new) @ fit
    pairs = v_new[:, None] - v_new
    return 1 - 2 * len(v_new) * (gap**2).sum(0) / (pairs**2).sum((0, 1))


def _fit(z: Floats, v: Floats) -> Floats:
    """v̂ where it was fitted: the projection of v on the codes and the constant."""
    X = _one(z)
    found: Floats = X @ (np.linalg.pinv(X, rcond=SINGULAR) @ v)
    return found


def _by_determinants(z: Floats, v: Floats, **_: Any) -> Any:
    """1 − det S_(z,v) / (s_vv det S_z)."""
    S = [_centred(np.c_[z, f]).T @ _centred(np.c_[z, f]) for f in v.T]
    return np.array([1 - np.linalg.det(s) / (s[-1, -1] * np.linalg.det(s[:-1, :-1])) for s in S])


def _regular(z: Floats, **_: Any) -> bool:
    """Whether the codes are linearly independent, of each other and of the constant."""
    return bool(np.linalg.matrix_rank(_one(z)) == z.shape[1] + 1)


def _single(z: Floats, v: Floats, **_: Any) -> Any:
    """The squared correlation of each code with each factor, `[D, K]`; 0 for a constant code."""
    moments, own = _centred(z).T @ _centred(v), np.outer(_squares(_centred(z)), np.ones(v.shape[1]))
    ratio = np.divide(moments**2, own, out=np.zeros_like(own), where=own > 0)
    return ratio / _squares(_centred(v))


def _by_covariances(z: Floats, v: Floats, **_: Any) -> Any:
    """s_vz S_z⁻¹ s_zv / s_vv."""
    moments = _centred(z).T @ _centred(v)
    inverse = _inverse(_centred(z).T @ _centred(z))
    return np.einsum("dk,de,ek->k", moments, inverse, moments) / _squares(_centred(v))


def _correlation(z: Floats, v: Floats, power: int = 2) -> Any:
    """The correlation of v̂ and v to a power. Raises UndefinedLine where v̂ is constant."""
    fit, factor = _centred(_fit(z, v)), _centred(v)
    if (_squares(fit) <= SINGULAR * _squares(factor)).any():
        raise UndefinedLine("a constant has no correlation")
    return ((fit * factor).sum(0) / np.sqrt(_squares(fit) * _squares(factor))) ** power


def _of_affine(z: Floats, z_new: Floats, A: Floats, c: Floats, power: int = 1, **_: Any) -> Any:
    """R² of the factors (z A + c)^power, those that vary where they are scored."""
    fit, *_rest = np.linalg.lstsq(_one(z), (z @ A + c) ** power, rcond=None)
    target = (z_new @ A + c) ** power
    gap, spread = _squares(target - _one(z_new) @ fit), _squares(_centred(target))
    return 1 - gap[spread > 0] / spread[spread > 0]


LINEAR_R2 = Derivation(
    id="metric.linear-r2",
    title="How much of a factor a linear reader finds in the codes",
    inputs=REGRESSION,
    source="equation eq:r-squared; Anderson 2003, section 2.5",
    conditions="No factor is constant where it is scored. The S and C lines score where v̂ was fit.",
    lines=(
        Line(
            "L0",
            r"R^2(z, v)",
            lambda z, v, z_new, v_new, **_: linear_r2(z, v, z_new, v_new),
        ),
        Line(
            "L1",
            r"1 - \frac{\sum_n (v_n - \hat v_n)^2}{\sum_n (v_n - \bar v)^2}",
            _by_normal_equations,
            by="the definition; v̂ by the normal equations",
        ),
        Line(
            "L2",
            r"1 - \frac{N \sum_n (v_n - \sum_d r_d u_{nd})^2}{N \sum_n v_n^2 - (\sum_n v_n)^2}",
            _by_orthogonal_codes,
            by="Gram–Schmidt; the variance by its moments",
        ),
        Line(
            "L3",
            r"1 - \frac{2 N \sum_n (v_n - \hat v_n(z A + c))^2}{\sum_{n,m} (v_n - v_m)^2}",
            _of_moved_codes,
            by="an invertible affine map of the codes changes no fit",
        ),
        Line("L4", r"1", lambda **_: 1.0, "<=", by="a sum of squares is not negative"),
        Line(
            "S0",
            r"\frac{\sum_n (v_n - \bar v)^2 - \sum_n (v_n - \hat v_n)^2}{\sum_n (v_n - \bar v)^2}",
            lambda z, v, **_: (
                (_squares(_centred(v)) - _squares(v - _fit(z, v))) / _squares(_centred(v))
            ),
            None,
        ),
        Line(
            "S1",
            r"\frac{\sum_n (\hat v_n - \bar v)^2}{\sum_n (v_n - \bar v)^2}",
            lambda z, v, **_: _squares(_fit(z, v) - v.mean(0)) / _squares(_centred(v)),
            by="Pythagoras: what is left is orthogonal to the fit",
        ),
        Line(
            "S2",
            r"1 - \frac{\det S_{(z, v)}}{s_{vv} \det S_z}",
            _by_determinants,
            by="the Schur complement",
            when=_regular,
        ),
        Line(
            "S3",
            r"\max_d \frac{s_{z_d v}^2}{s_{z_d z_d} s_{vv}}",
            lambda z, v, **_: _single(z, v).max(0),
            ">=",
            by="one code alone says no more",
        ),
        Line("S4", r"0", lambda **_: 0.0, ">=", by="a square"),
        Line("C0", r"\frac{s_{vz} S_z^{-1} s_{zv}}{s_{vv}}", _by_covariances, None),
        Line(
            "C1",
            r"\frac{s_{\hat v v}^2}{s_{\hat v \hat v}\, s_{vv}}",
            lambda z, v, **_: _correlation(z, v),
            by="the squared correlation of fit and factor",
        ),
        Line("A0", r"R^2(z, z A + c)", _of_affine, None),
        Line("A1", r"1", lambda **_: np.ones(1), by="a factor that is affine in the codes is read"),
    ),
    golden=(
        Golden(
            "line",
            LINE,
            dict.fromkeys(("L0", "L1", "L2", "L3"), -0.375)
            | dict.fromkeys(("S0", "S1", "S2", "S3", "C0", "C1"), 0.9),
        ),
        Golden(
            "affine",
            AFFINE,
            dict.fromkeys(("L0", "L1", "L2", "L3", "S1", "S2", "C1", "A0"), 1.0),
        ),
        Golden(
            "constant code",
            SILENT,
            dict.fromkeys(("S0", "S1", "S3", "C0"), 0.0),
            ("C1",),
        ),
    ),
    mutants=(
        Mutant(
            "fitted-where-it-is-scored",
            "L1",
            lambda z_new, v_new, **_: _by_normal_equations(z_new, v_new, z_new, v_new),
        ),
        Mutant(
            "mean-of-the-fitted-factors",
            "L1",
            lambda z, v, z_new, v_new, **_: (
                1
                - _squares(v_new - _one(z_new) @ _weights(_one(z), v)) / _squares(v_new - v.mean(0))
            ),
        ),
        Mutant(
            "no-intercept",
            "L1",
            lambda z, v, z_new, v_new, **_: (
                1 - _squares(v_new - z_new @ _weights(z, v)) / _squares(_centred(v_new))
            ),
        ),
        Mutant("new-codes-not-moved", "L3", lambda **c: _of_moved_codes(**c, moved=False), AFFINE),
        Mutant(
            "not-squared",
            "S1",
            lambda z, v, **_: np.sqrt(_squares(_fit(z, v) - v.mean(0)) / _squares(_centred(v))),
            LINE,
        ),
        Mutant("sum-over-the-codes", "S2", lambda z, v, **_: _single(z, v).sum(0), AFFINE),
        Mutant("correlation", "C1", lambda z, v, **_: _correlation(z, v, 1), LINE),
        Mutant("factor-squared", "A0", lambda **c: _of_affine(**c, power=2), AFFINE),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (LINEAR_R2,)
