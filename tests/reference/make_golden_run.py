"""Make tests/golden: a run folder of this format, which every later version must open.

    python tests/reference/make_golden_run.py

The folder is what `train` wrote, but for its checkpoint: there the learned state is replaced by a
pattern of multiples of 2⁻⁶, so that six megabytes pack into a few kilobytes. Run it again only if
the format changes before a release; afterwards a new format gets a new folder beside this one.
"""

import hashlib
import json
import lzma
import sys
from pathlib import Path
from shutil import rmtree

import numpy as np

from pydis.data import dsprites
from pydis.models import BetaVAE
from pydis.training import TrainConfig, load_checkpoint, make_run, train
from pydis.training.checkpoint import save_checkpoint
from pydis.training.loop import machine

GOLDEN = Path(__file__).parents[1] / "golden"
FACTORS = [[0, 3, 7, 16, 16], [1, 5, 20, 5, 27], [2, 0, 33, 30, 2]]
"""Shape, scale, orientation, x, y of the images whose codes are kept."""

CONFIG = TrainConfig(
    BetaVAE(latents=6, beta=4.0), steps=4, seed=11, batch=2, backend="numpy", threads=1,
    checkpoint_every=4, log_every=2,
)  # fmt: skip


def pattern(number: int, shape: tuple[int, ...]) -> np.ndarray:
    """{−1, 0, 1, 2} / 64 by the recurrence k ← 17 k + 3 mod 101 from `number` on: period ≤ 101.

    Their mean is a little above zero, so that no relu closes for all images.
    """
    k, row = number % 101, []
    for _ in range(101):
        k = (17 * k + 3) % 101
        row.append((-1, -1, 0, 0, 1, 2)[k % 6])
    return (np.resize(np.array(row), shape) / 64).astype(np.float32)


def patterned(learner):
    """The learner with a pattern for each array; what must not be negative is not."""
    arrays = {}
    for number, (name, array) in enumerate(sorted(learner.arrays().items())):
        values = pattern(number, array.shape)
        arrays[name] = np.abs(values) if ".square." in name else values
    return learner.with_arrays(arrays, CONFIG.steps)


def digest(arrays) -> str:
    """SHA-256 over names, dtypes, shapes and bytes, in the order of the names."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return sha.hexdigest()


def codes(network) -> dict[str, list[list[float]]]:
    """What the encoder says of the fixed images."""
    q = network.encode(dsprites.render(np.array(FACTORS)).astype(np.float32))
    return {"mean": q.mean.tolist(), "log_variance": q.log_variance.tolist()}


def main() -> None:
    rmtree(GOLDEN, ignore_errors=True)
    run = make_run(CONFIG, GOLDEN / "run")
    learners = {name: patterned(learner) for name, learner in train(run).items()}
    path = save_checkpoint(run.checkpoints, CONFIG.steps, CONFIG.model_name, learners)
    with machine(CONFIG):
        expected = codes(learners["autoencoder"].network.constants())
    images = dsprites.render(np.array(FACTORS))
    expected["images"] = hashlib.sha256(images.tobytes()).hexdigest()
    expected |= {"arrays": digest(load_checkpoint(path).arrays), "metrics": run.metrics()}
    (GOLDEN / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    path.with_name(path.name + ".xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))
    path.unlink()
    (run.folder / "lock").unlink()
    sizes = {str(p.relative_to(GOLDEN)): p.stat().st_size for p in GOLDEN.rglob("*") if p.is_file()}
    print(json.dumps(sizes, indent=1), sum(sizes.values()), "bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
