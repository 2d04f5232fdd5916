"""Write dsprites_digests.npz: what the tests need of 20,000 real dSprites images.

Usage: python make_dsprites_digests.py PATH_TO/dsprites_subset.npz

The source holds `imgs` [N, 64, 64] of 0 and 1 and `original_dataset_indices` [N].  The output,
ordered by index, holds

    index          int32 [N]       position in the full data set
    crc            uint32 [N]      zlib.crc32 of np.packbits of the real image
    unequal_index  int32 [M]       images that pydis.data.dsprites renders differently
    unequal_packed uint8 [M, 512]  np.packbits of those real images

The digests are of the real images alone, so a fault in the renderer cannot hide in them.
The images are from dSprites (DeepMind Technologies Limited), under the Apache License 2.0.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np

from pydis.data import dsprites


def main() -> None:
    parser = argparse.ArgumentParser(description="Digest real dSprites images.")
    parser.add_argument("source", type=Path, help="npz file of real images")
    with np.load(parser.parse_args().source) as data:
        order = np.argsort(data["original_dataset_indices"])
        index = data["original_dataset_indices"][order].astype(np.int32)
        images = data["imgs"][order]
    packed = np.packbits(images.reshape(len(images), -1), axis=1)
    crc = np.array([zlib.crc32(row.tobytes()) for row in packed], dtype=np.uint32)
    rendered = dsprites.render(dsprites.factors_of(index))[..., 0]
    unequal = (rendered != images).any(axis=(1, 2))
    output = Path(__file__).with_name("dsprites_digests.npz")
    np.savez_compressed(
        output,
        index=index,
        crc=crc,
        unequal_index=index[unequal],
        unequal_packed=packed[unequal],
    )
    print(f"{len(index)} images, {unequal.sum()} rendered differently")


if __name__ == "__main__":
    main()
