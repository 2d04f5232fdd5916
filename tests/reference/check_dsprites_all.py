"""Render all 737,280 dSprites images and compare their SHA-256 with the recorded one.

Usage: python check_dsprites_all.py
"""

import hashlib
import sys

import numpy as np

from pydis.data import dsprites

EXPECTED = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
BATCH = 4096


def sha256_of_all() -> str:
    """SHA-256 of np.packbits of every image, in index order (377,487,360 bytes)."""
    digest = hashlib.sha256()
    for start in range(0, dsprites.COUNT, BATCH):
        index = np.arange(start, min(start + BATCH, dsprites.COUNT))
        digest.update(np.packbits(dsprites.render(dsprites.factors_of(index))).tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    received = sha256_of_all()
    print(received, "as expected" if received == EXPECTED else f"differs from {EXPECTED}")
    sys.exit(received != EXPECTED)
