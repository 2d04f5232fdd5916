"""Weights to and from PyTorch's layout.

PyTorch puts channels before rows and columns, in images `[N, C, H, W]` as in filters; here they are
last, `[N, H, W, C]`. Each function below only reorders axes, so a round trip gives the same bits.

| layer | here | PyTorch |
|---|---|---|
| `Linear` | `[inputs, outputs]` | `[outputs, inputs]` |
| `Conv2d` | `[U, V, inputs, outputs]` | `[outputs, inputs, U, V]` |
| `ConvTranspose2d` | `[U, V, outputs, inputs]` | `[inputs, outputs, U, V]` |
| `Linear` after `Flatten` | rows in the order H, W, C | columns in the order C, H, W |

Biases, w and b of `BatchNorm`, and the table of `Embedding` are the same on both sides.
"""

from collections.abc import Sequence

from pydis.autodiff import Array


def images_to_torch(x: Array) -> Array:
    """`[N, H, W, C]` to `[N, C, H, W]`."""
    return _moved("images_to_torch", x, (0, 3, 1, 2))


def images_from_torch(x: Array) -> Array:
    """`[N, C, H, W]` to `[N, H, W, C]`."""
    return _moved("images_from_torch", x, (0, 2, 3, 1))


def linear_to_torch(w: Array) -> Array:
    """`[inputs, outputs]` to `[outputs, inputs]`."""
    return _moved("linear_to_torch", w, (1, 0))


def linear_from_torch(w: Array) -> Array:
    """`[outputs, inputs]` to `[inputs, outputs]`."""
    return _moved("linear_from_torch", w, (1, 0))


def conv2d_to_torch(w: Array) -> Array:
    """`[U, V, inputs, outputs]` to `[outputs, inputs, U, V]`."""
    return _moved("conv2d_to_torch", w, (3, 2, 0, 1))


def conv2d_from_torch(w: Array) -> Array:
    """`[outputs, inputs, U, V]` to `[U, V, inputs, outputs]`."""
    return _moved("conv2d_from_torch", w, (2, 3, 1, 0))


def conv_transpose2d_to_torch(w: Array) -> Array:
    """`[U, V, outputs, inputs]` to `[inputs, outputs, U, V]`: the axes move as those of `Conv2d`,

    because both libraries write a transposed convolution with the filter of the convolution that
    it transposes.
    """
    return _moved("conv_transpose2d_to_torch", w, (3, 2, 0, 1))


def conv_transpose2d_from_torch(w: Array) -> Array:
    """`[inputs, outputs, U, V]` to `[U, V, outputs, inputs]`."""
    return _moved("conv_transpose2d_from_torch", w, (2, 3, 1, 0))


def linear_after_flatten_to_torch(w: Array, image: Sequence[int]) -> Array:
    """`[H W C, outputs]` to `[outputs, C H W]` for the weights behind the `Flatten` of images.

    `image` is (H, W, C). Raises ValueError where H W C is not the number of inputs.
    """
    h, width, c = _image("linear_after_flatten_to_torch", image, w.shape[0])
    return linear_to_torch(
        w.reshape(h, width, c, -1).transpose(2, 0, 1, 3).reshape(w.shape),
    )


def linear_after_flatten_from_torch(w: Array, image: Sequence[int]) -> Array:
    """`[outputs, C H W]` to `[H W C, outputs]`; `image` is (H, W, C), as above."""
    h, width, c = _image("linear_after_flatten_from_torch", image, w.shape[1])
    rows = linear_from_torch(w)
    return rows.reshape(c, h, width, -1).transpose(1, 2, 0, 3).reshape(rows.shape)


def _moved(name: str, x: Array, axes: tuple[int, ...]) -> Array:
    """The axes in another order, in memory of its own. Raises ValueError for another rank."""
    if x.ndim != len(axes):
        raise ValueError(f"{name}: expected {len(axes)} axes, received shape {x.shape}")
    return x.transpose(axes).copy()


def _image(name: str, image: Sequence[int], inputs: int) -> tuple[int, int, int]:
    h, width, c = image
    if h * width * c != inputs:
        raise ValueError(f"{name}: an image of {h}x{width}x{c} is not {inputs} inputs")
    return h, width, c
