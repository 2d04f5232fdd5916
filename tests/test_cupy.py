"""The GPU backend where there is a GPU: kernels, every primitive with its gradients, training.

Kernels are held to the bound of `test_backends.py`. For the rest the device is compared with NumPy
in double precision: its elementary functions are within a few units in the last place, so that
results of size 1 lie far within 1e-10.
"""

from typing import Any

import numpy as np
import pytest
from adam_steps import CONSTANTS, assert_step, state
from hypothesis import given
from registry import ENTRIES, Case, fill
from strategies import Conv, convolutions, examples, seeds, sides
from test_backends import KERNELS, LAYERS, ORDINARY, bound, inputs, specification

from pydis.autodiff import Tensor, grad
from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import available, load, use
from pydis.models import BetaVAE
from pydis.nn import Learner
from pydis.training import TrainConfig, stream
from pydis.training.loop import batch, start

Array = Any
FAR = 1e-10
if not available()["cupy"].usable:
    pytest.skip(available()["cupy"].reason, allow_module_level=True)
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def on_device(name: str, arrays: list[Array], static: dict[str, Any], **own: Any) -> Array:
    with use("cupy", **own) as k:
        return k.to_numpy(PRIMITIVES[name](*[k.asarray(a) for a in arrays], **static))


def compare(kernel: str, arrays: list[Array], static: dict[str, Any], **own: Any) -> None:
    with use("numpy"):
        exact = PRIMITIVES[kernel](*[a.astype(np.float64) for a in arrays], **static)
    y = on_device(kernel, arrays, static, **own)
    assert y.shape == exact.shape and y.dtype == arrays[0].dtype
    excess = abs(y - exact) - bound(kernel, arrays, static)
    assert np.all(excess <= 0), f"{kernel} is off by {excess.max():.1e} beyond the bound"


@dtypes
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_agree_with_numpy(kernel: str, dtype: Any) -> None:
    @examples(0.3)
    @given(conv=convolutions(side=6, filter_side=4, channels=3), sizes=sides(3, 9), seed=seeds)
    def run(conv: Conv, sizes: tuple[int, ...], seed: int) -> None:
        spec = specification(kernel, conv, sizes, 0.2)
        compare(kernel, inputs(spec, seed, dtype), spec.static)

    run()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("conv", LAYERS, ids=lambda conv: f"{conv.h}x{conv.w}x{conv.c}")
def test_layers_agree_with_numpy(kernel: str, conv: Conv) -> None:
    spec = specification(kernel, conv, (32, 100, 64), 0.2)
    compare(kernel, inputs(spec, 0, np.float32), spec.static)


@dtypes
@pytest.mark.parametrize("kernel", KERNELS)
def test_no_images(kernel: str, dtype: Any) -> None:
    spec = specification(kernel, ORDINARY._replace(n=0), (0, 4, 3))
    compare(kernel, inputs(spec, 0, dtype), spec.static)


def test_a_kernel_that_is_a_little_wrong_is_rejected() -> None:
    spec, kernel = specification("conv2d_x", ORDINARY), load("cupy").conv2d_x
    wrong = lambda g, *rest: (1 + 1e-12) * kernel(g, *rest)
    with pytest.raises(AssertionError, match="beyond the bound"):
        compare("conv2d_x", inputs(spec, 0, np.float64), spec.static, conv2d_x=wrong)


def course(name: str, case: Case, backend: str) -> list[Array]:
    """The value, and the gradients of two orders along fixed directions."""
    with use(backend) as k:
        xs = [Tensor(k.asarray(a)) for a in case.arrays]
        y = PRIMITIVES[name](*xs, **case.static)
        rng = np.random.default_rng(0)
        first = grad(
            y, xs, k.asarray(rng.standard_normal(y.shape)), allow_unused=True, differentiable=True
        )
        found = [y.data, *(g.data if isinstance(g, Tensor) else g for g in first)]
        for g in first:
            if isinstance(g, Tensor):
                found += grad(g, xs, k.asarray(rng.standard_normal(g.shape)), allow_unused=True)
        assert all(isinstance(a, k.array_type) for a in found if a is not None)
        return [None if a is None else k.to_numpy(a) for a in found]


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_primitive_to_second_order(name: str) -> None:
    case = fill(ENTRIES[name], ENTRIES[name].typical, 0)
    for a, b in zip(course(name, case, "cupy"), course(name, case, "numpy"), strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=FAR, atol=FAR * max(1, abs(b).max(initial=0)))


@dtypes
def test_a_step_of_adam_is_its_formula(dtype: Any) -> None:
    arrays, k = state(1000, 0, dtype), load("cupy")
    stepped = k.adam(*map(k.asarray, arrays), *CONSTANTS)
    assert_step(tuple(map(k.to_numpy, stepped)), arrays)


CONFIG = TrainConfig(BetaVAE(latents=4, learning_rate=1e-3), batch=8, backend="numpy", threads=1)


def losses(backend: str, steps: int) -> list[float]:
    found = []
    with use(backend):
        learners: dict[str, Learner] = start(CONFIG)
        for step in range(1, steps + 1):
            noise = stream(0, "latent", step)
            learners, terms = CONFIG.model.update(learners, batch(CONFIG, step), noise)
            found.append(float(terms["loss"]))
    return found


def test_the_device_trains_as_numpy_does() -> None:
    device, host = losses("cupy", 20), losses("numpy", 20)
    np.testing.assert_allclose(device[:1], host[:1], rtol=1e-5)
    # Roundings grow from step to step; a kernel off by a pixel would part them by far more.
    np.testing.assert_allclose(device, host, rtol=1e-2)
    assert host[-1] < 0.9 * host[0]
