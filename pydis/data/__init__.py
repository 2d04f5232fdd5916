"""Data sets whose generative factors are known."""

from pydis.data import dsprites

__all__ = ["dsprites"]
