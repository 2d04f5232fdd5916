"""The faults that no derivation sees, by function, or by function and fault, with the reason."""

SURVIVORS: dict[str, str] = {
    "information.js_divergence swapped": "it is symmetric",
}
