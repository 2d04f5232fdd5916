"""Draws: the same bits for ever, the right distributions, and none that shifts another.

Kolmogorov-Smirnov tests are of a fixed seed; a right sampler fails one with probability 1e-9.
"""

import ast
import functools
import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import pydis
from pydis.backends import draws
from pydis.training import stream

Array = Any
MANY = 100_000


def rng_of(step: int = 3) -> np.random.Generator:
    return stream(7, "latent", step)


# Golden values: with another bit anywhere, every run ever made would silently be another

Draw = Callable[[np.random.Generator, int], Array]
DRAWS: dict[str, Draw] = {
    "uniform": lambda rng, n: draws.uniform(rng, (n,)),
    "uniform32": lambda rng, n: draws.uniform(rng, (n,), np.float32),
    "normal": lambda rng, n: draws.normal(rng, (n,)),
    "normal32": lambda rng, n: draws.normal(rng, (n,), np.float32),
    "exponential": lambda rng, n: draws.exponential(rng, (n,)),
    "gumbel": lambda rng, n: draws.gumbel(rng, (n,)),
    "integers": lambda rng, n: draws.integers(rng, 737_280, (n,)),
    "choices": lambda rng, n: draws.choices(rng, np.array([0.125, 0.25, 0.625]), n),
}
EVERY = pytest.mark.parametrize("name", DRAWS)
GOLDEN: dict[str, tuple[list[str], str]] = {
    "uniform": (
        [
            "0x1.28b01258fae44p-3",
            "0x1.9c7566161148cp-2",
            "0x1.bc57c5aeced8ap-2",
            "0x1.ca7e46ae16100p-7",
        ],
        "fbd7a344234ee8934c7b23aa996d685e7e3608b4c9b660c4c4a1d4326d0b42cd",
    ),
    "uniform32": (
        [
            "0x1.28b0120000000p-3",
            "0x1.9c75660000000p-2",
            "0x1.bc57c60000000p-2",
            "0x1.ca7e460000000p-7",
        ],
        "1cd94789ae2a8d60204b6be7820b44601fd12cd900838a5ce6a20743618b3624",
    ),
    "normal": (
        [
            "-0x1.0f074a183f2d5p+0",
            "-0x1.f811ef45be094p-3",
            "-0x1.54bf8bd07e721p-3",
            "-0x1.1947ee8ef7fecp+1",
        ],
        "0ddeed7f2574b41333b97401f69d87c49a878b40eea71a15fa2625f4ffc3a851",
    ),
    "normal32": (
        [
            "-0x1.0f074a0000000p+0",
            "-0x1.f811f00000000p-3",
            "-0x1.54bf8c0000000p-3",
            "-0x1.1947ee0000000p+1",
        ],
        "c0aebdb8d3bb5617d2ac9c0af13efee52f161cc9c184dd1fb6a75b371656dc42",
    ),
    "exponential": (
        [
            "0x1.ee9387f768090p+0",
            "0x1.d1947cd16ec7bp-1",
            "0x1.ab74c79c43595p-1",
            "0x1.113b971e861d1p+2",
        ],
        "8b2f3b13310251a85d5b8a9f5519b873464d37031ab059dd693041185a11d254",
    ),
    "gumbel": (
        [
            "-0x1.512a0e100ff6fp-1",
            "0x1.8549508805c80p-4",
            "0x1.719bc215b679fp-3",
            "-0x1.7391a3378cc45p+0",
        ],
        "995d476058d6025dd1d34147ef8b6048f63d74547ac4c5a57010808e6b926969",
    ),
    "integers": (
        [
            "0x1.a137000000000p+16",
            "0x1.2202800000000p+18",
            "0x1.386d800000000p+18",
            "0x1.4260000000000p+13",
        ],
        "9e7bcb6fa5253b06fbdaa779dae3d75ce783ddd1d66658db13f36404bcb822b5",
    ),
    "choices": (
        [
            "0x1.0000000000000p+0",
            "0x1.0000000000000p+1",
            "0x1.0000000000000p+1",
            "0x0.0p+0",
        ],
        "5db22c92c5f342d724ed01302e364e17853e9940d5969333f742eaf9053fd0a2",
    ),
}
"""The first four draws, and the digest of the first 100,000."""


WORDS = ["2516024b1f5c8f08", "671d5985845234b5", "6f15f16bb3b62b44", "0394fc8d5c2c24bc"]


