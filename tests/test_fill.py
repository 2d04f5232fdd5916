"""The compiled rasteriser gives the bits of its loops over pixels, and of `dsprites._fill`.

The loops (`definition_outlines.py`) take a few hundredths of a second for an image, so they judge
some small polygons; `_fill`, which crosses rows as the kernel does, judges many of any size.
By default 3,000 images drawn at random and polygons of any kind; PYDIS_FULL=1 compares all 737,280.
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, lay, seeds
from test_densities import SETS

from pydis.backends import definition_outlines, load, use
from pydis.data import dsprites

if not SETS:
    pytest.skip("pydis was installed without its compiled module", allow_module_level=True)

from pydis import _core

Array = Any
FULL = os.environ.get("PYDIS_FULL", "") == "1"


@pytest.fixture(params=SETS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = _core.instruction_set()
    _core.use_instruction_set(request.param)
    yield request.param
    _core.use_instruction_set(before)


def both(factors: Array) -> tuple[Array, Array]:
    with use("cpp"):
        fast = dsprites.render(factors)
    with use("cpp", fill_outlines=None):
        return fast, dsprites.render(factors)


def test_images_are_those_of_the_definition(isa: str) -> None:
    index = np.random.default_rng(0).choice(dsprites.COUNT, 3000, replace=False)
    fast, slow = both(dsprites.factors_of(index))
    assert fast.dtype == slow.dtype and fast.shape == slow.shape == (3000, 64, 64, 1)
    assert np.array_equal(fast, slow)


def test_all_images_are_those_of_the_definition() -> None:
    step = 1 if FULL else 997  # a prime that divides no factor's size
    index = np.arange(0, dsprites.COUNT, step)
    for block in np.array_split(index, 1 + len(index) // 4096):
        fast, slow = both(dsprites.factors_of(block))
        assert np.array_equal(fast, slow)


@pytest.mark.parametrize("change", ["outlines", "centre", "subpixels"])
def test_a_rasteriser_that_is_a_little_wrong_is_noticed(change: str) -> None:
    def wrong(outlines: Array, which: Array, centre: Array, subpixels: int) -> Array:
        fill = load("cpp").fill_outlines
        if change == "outlines":
            return fill(-outlines, which, centre, subpixels)
        if change == "centre":
            return fill(outlines, which, centre + 1 / 256, subpixels)
        return fill(outlines, which, centre, 2 * subpixels)

    factors = dsprites.sample_factors(np.random.default_rng(0), 300)
    with use("cpp", fill_outlines=wrong):
        assert not np.array_equal(dsprites.render(factors), both(factors)[1])


# Against the loops over pixels


def polygons(seed: int, images: int, coarse: bool) -> tuple[Array, ...]:
    """Closed outlines of five edges and centres; coarse ones have corners on pixels' centres, and
    edges that lie on whole rows and columns of them."""
    rng = np.random.default_rng(seed)
    outlines, centre = rng.uniform(-12, 12, (3, 2, 6)), rng.uniform(8, 56, (images, 2))
    if coarse:
        outlines, centre = np.round(outlines), np.floor(centre) + 0.5
        outlines[:, :, 2] = outlines[:, :, 1] + [0, 5]
        outlines[:, :, 3] = outlines[:, :, 2] + [5, 0]
    outlines[..., -1] = outlines[..., 0]
    return outlines, rng.integers(0, 3, images), centre, 256 if seed % 2 else 2


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_polygons_are_those_of_the_loops(seed: int, coarse: bool, isa: str) -> None:
    call = polygons(seed, 2, coarse)
    expected = definition_outlines.fill_outlines(*call)
    assert np.array_equal(load("cpp").fill_outlines(*call), expected)
    assert call[3] != 256 or np.array_equal(by_rows(*call), expected)
    assert 20 < expected.sum() < expected.size / 2


SQUARE = np.array([[[-1.0, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]])


def test_centres_on_edges_are_inside_on_the_left_and_below() -> None:
    """A square through the centres of nine pixels, and one that turns the other way."""
    for outline in (SQUARE, SQUARE[:, :, ::-1].copy()):
        call = (outline, np.zeros(1, int), np.full((1, 2), 2.5), 256)
        for image in (load("cpp").fill_outlines(*call), definition_outlines.fill_outlines(*call)):
            assert image[0, 1:4, 1:4].tolist() == [[0, 0, 0], [1, 1, 0], [1, 1, 0]]
            assert image.sum() == 4


@pytest.mark.parametrize("shift", [(1, 0), (0, -1)])
def test_a_subpixel_too_far_is_seen_by_the_loops(shift: tuple[int, int]) -> None:
    """The control: corners are on pixels' centres, and a 256th to the right or up loses some."""
    outlines, which, centre, _ = polygons(1, 2, coarse=True)
    moved = load("cpp").fill_outlines(outlines, which, centre + np.array(shift) / 256, 256)
    expected = definition_outlines.fill_outlines(outlines, which, centre, 256)
    assert np.array_equal(load("cpp").fill_outlines(outlines, which, centre, 256), expected)
    assert not np.array_equal(moved, expected)


