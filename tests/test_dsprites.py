"""dSprites: the renderer against real images, its definition and known facts; the samplers."""

import functools
import math
import os
import zlib
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pydis.data import dsprites
from pydis.data.dsprites import (
    COUNT,
    FACTORS,
    SIZES,
    factors_of,
    fixed_factor_batch,
    index_of,
    render,
    sample_factors,
)

Renderer = Callable[[NDArray[np.int64]], NDArray[np.uint8]]
Rows = NDArray[np.int64]

DIGESTS = Path(__file__).parent / "reference" / "dsprites_digests.npz"
REAL_FILE = Path("dsprites") / "dsprites_subset.npz"
NEEDED = 0.9997

factor_rows = st.tuples(*(st.integers(0, size - 1) for size in SIZES))


def grid(*choices: Any) -> Rows:
    """All combinations of the given values of the five factors, [N, 5]."""
    axes = np.meshgrid(*(np.atleast_1d(c) for c in choices), indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


# Real images


class Agreement(NamedTuple):
    """How a renderer agrees with the real images of the digest file."""

    fraction: float
    wrong_pixels: list[int | None]  # of each unequal image; None: its real image is not stored

    def holds(self) -> bool:
        return self.fraction >= NEEDED and all(count == 1 for count in self.wrong_pixels)


def agreement(renderer: Renderer) -> Agreement:
    with np.load(DIGESTS) as data:
        index, crc = data["index"].astype(np.int64), data["crc"]
        stored = dict(zip(data["unequal_index"].tolist(), data["unequal_packed"], strict=True))
    images = renderer(factors_of(index)).reshape(len(index), -1)
    packed = np.packbits(images, axis=1)
    ours = np.array([zlib.crc32(row.tobytes()) for row in packed], dtype=np.uint32)
    wrong: list[int | None] = []
    for i in np.flatnonzero(ours != crc):
        real = stored.get(int(index[i]))
        wrong.append(None if real is None else int(np.sum(images[i] != np.unpackbits(real))))
    return Agreement(float(np.mean(ours == crc)), wrong)


def test_digest_file_is_whole() -> None:
    with np.load(DIGESTS) as data:
        index, crc = data["index"], data["crc"]
        assert index.shape == crc.shape == (20_000,)
        assert len(np.unique(index)) == 20_000
        assert 0 <= index.min() <= index.max() < COUNT
        digest = dict(zip(index.tolist(), crc.tolist(), strict=True))
        for i, packed in zip(data["unequal_index"], data["unequal_packed"], strict=True):
            assert zlib.crc32(packed.tobytes()) == digest[int(i)]


def test_renderer_agrees_with_digests_of_real_images() -> None:
    result = agreement(render)
    assert result.holds(), result


def mirrored(factors: Rows, axis: int) -> NDArray[np.uint8]:
    """Render the mirrored pose and mirror it back.

    The outline is the same, but centres on an edge are filled by the opposite rule (axis 1: top
    and bottom; 2: left and right).
    """
    pose = factors.copy()
    pose[:, 2] = 39 - pose[:, 2]
    column = {1: 4, 2: 3}[axis]
    pose[:, column] = 31 - pose[:, column]
    return np.flip(render(pose), axis=axis)


def clockwise(factors: Rows) -> NDArray[np.uint8]:
    return render(factors * [1, 1, -1, 1, 1] + [0, 0, 39, 0, 0])


def right_edge_inclusive(factors: Rows) -> NDArray[np.uint8]:
    return mirrored(factors, axis=2)


def top_edge_inclusive(factors: Rows) -> NDArray[np.uint8]:
    # A heart is no mirror image of itself top to bottom, so hearts stay right here.
    heart = factors[:, :1, None, None] == 2
    return np.where(heart, render(factors), mirrored(factors, axis=1))


def y_upwards(factors: Rows) -> NDArray[np.uint8]:
    return render(factors * [1, 1, 1, 1, -1] + [0, 0, 0, 0, 31])


@pytest.mark.parametrize("faulty", [clockwise, right_edge_inclusive, top_edge_inclusive, y_upwards])
def test_digests_reject_a_faulty_renderer(faulty: Renderer) -> None:
    result = agreement(faulty)
    assert result.fraction < NEEDED
    assert not result.holds()


def test_digests_reject_an_unrounded_outline(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = 2**20
    monkeypatch.setattr(dsprites, "_SUBPIXELS", fine)
    result = agreement(render)
    assert result.fraction < NEEDED


def test_one_wrong_pixel_too_many_is_noticed() -> None:
    def one_more(factors: Rows) -> NDArray[np.uint8]:
        images = render(factors)
        images[0, 0, 0, 0] ^= 1
        return images

    assert agreement(one_more).wrong_pixels.count(None) == 1
    assert not agreement(one_more).holds()


def real_file() -> Path:
    folders = [Path(__file__).resolve().parents[2] / "shared" / "data"]
    if "PYDIS_DATA" in os.environ:
        folders.insert(0, Path(os.environ["PYDIS_DATA"]))
    for folder in folders:
        if (folder / REAL_FILE).is_file():
            return folder / REAL_FILE
    pytest.skip(f"no {REAL_FILE.as_posix()} in the folder PYDIS_DATA or in ../shared/data")


def test_renderer_agrees_with_real_images() -> None:
    with np.load(real_file()) as data:
        images, factors = data["imgs"], data["latents_classes"]
        values, index = data["latents_values"], data["original_dataset_indices"]
    np.testing.assert_array_equal(index_of(factors), index)
    np.testing.assert_array_equal(factors_of(index), factors)
    steps = np.array([1, 0.1, 2 * np.pi / 39, 1 / 31, 1 / 31])
    np.testing.assert_allclose(values, [1, 0.5, 0, 0, 0] + factors * steps, rtol=0, atol=1e-12)
    wrong = np.sum(render(factors)[..., 0] != images, axis=(1, 2))
    assert np.mean(wrong == 0) >= NEEDED
    assert wrong.max() <= 1


# The definition


def outline_by_definition(row: tuple[int, ...]) -> list[tuple[int, int]]:
    """Vertices of one image in units of 1/256 pixel."""
    shape, scale, orientation, x, y = row
    if shape == 0:
        points = [(-9.6, -9.6), (9.6, -9.6), (9.6, 9.6), (-9.6, 9.6)]
    elif shape == 1:
        angles = [2 * math.pi * j / 100 for j in range(100)]
        points = [(9.6 * 1.33 * math.cos(a), 9.6 / 1.33 * math.sin(a)) for a in angles]
    else:
        points = []
        for j in range(150):
            t = 2 * math.pi * j / 150
            lobes = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
            points.append((9.6 * math.sin(t) ** 3, -19.2 * (lobes / 29 + 0.075)))
    s, theta = 0.5 + 0.1 * scale, 2 * math.pi * orientation / 39
    cos, sin = math.cos(theta), math.sin(theta)
    centre_x, centre_y = 16 + 32 * x / 31, 16 + 32 * y / 31
    return [
        (
            math.floor(256 * (centre_x + s * (cos * px + sin * py)) + 0.5),
            math.floor(256 * (centre_y + s * (-sin * px + cos * py)) + 0.5),
        )
        for px, py in points
    ]


def inside(px: int, py: int, edges: list[tuple[tuple[int, int], tuple[int, int]]]) -> bool:
    """Whether an odd number of edges is met by the ray from (px, py) to the left, end included.

    An edge owns its lower end (larger y) and not its upper one.
    """
    odd = False
    for (ax, ay), (bx, by) in edges:
        if ay > by:
            ax, ay, bx, by = bx, by, ax, ay
        if ay < py <= by and (bx - ax) * (py - ay) <= (px - ax) * (by - ay):
            odd = not odd
    return odd


def render_by_definition(row: tuple[int, ...]) -> NDArray[np.uint8]:
    outline = outline_by_definition(row)
    edges = list(zip(outline, outline[1:] + outline[:1], strict=True))
    image = np.zeros((64, 64, 1), dtype=np.uint8)
    for r in range(64):
        py = 256 * r + 128
        near = [e for e in edges if min(e[0][1], e[1][1]) <= py <= max(e[0][1], e[1][1])]
        for c in range(64):
            image[r, c, 0] = inside(256 * c + 128, py, near)
    return image


@given(factor_rows)
@settings(deadline=None, max_examples=60)
def test_render_equals_the_definition(row: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(render([row])[0], render_by_definition(row))


@pytest.mark.parametrize("shape", range(3))
@pytest.mark.parametrize("scale", range(6))
def test_render_equals_the_definition_on_every_shape_and_scale(shape: int, scale: int) -> None:
    rng = np.random.default_rng(100 * shape + scale)
    row = (shape, scale, *(int(rng.integers(size)) for size in SIZES[2:]))
    np.testing.assert_array_equal(render([row])[0], render_by_definition(row))


def test_definition_breaks_ties_as_stated() -> None:
    # A square whose four edges pass through pixel centres.
    corners = [(128, 128), (640, 128), (640, 640), (128, 640)]
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    image = [[int(inside(256 * c + 128, 256 * r + 128, edges)) for c in range(4)] for r in range(4)]
    assert image == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]

    closed = np.array([*corners, corners[0]]).T[None]
    rows = np.zeros(64, dtype="<u8")
    dsprites._fill(closed, rows)
    filled = np.unpackbits(rows.view(np.uint8), bitorder="little").reshape(64, 64)
    assert filled[:4, :4].tolist() == image
    assert filled.sum() == 4


def test_no_vertex_is_near_a_rounding_tie() -> None:
    # 256 v is below 2^14, so it carries an error of a few 1e-12: the images are the same whatever
    # the last bits of sine and cosine are.
    centre = 16 + 32 * np.arange(32) / 31
    v = 256 * (dsprites._outlines().reshape(-1, 1) + centre)
    assert np.abs(v - np.floor(v) - 0.5).min() > 1e-9


# Facts of the data set


def test_sizes() -> None:
    assert len(FACTORS) == len(SIZES) == 5
    assert math.prod(SIZES) == COUNT


@pytest.mark.parametrize(
    ("shape", "areas"),
    [
        (0, [100, 144, 196, 256, 324, 400]),
        (1, [76, 104, 144, 184, 228, 288]),
        (2, [58, 84, 108, 140, 182, 222]),
    ],
)
def test_areas_of_unrotated_shapes(shape: int, areas: list[int]) -> None:
    images = render(grid(shape, range(6), 0, 0, 0))
    assert images.sum(axis=(1, 2, 3)).tolist() == areas


@pytest.mark.parametrize(
    ("shape", "columns", "rows"),
    [(0, (6, 25), (6, 25)), (1, (3, 28), (9, 22)), (2, (6, 25), (7, 23))],
)
def test_bounding_boxes(shape: int, columns: tuple[int, int], rows: tuple[int, int]) -> None:
    image = render([(shape, 5, 0, 0, 0)])[0, :, :, 0]
    on_rows, on_columns = np.nonzero(image)
    assert (on_columns.min(), on_columns.max()) == columns
    assert (on_rows.min(), on_rows.max()) == rows


def test_heart_points_down_and_turns_counter_clockwise() -> None:
    upright, quarter = render([(2, 5, 0, 0, 0), (2, 5, 10, 0, 0)])[..., 0]
    r, c = np.nonzero(upright)
    assert r.mean() - 15.5 == pytest.approx(-1.93, abs=0.01)
    assert c.mean() == 15.5
    # The mass above the centre goes to the left of it after a quarter turn (10 of 39 steps).
    r, c = np.nonzero(quarter)
    assert c.mean() < 15.5 - 1.5
    assert abs(r.mean() - 15.5) < 0.5


def test_position_moves_right_and_down() -> None:
    first, right, down = render([(0, 0, 0, 0, 0), (0, 0, 0, 31, 0), (0, 0, 0, 0, 31)])[..., 0]
    np.testing.assert_array_equal(right, np.roll(first, 32, axis=1))
    np.testing.assert_array_equal(down, np.roll(first, 32, axis=0))


def test_first_and_last_orientation_are_the_same_angle() -> None:
    first = grid(range(3), range(6), 0, range(32), range(32))
    last = np.add(first, [0, 0, 39, 0, 0])
    assert len(first) == 18_432
    np.testing.assert_array_equal(render(first), render(last))
    assert not np.array_equal(render(first), render(np.add(first, [0, 0, 1, 0, 0])))


def test_nothing_touches_the_border() -> None:
    on = np.zeros((64, 64), dtype=bool)
    for shape in range(3):
        on |= render(grid(shape, 5, range(40), range(32), range(32))).any(axis=(0, 3))
    r, c = np.nonzero(on)
    assert (r.min(), r.max(), c.min(), c.max()) == (2, 61, 2, 61)


def test_no_image_is_shared_by_two_shapes() -> None:
    places = np.array([0, 7, 15, 22, 31])
    seen = [
        {np.packbits(i).tobytes() for i in render(grid(s, range(6), range(40), places, places))}
        for s in range(3)
    ]
    assert all(len(images) > 5_000 for images in seen)
    assert not any(a & b for a, b in combinations(seen, 2))


# Rendering as a function


def test_render_returns_binary_images_and_leaves_its_input() -> None:
    factors = sample_factors(np.random.default_rng(1), 10)
    before = factors.copy()
    images = render(factors)
    assert images.shape == (10, 64, 64, 1)
    assert images.dtype == np.uint8
    assert set(np.unique(images)) == {0, 1}
    np.testing.assert_array_equal(factors, before)
    np.testing.assert_array_equal(render(factors.astype(np.uint8)), images)
    np.testing.assert_array_equal(render(factors.tolist()), images)


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 700])
def test_batches_equal_single_images(n: int) -> None:
    factors = sample_factors(np.random.default_rng(n), n)
    images = render(factors)
    assert images.shape == (n, 64, 64, 1)
    for row, image in zip(factors, images, strict=True):
        np.testing.assert_array_equal(render(row[None])[0], image)


