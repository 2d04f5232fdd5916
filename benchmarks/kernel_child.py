"""One library in a process of its own, computing a kernel when asked over a pipe.

    python benchmarks/kernel_child.py pydis|openblas|torch THREADS

Started by kernels_beside_torch.py; needs NumPy and the library. Each line on stdin is a request as
JSON: {"row": {"kernel": …, "form": …, "inputs": file, "results": folder}} prepares a row and is
answered by the file of what each variant computed; {"variant": …, "calls": n} is answered by the
seconds of one call, once the library's threads are at rest; {} is answered by the processor time
used so far.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

STRIDE, PAD = 2, 1
REST, LONGEST_REST = 0.002, 0.5
WARM_UP = 0.05
"""Seconds of calls before the clock starts: a thread that wakes may share the processor of the one
that woke it until the system moves it, tens of milliseconds later."""
Call = Callable[[], Any]


def main() -> None:
    library, threads = sys.argv[1], int(sys.argv[2])
    variants = {"pydis": pydis_variants, "openblas": openblas_variants, "torch": torch_variants}
    make = variants[library](threads)
    calls: dict[str, Call] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "row" in request:
            row = request["row"]
            made = make(row["kernel"], list(np.load(row["inputs"]).values()), row["form"])
            calls = {name: call for name, (call, _) in made.items()}
            answer: Any = computed(made, Path(row["results"]))
        elif "variant" in request:
            answer = seconds(calls[request["variant"]], request["calls"])
        else:
            answer = time.process_time()
        rest()
        print(json.dumps(answer), flush=True)


def seconds(call: Call, calls: int) -> float:
    """Of one call, after others to warm up caches and threads."""
    until = time.perf_counter() + WARM_UP
    while time.perf_counter() < until:
        call()
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls


def rest() -> None:
    """Return when no thread of this process spins any more."""
    until = time.perf_counter() + LONGEST_REST
    while time.perf_counter() < until:
        before = time.process_time()
        time.sleep(REST)
        if time.process_time() - before < REST / 4:
            return


def computed(made: Mapping[str, tuple[Call, Callable[[Any], Any]]], folder: Path) -> dict[str, str]:
    """The file of each variant's result."""
    files = {name: folder / f"{name}.npy" for name in made}
    for name, (call, read) in made.items():
        np.save(files[name], read(call()))
    return {name: str(file) for name, file in files.items()}


def itself(y: Any) -> Any:
    return y


def operands(inputs: list[Any], form: str) -> tuple[Any, Any]:
    """The matrices of a product, as views of what the memory holds."""
    a, b = inputs
    return a.T if form.startswith("aᵀ") else a, b.T if form.endswith("bᵀ") else b


def pydis_variants(threads: int) -> Any:
    from pydis.backends import load, use
    from pydis.backends.threads import kernel_threads
    from pydis.backends.threads import threads as set_threads

    use("cpp")
    set_threads(threads)
    assert kernel_threads() == threads
    k = load("cpp")

    def make(kernel: str, inputs: list[Any], form: str) -> dict[str, Any]:
        if kernel == "matmul":
            a, b = operands(inputs, form)
            return {"pydis": (lambda: k.matmul(a, b), itself)}
        first, second = inputs
        size = (STRIDE * first.shape[1], STRIDE * first.shape[2])
        call = {
            "conv2d": lambda: k.conv2d(first, second, STRIDE, PAD),
            "conv2d_x": lambda: k.conv2d_x(first, second, size, STRIDE, PAD),
            "conv2d_w": lambda: k.conv2d_w(first, second, (4, 4), STRIDE, PAD),
        }[kernel]
        return {"pydis": (call, itself)}

    return make


def openblas_variants(threads: int) -> Any:
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads, user_api="blas")

    def make(kernel: str, inputs: list[Any], form: str) -> dict[str, Any]:
        if kernel != "matmul":
            return {}
        a, b = operands(inputs, form)
        return {"openblas": (lambda: np.matmul(a, b), itself)}

    return make


def torch_variants(threads: int) -> Any:
    import torch
    from torch.nn.functional import conv2d, conv_transpose2d

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    backward = torch.ops.aten.convolution_backward
    constants = ([STRIDE, STRIDE], [PAD, PAD], [1, 1], False, [0, 0], 1, [False, True, False])

    def layouts(a: np.ndarray, is_filter: bool) -> dict[str, Any]:
        """[N, H, W, C], or filters [U, V, C, O], as torch names the axes, in both orders."""
        t = torch.from_numpy(a).permute(*((3, 2, 0, 1) if is_filter else (0, 3, 1, 2)))
        return {
            "torch NCHW": t.contiguous(),
            "torch channels_last": t.contiguous(memory_format=torch.channels_last),
        }

    def make(kernel: str, inputs: list[Any], form: str) -> dict[str, Any]:
        if kernel == "matmul":
            a, b = operands([torch.from_numpy(a) for a in inputs], form)
            return {"torch.mm": (lambda: torch.mm(a, b), lambda y: y.numpy())}
        first = layouts(inputs[0], is_filter=False)
        second = layouts(inputs[1], is_filter=kernel != "conv2d_w")
        return {name: variant(kernel, first[name], second[name]) for name in first}

    def variant(kernel: str, first: Any, second: Any) -> tuple[Call, Callable[[Any], Any]]:
        if kernel == "conv2d_w":  # filters [O, C, U, V]; only their shape is looked at
            like = torch.empty(second.shape[1], first.shape[1], 4, 4)
            if not first.is_contiguous():
                like = like.contiguous(memory_format=torch.channels_last)
            return (
                lambda: backward(second, first, like, None, *constants)[1],
                lambda w: w.permute(2, 3, 1, 0).contiguous().numpy(),
            )
        function = conv2d if kernel == "conv2d" else conv_transpose2d
        return (
            lambda: function(first, second, stride=STRIDE, padding=PAD),
            lambda y: y.permute(0, 2, 3, 1).contiguous().numpy(),
        )

    return make


if __name__ == "__main__":
    main()