# Many polygons


def by_rows(outlines: Array, which: Array, centre: Array, subpixels: int) -> Array:
    """As in `dsprites.render`, for any outlines."""
    vertices = np.floor((centre[:, :, None] + outlines[which]) * subpixels + 0.5).astype(np.int64)
    rows = np.zeros(64 * len(which), "<u8")
    dsprites._fill(vertices, rows)
    return np.unpackbits(rows.view(np.uint8), bitorder="little").reshape(-1, 64, 64)


def test_polygons_of_any_kind(isa: str) -> None:
    """Stars that cross themselves, edges of no length, points and lines, corners on centres."""

    @examples(1)
    @given(vertices=st.integers(1, 40), images=st.integers(0, 40), coarse=st.booleans(), seed=seeds)
    def run(vertices: int, images: int, coarse: bool, seed: int) -> None:
        rng = np.random.default_rng(seed)
        outlines = rng.uniform(-15, 15, (5, 2, vertices))
        outlines = np.round(2 * outlines) / 2 if coarse else outlines
        outlines[..., -1] = outlines[..., 0]
        centre = rng.integers(16, 49, (images, 2)) + (
            0.0 if coarse else rng.random((images, 2)) / 2
        )
        which = rng.integers(0, 5, images)
        fast = load("cpp").fill_outlines(outlines, which, centre, 256)
        assert np.array_equal(fast, by_rows(outlines, which, centre, 256))

    run()


def test_threads_do_not_change_a_bit() -> None:
    factors, before = dsprites.sample_factors(np.random.default_rng(1), 500), _core.threads()
    try:
        results = set()
        for number in (1, 2, 3, 4, 8):
            _core.set_threads(number)
            results.add(both(factors)[0].tobytes())
    finally:
        _core.set_threads(before)
    assert len(results) == 1
    assert both(factors[::-1])[0].tobytes() not in results


@pytest.mark.parametrize("far", [np.nan, np.inf, -np.inf, 1e300, -1e300, 5e9])
def test_vertices_far_outside_do_no_harm(isa: str, far: float) -> None:
    outlines = np.array([[[-9.0, 9.0, far, -9.0], [-9.0, far, 9.0, -9.0]]])
    for subpixels in (2, 256, 1 << 20):
        image = _core.fill_outlines(outlines, np.zeros(1, int), np.full((1, 2), 32.0), subpixels)
        assert image.shape == (1, 64, 64) and image.max() <= 1


GUISES: dict[str, tuple[Any, type[Exception], str]] = {
    "negative strides": (lambda x: np.flip(x.copy()), ValueError, "C-contiguous"),
    "one byte further": (lambda x: lay(x, "unaligned"), ValueError, "aligned"),
    "foreign byte order": (
        lambda x: x.astype(x.dtype.newbyteorder()), TypeError, "native byte order",
    ),
    "half the bits": (lambda x: x.astype(f"{x.dtype.kind}4"), TypeError, "must be (float|int)64 "),
    "a subclass": (np.ma.masked_array, TypeError, "plain numpy.ndarray"),
}  # fmt: skip


@pytest.mark.parametrize("guise", GUISES)
def test_arrays_in_other_guises(guise: str) -> None:
    """Each is refused by name; read-only ones give the same image."""
    rng = np.random.default_rng(2)
    arrays = {
        "outlines": rng.uniform(-9, 9, (3, 2, 4)),
        "which": np.array([0, 2]),
        "centre": np.full((2, 2), 32.0),
    }
    image = _core.fill_outlines(**arrays, subpixels=256)
    change, error, message = GUISES[guise]
    for name, x in arrays.items():
        with pytest.raises(error, match=f"^fill_outlines: (?={name} must ).*{message}"):
            _core.fill_outlines(**arrays | {name: change(x)}, subpixels=256)
        x.flags.writeable = False
    assert np.array_equal(_core.fill_outlines(**arrays, subpixels=256), image)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"which": np.array([0, 3])}, r"which must be in 0\.\.2, got 3"),
        ({"which": np.array([-1, 0])}, r"which must be in 0\.\.2, got -1"),
        ({"centre": np.ones((2, 3))}, r"centre must have shape \(2, 2\), got \(2, 3\)"),
        ({"outlines": np.ones((3, 3, 4))}, r"outlines must have shape .* got \(3, 3, 4\)"),
        ({"outlines": np.ones((3, 2, 1025))}, r"outlines must have shape .* got \(3, 2, 1025\)"),
        ({"subpixels": 100}, "subpixels must be a power of two .* got 100"),
        ({"subpixels": 0}, "subpixels must be a power of two .* got 0"),
    ],
)
def test_what_the_rasteriser_does_not_take(change: dict[str, Any], message: str) -> None:
    right: dict[str, Any] = {
        "outlines": np.ones((3, 2, 4)),
        "which": np.array([0, 2]),
        "centre": np.ones((2, 2)),
        "subpixels": 256,
    }
    _core.fill_outlines(**right)
    with pytest.raises(ValueError, match=f"fill_outlines: {message}"):
        _core.fill_outlines(**(right | change))