# Indices


@given(factor_rows)
@settings(deadline=None)
def test_factors_to_index_and_back(row: tuple[int, ...]) -> None:
    shape, scale, orientation, x, y = row
    index = (((shape * 6 + scale) * 40 + orientation) * 32 + x) * 32 + y
    assert index_of(row) == index
    assert tuple(factors_of(index)) == row


def test_every_index_is_reached_once() -> None:
    index = np.arange(COUNT)
    factors = factors_of(index)
    assert factors.shape == (COUNT, 5)
    assert factors.dtype == np.int64
    np.testing.assert_array_equal(index_of(factors), index)
    assert (factors[0].tolist(), factors[-1].tolist()) == ([0] * 5, [size - 1 for size in SIZES])


def test_index_functions_keep_leading_axes() -> None:
    index = np.arange(24).reshape(2, 3, 4)
    assert factors_of(index).shape == (2, 3, 4, 5)
    assert index_of(factors_of(index)).shape == (2, 3, 4)
    assert factors_of(7).shape == (5,)
    assert index_of(factors_of(7)).shape == ()
    assert factors_of(np.zeros(0, dtype=np.int64)).shape == (0, 5)


# Sampling

FALSE_ALARM = 1e-9
DRAWS = 400_000


def marginal(rows: Rows, columns: tuple[int, ...]) -> NDArray[np.float64]:
    """Counts of the joint values of some columns, flattened."""
    sizes = tuple(SIZES[c % 5] for c in columns)
    cell = np.ravel_multi_index(tuple(rows[:, c] for c in columns), sizes)
    return np.bincount(cell, minlength=math.prod(sizes)).astype(np.float64)


