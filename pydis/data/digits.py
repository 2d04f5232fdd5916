"""1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn: nothing to download."""

import numpy as np
from numpy.typing import NDArray

from pydis.data.errors import optional

WHITE = 16


def load() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images uint8 [1797, 8, 8, 1], counts 0..16 of dark pixels in a 4 x 4 block; classes [1797].

    Raises ImportError if scikit-learn is not installed.
    """
    datasets = optional("sklearn.datasets", "pip install scikit-learn")
    images, labels = datasets.load_digits(return_X_y=True)
    return images.astype(np.uint8).reshape(-1, 8, 8, 1), labels.astype(np.int64)
