"""Write torch_layers.npz and torch_rules.npz: what PyTorch 2.13.0 computes on small examples.

Run with a Python that has PyTorch: `python tests/reference/make_torch_reference.py`. Arrays are
float64 in PyTorch's own layout; `tests/test_torch_reference.py` brings them into ours.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).parent
STEPS = 10


def layer_arrays(
    prefix: str, layer: torch.nn.Module, x: torch.Tensor, draw: torch.Generator
) -> dict[str, Any]:
    """Input, weights, output, a direction u, and the gradients of ⟨u, y⟩."""
    x = x.clone().requires_grad_(x.dtype == torch.float64)
    y = layer(x)
    u = torch.randn(y.shape, dtype=torch.float64, generator=draw)
    (u * y).sum().backward()
    arrays = {"x": x, "y": y, "u": u}
    if x.grad is not None:
        arrays["x_bar"] = x.grad
    for name, p in layer.named_parameters():
        arrays[name], arrays[f"{name}_bar"] = p, p.grad
    return {f"{prefix}.{name}": a.detach().numpy() for name, a in arrays.items()}


def layers() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    normal = lambda *shape: torch.randn(shape, dtype=torch.float64, generator=draw)
    made = {
        "linear": (torch.nn.Linear(5, 4), normal(3, 5)),
        "conv2d": (torch.nn.Conv2d(2, 3, 4, stride=2, padding=1), normal(2, 2, 8, 6)),
        "conv2d_valid": (torch.nn.Conv2d(2, 3, 3), normal(2, 2, 5, 6)),
        "conv_transpose2d": (torch.nn.ConvTranspose2d(3, 2, 4, 2, 1), normal(2, 3, 3, 2)),
        "batch_norm": (torch.nn.BatchNorm1d(4, momentum=0.3), 2 * normal(6, 4) + 1),
        "batch_norm_images": (torch.nn.BatchNorm2d(3), normal(4, 3, 3, 2) - 0.5),
        "layer_norm": (torch.nn.LayerNorm(5), 3 * normal(4, 5) + 2),
        "layer_norm_images": (torch.nn.LayerNorm([3, 2, 4]), normal(2, 3, 2, 4)),
        "embedding": (torch.nn.Embedding(6, 3), torch.tensor([[0, 5, 2], [2, 2, 1]])),
    }
    arrays: dict[str, Any] = {}
    for name, (layer, x) in made.items():
        layer.double()
        for p in layer.parameters():
            p.data = normal(*p.shape)
        arrays |= layer_arrays(name, layer, x, draw)
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer(0.5 * x + 2)
            for kind in ("running_mean", "running_var", "num_batches_tracked"):
                arrays[f"{name}.{kind}"] = getattr(layer, kind).numpy().copy()
            layer.zero_grad()
            arrays |= layer_arrays(f"{name}_eval", layer.eval(), x, draw)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2 * 3 * 4, 5)).double()
    for p in network.parameters():
        p.data = normal(*p.shape)
    arrays |= layer_arrays("flatten", network, normal(3, 2, 3, 4), draw)
    return arrays


RULES: dict[str, Any] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.03, alpha=0.9),
    "rmsprop_momentum": lambda p: torch.optim.RMSprop(p, lr=0.03, alpha=0.9, momentum=0.7),
}


def rules() -> dict[str, Any]:
    """Ten steps of each rule from the same weights by the same gradients, and a clip."""
    draw = torch.Generator().manual_seed(1)
    theta = torch.randn((3, 2), dtype=torch.float64, generator=draw)
    gradients = torch.randn((STEPS, 3, 2), dtype=torch.float64, generator=draw)
    gradients *= torch.tensor([[1e-4, 1e-2], [0.3, 1.0], [3.0, 30.0]])
    arrays = {"theta": theta.numpy(), "gradients": gradients.numpy()}
    for name, make in RULES.items():
        p = torch.nn.Parameter(theta.clone())
        optimiser, path = make([p]), []
        for g in gradients:
            p.grad = g.clone()
            optimiser.step()
            path.append(p.detach().clone())
        arrays[name] = torch.stack(path).numpy()
    p = torch.nn.Parameter(theta.clone())
    p.grad = gradients[0].clone()
    arrays["norm"] = torch.nn.utils.clip_grad_norm_([p], 0.5).numpy()
    arrays["clipped"] = p.grad.numpy()
    return arrays


if __name__ == "__main__":
    np.savez_compressed(HERE / "torch_layers.npz", **layers())
    np.savez_compressed(HERE / "torch_rules.npz", **rules())
