"""Fast kernels against the definition, within the error that their number of terms allows.

A sum of n products, added in any order, is off by at most n/2 eps Σ |x| |w|. Two kernels that sum
the same terms therefore differ by at most n eps times the kernel on absolute values. No tolerance
here is picked by hand.
"""

import ast
import inspect
from collections.abc import Callable
from math import prod
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from hypothesis import strategies as st
from registry import ENTRIES, Spec
from strategies import GATED, PLACES, Conv, convolutions, cpu_backends, examples, lay, seeds, sides

from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import (
    FUSED,
    REQUIRED,
    definition,
    definition_channels,
    definition_densities,
    definition_outlines,
    use,
)
from pydis.backends import numpy as numpy_backend
from pydis.backends.kernels import DENSITIES, NORMALISATION

Array = Any
SECOND_ORDER = 1.01
"""Room for the terms of order (n eps)² that the bound leaves out, and for its own rounding."""

KERNELS = tuple(name for name in REQUIRED + FUSED if name not in DENSITIES + NORMALISATION)
"""The linear kernels; `test_densities.py` and `test_batch_norm.py` have the others."""
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
fast = pytest.mark.parametrize("backend", cpu_backends("definition"))


def terms(kernel: str, arrays: list[Array]) -> int:
    """How many products, a bias and its slope among them, are added up in one number."""
    if kernel == "bias_gradient":
        return prod(arrays[0].shape[:-1])
    family = kernel.removesuffix("_act").removesuffix("_gated").removesuffix("_behind")
    first = arrays[0].shape
    second = arrays[2 if kernel in ("conv2d_gated", "conv2d_x_gated") else 1].shape
    counted = {
        "matmul": first[-1],
        "conv2d": prod(second[:-1]),
        "conv2d_x": prod(second[:2]) * second[-1],
        "conv2d_w": prod(second[:-1]),
    }
    return counted[family] + 2 * kernel.endswith(("_act", "_behind"))


def bound(kernel: str, arrays: list[Array], static: dict[str, Any]) -> Array:
    """How far two results may lie apart: n eps times the kernel on absolute values."""
    magnitudes = [abs(a).astype(np.float64) for a in arrays]
    with use("numpy"):
        size = PRIMITIVES[kernel](*magnitudes, **static)
    eps = float(np.finfo(arrays[0].dtype).eps)
    return SECOND_ORDER * terms(kernel, arrays) * eps * size


def compare(
    kernel: str, backend: str, arrays: list[Array], static: dict[str, Any], **own: Any
) -> None:
    """Raise AssertionError where the backend is farther from the definition than rounding goes."""
    op = PRIMITIVES[kernel]
    with use("definition"):
        expected = op(*arrays, **static)
    with use(backend, **own):
        y = op(*arrays, **static)
    assert y.shape == expected.shape
    assert y.dtype == expected.dtype == arrays[0].dtype
    excess = abs(y - expected) - bound(kernel, arrays, static)
    assert np.all(excess <= 0), (
        f"{kernel} on {backend} is off by {excess.max():.1e} beyond the bound"
    )


def inputs(spec: Spec, seed: int, dtype: Any, layouts: list[str] | None = None) -> list[Array]:
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in spec.shapes]
    return [lay(a, layout) for a, layout in zip(arrays, layouts or PLACES, strict=False)]


# Against the definition


@fast
@dtypes
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_agree_with_the_definition(kernel: str, backend: str, dtype: Any) -> None:
    @examples(3)
    @given(
        conv=convolutions(side=6, filter_side=4, channels=3),
        sizes=sides(3, most=9),
        seed=seeds,
        layouts=st.lists(st.sampled_from(PLACES), min_size=3, max_size=3),
        slope=st.sampled_from([0.0, 0.2, 1.0]),
        on=st.sampled_from("gx"),
    )
    def run(
        conv: Conv,
        sizes: tuple[int, ...],
        seed: int,
        layouts: list[str],
        slope: float,
        on: str,
    ) -> None:
        spec = specification(kernel, conv, sizes, slope, on)
        compare(kernel, backend, inputs(spec, seed, dtype, layouts), spec.static)

    run()


