"""The faults that no derivation sees, by function, or by function and fault, with the reason."""

SLOPE = "a derivative; tests/test_primitives.py checks it against differences"

SURVIVORS: dict[str, str] = {
    "probability.infinite_unless scaled": "0 and ±∞ scale to themselves",
    "information.js_divergence swapped": "it is symmetric",
    "information.slack": "how much the sum of a table may miss 1; no quantity",
    "objectives.gaussian_reconstruction swapped": "|x − x̂|² is symmetric",
    "probability.lower_triangle negated": "−L is a factor of the same Σ",
    "metrics.active_latents scaled": "a truth value has no scale",
    "metrics.match scaled": "names are whole numbers, and stay those that they are",
    "probability.pairwise_gaussian_slopes without a kernel": SLOPE,
    "probability.pairwise_gaussian without a kernel": "tests/test_primitives.py: it is the kernel",
    "probability.Bernoulli.sample": "random; tests/test_probability.py counts its draws",
    "probability.Mixture.sample": "random; tests/test_distributions.py counts its draws",
}