def cell_evidence(counts: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """n KL(count/n || p) of each cell.

    By Chernoff's bound it passes t with probability at most 2 exp(-t) if p is the truth.
    """
    n = counts.sum()
    q = counts / n
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(q > 0, q * np.log(q / p), 0.0)
        miss = np.where(q < 1, (1 - q) * np.log((1 - q) / (1 - p)), 0.0)
    return np.asarray(n * (hit + miss))


def excess(rows: Rows, support: Rows) -> float:
    """Largest evidence against "i.i.d. uniform over the support", less a threshold.

    It is positive with probability at most FALSE_ALARM (a union bound) if that is the truth.  The
    cells are those of every factor, of every two factors, and of every two factors of two
    consecutive rows.
    """
    double = np.concatenate([rows[0::2], rows[1::2]], axis=1)
    evidence = []
    for a, b in combinations(range(10), 2):
        if a // 5 == b // 5:
            p = marginal(support, (a % 5, b % 5)) / len(support)
        else:
            single = [marginal(support, (c % 5,)) / len(support) for c in (a, b)]
            p = np.outer(*single).ravel()
        evidence.append(cell_evidence(marginal(double, (a, b)), p))
    for c in range(5):
        p = marginal(support, (c,)) / len(support)
        evidence += [cell_evidence(marginal(double[:, h : h + 5], (c,)), p) for h in (0, 5)]
    cells = np.concatenate(evidence)
    return float(cells.max() - math.log(2 * len(cells) / FALSE_ALARM))


@functools.cache
def part_of(part: str) -> Rows:
    index = np.arange(COUNT)
    rest = index % 1024 + 1024 * (index // 1024 % 40 % 39) + 40_960 * (index // 40_960)
    keep = {"all": index >= 0, "held-out": rest % 23 == 0, "train": rest % 23 != 0}
    return factors_of(index[keep[part]])


@pytest.mark.parametrize("part", ["all", "train", "held-out"])
def test_samples_are_uniform_over_their_part(part: Any) -> None:
    rows = sample_factors(np.random.default_rng(2), DRAWS, part)
    assert rows.shape == (DRAWS, 5)
    assert rows.dtype == np.int64
    assert excess(rows, part_of(part)) < 0


def biased_two_percent(rows: Rows) -> Rows:
    rows[::50, 2] = 0
    return rows


def last_orientation_never(rows: Rows) -> Rows:
    rows[:, 2] %= 39
    return rows


def same_draw_for_x_and_y(rows: Rows) -> Rows:
    rows[:, 4] = rows[:, 3]
    return rows


def sorted_by_index(rows: Rows) -> Rows:
    return rows[np.argsort(index_of(rows))]


def every_row_twice(rows: Rows) -> Rows:
    return np.repeat(rows[::2], 2, axis=0)


@pytest.mark.parametrize(
    "fault",
    [
        biased_two_percent,
        last_orientation_never,
        same_draw_for_x_and_y,
        sorted_by_index,
        every_row_twice,
    ],
)
def test_uniformity_test_rejects_faulty_samplers(fault: Callable[[Rows], Rows]) -> None:
    rows = sample_factors(np.random.default_rng(3), DRAWS, "train")
    assert excess(fault(rows), part_of("train")) > 0


def test_every_image_is_on_one_side_of_the_split() -> None:
    held_out = dsprites.is_held_out(np.arange(COUNT))
    assert np.array_equal(np.flatnonzero(held_out), index_of(part_of("held-out")))
    assert np.array_equal(np.flatnonzero(~held_out), index_of(part_of("train")))
    assert held_out.sum() == 32_058
    for part in ("train", "held-out"):
        assert np.array_equal(dsprites._part(part == "held-out"), index_of(part_of(part)))


def test_no_held_out_image_has_its_twin_in_training() -> None:
    """Orientations 0 and 39 are one angle. A split by index alone would part 1 image in 20."""
    twins = part_of("held-out")[np.isin(part_of("held-out")[:, 2], (0, 39))]
    assert len(twins) > 1_500
    other = twins.copy()
    other[:, 2] = 39 - other[:, 2]
    assert dsprites.is_held_out(index_of(other)).all()
    assert np.array_equal(render(twins[:500]), render(other[:500]))
    assert not (index_of(other) % 23 == 0).all()


def test_parts_do_not_meet() -> None:
    rng = np.random.default_rng(5)
    held_out = dsprites.is_held_out
    assert not held_out(index_of(sample_factors(rng, 100_000))).any()
    assert held_out(index_of(sample_factors(rng, 100_000, "held-out"))).all()
    assert held_out(index_of(sample_factors(rng, 1_000, "all"))).any()


@pytest.mark.parametrize("column", range(5))
def test_factors_are_nearly_uniform_on_both_sides_of_the_split(column: int) -> None:
    for part in ("held-out", "train"):
        counts = marginal(part_of(part), (column,))
        # Runs of consecutive indices differ by less than 2; orientation 39 adds another such run.
        assert np.abs(counts - len(part_of(part)) / SIZES[column]).max() < 4


def test_sampling_is_a_function_of_the_generator() -> None:
    a, b = (sample_factors(np.random.default_rng(6), 100) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert sample_factors(np.random.default_rng(6), 0).shape == (0, 5)
    assert fixed_factor_batch(np.random.default_rng(6), 0, "x").shape == (0, 5)


@pytest.mark.parametrize("column", range(5))
def test_fixed_factor_batch_shares_exactly_one_factor(column: int) -> None:
    rng = np.random.default_rng(7)
    for factor in (column, FACTORS[column]):
        rows = fixed_factor_batch(rng, 64, factor)
        distinct = [len(np.unique(rows[:, c])) for c in range(5)]
        # Another column is constant with probability at most 3^-63.
        assert [d == 1 for d in distinct] == [c == column for c in range(5)]
    for value in range(SIZES[column]):
        rows = fixed_factor_batch(rng, 64, FACTORS[column], value)
        assert np.all(rows[:, column] == value)


@pytest.mark.parametrize("column", range(5))
def test_fixed_factor_batch_leaves_the_rest_uniform(column: int) -> None:
    rows = fixed_factor_batch(np.random.default_rng(8), DRAWS, column, 1)
    everything = part_of("all")
    assert excess(rows, everything[everything[:, column] == 1]) < 0


def test_fixed_factor_batch_draws_from_all_images() -> None:
    p = np.bincount(np.arange(COUNT // 3) % 23) / (COUNT // 3)
    limit = math.log(2 * 23 / FALSE_ALARM)
    rows = fixed_factor_batch(np.random.default_rng(11), DRAWS, "shape", 0)
    assert cell_evidence(np.bincount(index_of(rows) % 23).astype(np.float64), p).max() < limit
    # Drawn from one part only, the rest would favour some residues.
    rows = sample_factors(np.random.default_rng(11), DRAWS, "train")
    rows[:, 0] = 0
    assert cell_evidence(np.bincount(index_of(rows) % 23).astype(np.float64), p).max() > limit


@pytest.mark.parametrize("column", range(5))
def test_fixed_factor_is_drawn_uniformly(column: int) -> None:
    rng = np.random.default_rng(9)
    rows = np.concatenate([fixed_factor_batch(rng, 1, column) for _ in range(5_000)])
    size = SIZES[column]
    limit = math.log(2 * size / FALSE_ALARM)
    counts = np.bincount(rows[:, column], minlength=size).astype(np.float64)
    p = np.full(size, 1 / size)
    assert cell_evidence(counts, p).max() < limit
    # A draw that never gives the last value is rejected.
    short = np.bincount(rows[:, column] % (size - 1), minlength=size).astype(np.float64)
    assert cell_evidence(short, p).max() > limit


# Bad inputs

RNG = np.random.default_rng(10)
bad_sample: Any = sample_factors
bad_batch: Any = fixed_factor_batch


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: render([0, 0, 0, 0, 0]), ValueError, r"\[N, 5\], received \[5\]"),
        (lambda: render(np.zeros((2, 2, 5), int)), ValueError, r"\[N, 5\], received \[2, 2, 5\]"),
        (
            lambda: render(np.zeros((2, 6), int)),
            ValueError,
            r"5 columns .* received shape \[2, 6\]",
        ),
        (
            lambda: render(np.zeros((0, 4), int)),
            ValueError,
            r"5 columns .* received shape \[0, 4\]",
        ),
        (lambda: render(np.zeros((1, 5))), TypeError, "integers, received dtype float64"),
        (lambda: render([[math.nan] * 5]), TypeError, "integers, received dtype float64.*nan"),
        (lambda: render(np.zeros((1, 5), bool)), TypeError, "integers, received dtype bool"),
        (lambda: render([["a"] * 5]), TypeError, "integers, received dtype <U1"),
        (lambda: render([[3, 0, 0, 0, 0]]), ValueError, r"shape must be in 0\.\.2, received 3"),
        (lambda: render([[0, 6, 0, 0, 0]]), ValueError, r"scale must be in 0\.\.5, received 6"),
        (lambda: render([[0, 0, 40, 0, 0]]), ValueError, r"orientation .* 0\.\.39, received 40"),
        (lambda: render([[0, 0, 0, -1, 0]]), ValueError, r"x must be in 0\.\.31, received -1"),
        (lambda: render([[0, 0, 0, 0, 32]]), ValueError, r"y must be in 0\.\.31, received 32"),
        (
            lambda: render(np.full((1, 5), 2**64 - 1, np.uint64)),
            ValueError,
            r"shape must be in 0\.\.2, received 18446744073709551615",
        ),
        (lambda: index_of([0, 0, 0, 0, 32]), ValueError, r"y must be in 0\.\.31, received 32"),
        (lambda: index_of(0), ValueError, r"5 columns .* received shape \[\]"),
        (lambda: index_of([0.0] * 5), TypeError, "integers, received dtype float64"),
        (lambda: factors_of(COUNT), ValueError, r"index must be in 0\.\.737279, received 737280"),
        (lambda: factors_of([5, -1]), ValueError, r"index must be in 0\.\.737279, received -1"),
        (lambda: factors_of(1.0), TypeError, "index must be integers, received dtype float64"),
        (lambda: factors_of(math.nan), TypeError, "index must be integers.*nan"),
        (lambda: bad_sample(RNG, -1), ValueError, "n must be at least 0, received -1"),
        (lambda: bad_sample(RNG, 1.5), TypeError, "n must be an integer, received 1.5"),
        (lambda: bad_sample(RNG, True), TypeError, "n must be an integer, received True"),
        (lambda: bad_sample(RNG, 1, "test"), ValueError, "'held-out', received 'test'"),
        (lambda: bad_sample(0, 1), TypeError, "numpy.random.Generator, received 0"),
        (lambda: bad_batch(None, 1, 0), TypeError, "Generator, received None"),
        (lambda: bad_batch(RNG, -1, 0), ValueError, "n must be at least 0, received -1"),
        (lambda: bad_batch(RNG, 1, "hue"), ValueError, "one of .*'y'.* received 'hue'"),
        (lambda: bad_batch(RNG, 1, 5), ValueError, r"factor .* 0\.\.4, received 5"),
        (lambda: bad_batch(RNG, 1, 0.5), TypeError, "factor must be an integer"),
        (lambda: bad_batch(RNG, 1, "x", 32), ValueError, r"x .* 0\.\.31, received 32"),
        (lambda: bad_batch(RNG, 1, "x", 0.0), TypeError, "x must be an integer"),
    ],
)
def test_bad_inputs(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