def specification(
    kernel: str, conv: Conv, sizes: tuple[int, ...] = (7, 5, 3), slope: float = 0.0, on: str = "g"
) -> Spec:
    (m, k, n), constants, bend = sizes, conv.constants, {"slope": slope}
    image, filters = {"size": (conv.h, conv.w)} | constants, {"size": (conv.u, conv.v)} | constants
    return {
        "matmul": Spec(((m, k), (k, n)), {}),
        "matmul_act": Spec(((m, k), (k, n), (n,)), bend),
        "conv2d": Spec((conv.image, conv.filters), constants),
        "conv2d_act": Spec((conv.image, conv.filters, (conv.o,)), constants | bend),
        "conv2d_gated": Spec((conv.image, conv.image, conv.filters), constants),
        "conv2d_behind": Spec((conv.image, conv.filters, conv.maps), constants | bend),
        "conv2d_x": Spec((conv.maps, conv.filters), image),
        "conv2d_x_act": Spec((conv.maps, conv.filters, (conv.c,)), image | bend),
        "conv2d_x_gated": Spec((conv.maps, conv.maps, conv.filters), image),
        "conv2d_x_behind": Spec((conv.maps, conv.filters, conv.image), image | bend),
        "conv2d_w": Spec((conv.image, conv.maps), filters),
        "conv2d_w_gated": Spec(
            (conv.image, conv.maps, conv.maps if on == "g" else conv.image), filters | {"on": on}
        ),
        "bias_gradient": Spec((conv.maps, conv.maps), {}),
    }[kernel]


SUMS_OF_IMAGES = ("conv2d_w", "conv2d_w_gated", "bias_gradient")
ORDINARY = Conv(n=2, h=5, w=6, u=3, v=2, c=2, o=3, stride=2, pad=1)


@fast
@dtypes
@pytest.mark.parametrize("kernel", KERNELS)
def test_no_images_give_no_images_and_filters_of_zeros(
    kernel: str, backend: str, dtype: Any
) -> None:
    spec = specification(kernel, ORDINARY._replace(n=0), (0, 4, 3))
    arrays = inputs(spec, 0, dtype)
    compare(kernel, backend, arrays, spec.static)
    with use(backend):
        y = PRIMITIVES[kernel](*arrays, **spec.static)
    assert y.size == 0 or (kernel in SUMS_OF_IMAGES and not y.any())


@fast
@dtypes
def test_sums_of_no_terms_are_zero(backend: str, dtype: Any) -> None:
    with use(backend):
        y = PRIMITIVES["matmul"](np.ones((3, 0), dtype), np.ones((0, 2), dtype))
        maps = PRIMITIVES["conv2d"](np.ones((1, 3, 3, 0), dtype), np.ones((2, 2, 0, 2), dtype))
    assert np.array_equal(y, np.zeros((3, 2)))
    assert np.array_equal(maps, np.zeros((1, 2, 2, 2)))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("images_a_block", [1, 2])