def digest(x: Array) -> str:
    """SHA-256 of the bytes, the lowest first."""
    return hashlib.sha256(np.ascontiguousarray(x, x.dtype.newbyteorder("<")).tobytes()).hexdigest()


def test_the_words_of_the_streams() -> None:
    """What NumPy promises for ever, and all else is built on."""
    words = rng_of().bit_generator.random_raw(4)
    assert [f"{int(w):016x}" for w in words] == WORDS


@EVERY
def test_golden_draws(name: str) -> None:
    first, sha256 = GOLDEN[name]
    assert [float(x).hex() for x in DRAWS[name](rng_of(), 4)] == first
    drawn = DRAWS[name](rng_of(), MANY)
    assert digest(drawn) == sha256
    drawn[MANY // 2] = np.nextafter(drawn[MANY // 2], 9) if drawn.dtype.kind == "f" else 9
    assert digest(drawn) != sha256


# One word a number, in order


@EVERY
def test_a_draw_takes_one_word_for_each_number(name: str) -> None:
    """So many small draws are one large one, and what comes after does not depend on the values."""
    draw, rng = DRAWS[name], rng_of()
    parts = np.concatenate([draw(rng, n) for n in (1, 5, 0, 3, 7)])
    np.testing.assert_array_equal(parts, draw(rng_of(), 16), strict=True)
    after = rng.bit_generator.random_raw()
    assert after == rng_of().bit_generator.random_raw(17)[16]
    rejecting = rng_of()
    rejecting.integers(3 * 2**61, size=16)  # negative control: a sampler that rejects words
    assert rejecting.bit_generator.random_raw() != after


@EVERY
def test_drawing_in_one_place_never_shifts_another(name: str) -> None:
    """Purposes and steps have streams of their own, drawn from in any order and amount."""
    draw = DRAWS[name]
    places = [(purpose, step) for purpose in ("data", "latent", "report") for step in (0, 1, 2)]
    alone = {place: draw(stream(1, *place), 9) for place in places}
    for amount in (0, 1, 1000):
        for place in reversed(places):
            draw(stream(1, *place), amount)
            np.testing.assert_array_equal(draw(stream(1, *place), 9), alone[place])
    shared = stream(1, "data")  # negative control: places that share a generator
    draw(shared, 1)
    assert not np.array_equal(draw(shared, 9), alone["data", 0])


@EVERY
def test_shapes_are_filled_in_order(name: str) -> None:
    if name == "choices":
        return
    function, high = getattr(draws, name.removesuffix("32")), (737_280,) * (name == "integers")
    flat = function(rng_of(), *high, (24,))
    for shape in ((2, 3, 4), (24, 1), (0, 3), ()):
        drawn = function(rng_of(), *high, shape)
        assert isinstance(drawn, np.ndarray) and drawn.shape == shape
        np.testing.assert_array_equal(drawn.ravel(), flat[: drawn.size])


# Distributions

CDFS: dict[str, Callable[[Array], Array]] = {
    "uniform": lambda x: x,
    "uniform32": lambda x: x,
    "normal": special.ndtr,
    "normal32": special.ndtr,
    "exponential": lambda x: -np.expm1(-x),
    "gumbel": lambda x: np.exp(-np.exp(-x)),
}
FALSE_ALARM = 1e-9


def rejected(samples: Array, cdf: Callable[[Array], Array]) -> bool:
    """Whether Kolmogorov and Smirnov reject the distribution function at 1e-9."""
    return bool(stats.kstest(samples.astype(np.float64), cdf).pvalue < FALSE_ALARM)


@pytest.mark.parametrize("name", CDFS)
def test_draws_have_their_distribution(name: str) -> None:
    """Power: 100,000 draws that are moved by 0.05 or 8 % too wide are rejected.

    At 1e-9 the greatest gap allowed is √(log(2e9) / 2n) = 0.0104; these faults make gaps of 0.018.
    """
    samples, cdf = DRAWS[name](rng_of(), MANY), CDFS[name]
    assert not rejected(samples, cdf)
    assert rejected(samples, lambda x: np.clip(cdf(x - 0.05), 0, 1))
    assert rejected(samples, lambda x: np.clip(cdf(x / 1.08), 0, 1))


def test_integers_and_choices_have_their_chances() -> None:
    """χ² of the counts at 1e-9; one of 40 values drawn 20 % too often is rejected."""
    for high in (1, 2, 3, 40):
        drawn = draws.integers(rng_of(), high, (MANY,))
        counts = np.bincount(drawn, minlength=high)
        assert len(counts) == high and drawn.dtype == np.int64
        if high > 1:
            assert stats.chisquare(counts).pvalue > FALSE_ALARM
            counts[0] += counts[0] // 5
            counts[1] -= counts[1] // 5
            assert stats.chisquare(counts).pvalue < FALSE_ALARM
    chances = np.array([0.0, 3.0, 1.0, 0.0])  # not normalised, none for the ends
    counts = np.bincount(draws.choices(rng_of(), chances, MANY), minlength=4)
    assert counts[0] == counts[3] == 0
    assert stats.chisquare(counts[1:3], [MANY * 0.75, MANY * 0.25]).pvalue > FALSE_ALARM


class Words:
    """A bit generator whose words are given."""

    def __init__(self, *words: int) -> None:
        self.bit_generator = self
        self.words = np.array(words, np.uint64)

    def random_raw(self, n: int) -> Array:
        assert n == len(self.words)
        return self.words


EDGES: Any = Words(0, 2**63, 2**64 - 1)


def test_the_ends_of_every_range() -> None:
    """The smallest and the largest word: nothing infinite, no 1, and symmetric where that is so."""
    one = np.float64(1)
    assert draws.uniform(EDGES, (3,)).tolist() == [0, 0.5, np.nextafter(one, 0)]
    narrow = draws.uniform(EDGES, (3,), np.float32)
    assert narrow.tolist() == [0, 0.5, np.nextafter(np.float32(1), np.float32(0))]
    for dtype in (np.float32, np.float64):
        x = draws.normal(EDGES, (3,), dtype)
        assert x.dtype == dtype and x[0] == -x[2] and 8 < x[2] < 8.3 and 0 < x[1] < 1e-15
        assert draws.exponential(EDGES, (3,), dtype)[2] > 0
        for f in (draws.exponential, draws.gumbel):
            assert np.all(np.isfinite(f(EDGES, (3,), dtype)))
    for high in (1, 2, 3, 737_280, 2**32 - 1, 2**32):
        assert draws.integers(EDGES, high, (3,)).tolist() == [0, high // 2, high - 1]
    chances = np.array([0.1] * 7)  # whose sum is not 0.7
    assert draws.choices(EDGES, chances, 3).tolist() == [0, 3, 6]


def test_integers_are_exact_for_any_word() -> None:
    """Against Python's whole numbers."""
    words = [int(w) for w in rng_of().bit_generator.random_raw(200)]
    for high in (1, 3, 40, 737_280, 2**31 + 11, 2**32):
        expected = [w * high >> 64 for w in words]
        assert draws.integers(Words(*words), high, (200,)).tolist() == expected  # type: ignore[arg-type]


# The inverse of Φ and the logarithm

ULP = 2.0**-52


def arguments() -> Array:
    """Numbers that a draw may meet: words of a stream, and all sizes near 0, ½ and 1."""
    small = np.concatenate([2.0 ** -np.arange(2, 54), np.logspace(-15.9, -0.4, 2000)])
    u = draws.uniform(rng_of(), (MANY,))
    return np.concatenate([np.maximum(u, 2.0**-53), small, 1 - small, 0.5 + small / 2])


def test_the_quantile_is_the_inverse_of_the_distribution_function() -> None:
    """SciPy's (Cephes) errs itself: the two differ by up to 1.1e-15 relatively, everywhere."""
    u = arguments()
    u = u[(u > 0) & (u < 1) & (u != 0.5)]
    exact = special.ndtri(u)
    off = lambda x: float(np.max(abs(x - exact) / abs(exact)))
    assert off(draws.normal_quantile(u)) < 1.5e-15
    assert off(draws.normal_quantile(u) * (1 + 8 * ULP)) > 1.5e-15
    assert draws.normal_quantile(np.array([0.5]))[0] == 0


@pytest.mark.parametrize("branch", ["MIDDLE", "TAIL", "FAR_TAIL"])
@pytest.mark.parametrize("part", [0, 1])
def test_every_coefficient_of_the_quantile_matters(
    branch: str, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: one of them changed by a millionth is seen, unless it is tiny itself."""
    u = arguments()
    u = u[(u > 0) & (u < 1)]
    right, table = draws.normal_quantile(u), getattr(draws, branch)
    for k, c in enumerate(table[part]):
        changed = [list(row) for row in table]
        changed[part][k] = c * (1 + 1e-6)
        monkeypatch.setattr(draws, branch, changed)
        if c > 1e-8:
            assert not np.array_equal(draws.normal_quantile(u), right), (branch, part, k)


def python_log(x: float) -> float:
    """`natural_log` of one number, by Python's own arithmetic."""
    m, e = math.frexp(x)
    m, e = (2 * m, e - 1) if m < math.sqrt(0.5) else (m, e)
    s = (m - 1) / (m + 1)
    series = python_polynomial([1 / (2 * k + 1) for k in range(13)], s * s)
    return e * draws.LOG_2_TAIL + 2 * s * series + e * draws.LOG_2


def python_polynomial(coefficients: Any, x: float) -> float:
    return functools.reduce(lambda y, c: y * x + c, reversed(coefficients))


def python_quantile(u: float) -> float:
    """`normal_quantile` of one number, by Python's own arithmetic."""
    q = u - 0.5
    table, r = draws.MIDDLE, 0.180625 - q * q
    if abs(q) > 0.425:
        r = math.sqrt(-python_log(min(u, 1 - u)))
        table, r = (draws.TAIL, r - 1.6) if r <= 5 else (draws.FAR_TAIL, r - 5)
    x = python_polynomial(table[0], r) / python_polynomial(table[1], r)
    return q * x if abs(q) <= 0.425 else math.copysign(x, q)


def test_arrays_compute_the_bits_of_plain_numbers() -> None:
    """Whatever instructions NumPy chooses here, each operation rounds once and none is fused."""
    u = arguments()[::11]
    u = u[(u > 0) & (u < 1)]
    assert draws.normal_quantile(u).tolist() == [python_quantile(v) for v in u.tolist()]
    assert draws.natural_log(u).tolist() == [python_log(v) for v in u.tolist()]
    fused = u * u + (1 - u)  # negative control: another order of rounding shows in the bits
    assert fused.tolist() != [v * (v - 1) + 1 for v in u.tolist()]


def test_the_logarithm_is_the_c_librarys_to_3_units() -> None:
    x = np.concatenate([arguments(), np.logspace(-300, 300, 5000), [5e-324, 1.0, 2.0]])
    x = x[x > 0]
    gap = lambda y: float(np.max(abs(y - np.log(x)) / np.spacing(abs(np.log(x)))))
    assert gap(draws.natural_log(x)) <= 3
    assert gap(draws.natural_log(x) * (1 + 8 * ULP)) > 3
    assert draws.natural_log(np.array([1.0]))[0] == 0


# What is refused, and who may draw


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: draws.integers(rng_of(), 0), ValueError, r"expected 1 … 2\^32, received 0"),
        (lambda: draws.integers(rng_of(), 2**32 + 1), ValueError, "received 4294967297"),
        (lambda: draws.normal(rng_of(), (2,), np.float16), TypeError, "float16"),
        (lambda: draws.uniform(rng_of(), (2,), np.complex128), TypeError, "complex128"),
        (
            lambda: draws.uniform(np.random.Generator(np.random.MT19937(0)), (2,)),
            TypeError,
            "received MT19937",
        ),
    ],
)
def test_what_cannot_be_drawn(draw: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draw()


DISTRIBUTIONS = {n for n in dir(np.random.Generator) if n[0] != "_"} - {"bit_generator", "spawn"}


def drawn_otherwise(source: str) -> list[str]:
    """Calls of a distribution of NumPy's: a method of any object, by the names of `Generator`.

    Functions of the array library named alike are no draws, and neither is this file's `draws`.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in DISTRIBUTIONS and owner != "draws":
                found.append(f"{owner}.{node.func.attr}")
        if isinstance(node, ast.ImportFrom) and node.module in ("random", "numpy.random"):
            found.append(f"from {node.module}")
    return found


ANY_DRAW_WILL_DO = "derivations/"
"""What holds for all inputs may be tried on any: these draws are in no result."""


def test_nothing_draws_but_draws() -> None:
    package = Path(pydis.__file__).parent
    files = {p.relative_to(package).as_posix(): p.read_text("utf-8") for p in package.rglob("*.py")}
    files = {n: text for n, text in files.items() if not n.startswith(ANY_DRAW_WILL_DO)}
    assert {name: f for name, text in files.items() if (f := drawn_otherwise(text))} == {}
    assert sum("random_raw" in text for text in files.values()) == 1
    for line in ("rng.normal(3)", "np.random.default_rng(0).integers(3)", "self.rng.choice(x)"):
        assert len(drawn_otherwise(f"def f():\n    return {line}\n")) == 1
    assert drawn_otherwise("from numpy.random import rand") == ["from numpy.random"]
