"""Scores of representations: plain arrays in, numbers out."""

from pydis.metrics.active_latents import active_latents, activity
from pydis.metrics.linear_regression import linear_r2
from pydis.metrics.matching_error import match, matching_error

__all__ = ["active_latents", "activity", "linear_r2", "match", "matching_error"]
