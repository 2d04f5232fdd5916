"""Scores of representations: plain arrays in, numbers out."""

from pydis.metrics.active_latents import active_latents, activity
from pydis.metrics.linear_regression import linear_r2

__all__ = ["active_latents", "activity", "linear_r2"]
