"""Data sets: dSprites, whose factors are known, and images from files."""

from pydis.data import arrays, digits, dsprites, dsprites_file, factors, images, mnist, registry
from pydis.data.errors import DataMissing, FormatError

__all__ = [
    "DataMissing",
    "FormatError",
    "arrays",
    "digits",
    "dsprites",
    "dsprites_file",
    "factors",
    "images",
    "mnist",
    "registry",
]