def test_numpy_in_blocks_agrees_with_the_definition(kernel: str, images_a_block: int) -> None:
    # Small arrays fit one block: here the buffer holds one or two of the five images.
    conv = ORDINARY._replace(n=5)
    _, i, j, _ = conv.maps
    size = images_a_block * i * j * conv.u * conv.v * conv.c * 8
    spec = specification(kernel, conv)
    with patch.object(numpy_backend, "PATCH_BYTES", size):
        assert numpy_backend._images_a_block(size // images_a_block) == images_a_block
        compare(kernel, "numpy", inputs(spec, 0, np.float64), spec.static)


LAYERS = [
    Conv(n=3, h=64, w=64, u=4, v=4, c=1, o=32, stride=2, pad=1),
    Conv(n=3, h=16, w=16, u=4, v=4, c=32, o=64, stride=2, pad=1),
    Conv(n=5, h=4, w=4, u=4, v=4, c=17, o=33, stride=1, pad=0),
    Conv(n=2, h=31, w=29, u=5, v=3, c=7, o=9, stride=3, pad=2),
]


@fast
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("conv", LAYERS, ids=lambda conv: f"{conv.h}x{conv.w}x{conv.c}")
def test_layers_in_single_precision_agree_with_double(
    kernel: str, conv: Conv, backend: str
) -> None:
    # Too large for the loops: the reference is NumPy in float64, whose own error is negligible.
    spec = specification(kernel, conv, (conv.n * 20 + 1, 16 * conv.o, 3 * conv.c + 5))
    arrays = inputs(spec, 0, np.float32)
    op = PRIMITIVES[kernel]
    with use("numpy"):
        expected = op(*[a.astype(np.float64) for a in arrays], **spec.static)
    with use(backend):
        y = op(*arrays, **spec.static)
    assert y.dtype == np.float32
    assert np.all(abs(y - expected) <= bound(kernel, arrays, spec.static))


# Controls: a kernel that is a little wrong


def shifted(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """The kernel, one tap or one row off."""
    return lambda a, b, *rest: kernel(np.roll(a, 1, axis=1), b, *rest)


def scaled(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """The kernel with a relative error of 1e-5."""
    return lambda *args: kernel(*args) * (1 + 1e-5)


@pytest.mark.parametrize("wrong", [shifted, scaled])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_that_is_a_little_wrong_is_rejected(kernel: str, wrong: Any) -> None:
    spec = specification(kernel, ORDINARY)
    arrays = inputs(spec, 0, np.float64)
    compare(kernel, "numpy", arrays, spec.static)
    with use("numpy") as kernels:
        own = {kernel: wrong(getattr(kernels, kernel) or GATED[kernel])}
    with pytest.raises(AssertionError, match=f"{kernel} on numpy is off by"):
        compare(kernel, "numpy", arrays, spec.static, **own)


def test_every_kernel_is_tested_and_is_a_primitive() -> None:
    assert set(KERNELS) <= set(PRIMITIVES)
    assert set(KERNELS) <= set(ENTRIES)
    assert [specification(kernel, ORDINARY) for kernel in KERNELS]


# One trilinear form


def faces(conv: Conv, x: Array, w: Array, g: Array) -> list[Any]:
    """T(x, w, g) as its sum and as the product of each slot with the map of the other two."""
    call = {name: PRIMITIVES[name] for name in ("conv2d", "conv2d_x", "conv2d_w")}
    image, filters = (conv.h, conv.w), (conv.u, conv.v)
    return [
        definition.trilinear(x, w, g, conv.stride, conv.pad),
        np.sum(g * call["conv2d"](x, w, **conv.constants)),
        np.sum(x * call["conv2d_x"](g, w, size=image, **conv.constants)),
        np.sum(w * call["conv2d_w"](x, g, size=filters, **conv.constants)),
    ]


def spread_allowed(conv: Conv, x: Array, w: Array, g: Array) -> float:
    n = 3 + prod(conv.maps) * conv.u * conv.v * conv.c
    magnitude = definition.trilinear(abs(x), abs(w), abs(g), conv.stride, conv.pad)
    return SECOND_ORDER * n * np.finfo(np.float64).eps * float(magnitude)


@verifies("eq:convolution", "pydis.backends.definition.trilinear")
@pytest.mark.parametrize("backend", cpu_backends())
def test_three_kernels_are_faces_of_one_trilinear_form(backend: str) -> None:
    @given(conv=convolutions(side=5, filter_side=4), seed=seeds)
    def run(conv: Conv, seed: int) -> None:
        x, w, g = inputs(Spec((conv.image, conv.filters, conv.maps), {}), seed, np.float64)
        with use(backend):
            values = faces(conv, x, w, g)
        assert max(values) - min(values) <= spread_allowed(conv, x, w, g)

    run()


def test_a_face_off_by_one_tap_breaks_the_identity() -> None:
    conv = ORDINARY
    x, w, g = inputs(Spec((conv.image, conv.filters, conv.maps), {}), 0, np.float64)
    for kernel in ("conv2d", "conv2d_x", "conv2d_w"):
        with use("numpy", **{kernel: shifted(getattr(definition, kernel))}):
            values = faces(conv, x, w, g)
        assert max(values) - min(values) > spread_allowed(conv, x, w, g)


# The definition depends on nothing that it judges

IMPORTS = {"collections.abc", "itertools", "math", "typing", "numpy"}
ATTRIBUTES = {"zeros", "shape", "dtype", "type"}
CALLS = {"map", "product", "range", "taps", "tuple", "zip"}
NUMBERS = {"abs", "exp", "float", "floor", "isfinite", "log", "log1p", "max", "sqrt"}
"""Functions of one number, or of two."""


def trespasses(source: str) -> list[str]:
    """What a source file does beyond making and indexing arrays."""
    tree, found = ast.parse(source), []
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name not in IMPORTS]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [module] if module not in IMPORTS - {"numpy"} else []
        elif isinstance(node, ast.Attribute) and node.attr not in ATTRIBUTES:
            found.append(f".{node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found += [node.func.id] if node.func.id not in CALLS | NUMBERS | own else []
        elif isinstance(node, ast.MatMult):
            found.append("@")
    return found


@pytest.mark.parametrize(
    "module", [definition, definition_channels, definition_densities, definition_outlines]
)
def test_the_definition_only_makes_and_indexes_arrays(module: Any) -> None:
    assert trespasses(inspect.getsource(module)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pydis", "pydis"),
        ("import numpy, scipy.signal", "scipy.signal"),
        ("from pydis.backends.numpy import NumPy", "pydis.backends.numpy"),
        ("from . import kernels", "."),
        ("from numpy import dot", "numpy"),
        ("import numpy as np\ny = np.tensordot(a, b)", ".tensordot"),
        ("y = a.sum()", ".sum"),
        ("y = a @ b", "@"),
        ("y @= b", "@"),
        ("y = __import__('pydis')", "__import__"),
        ("y = sum(a)", "sum"),
        ("import math\ny = math.fsum(a)", ".fsum"),
        ("from math import sumprod\ny = sumprod(a, b)", "sumprod"),
    ],
)
def test_a_definition_that_does_more_is_noticed(source: str, found: str) -> None:
    assert found in trespasses(source)
