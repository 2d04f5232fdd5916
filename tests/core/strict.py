"""The strict build, in which every product is rounded: `make strict`.

It is built into build/strict, and the tests of bits run on it: there they compare the baseline too,
since no instruction set fuses. The fast build is the control, whose baseline must differ
(test_core_bits.py, `test_other_roundings_are_noticed`).
"""

from sanitize import ROOT, build, must_end_well

TESTS = (
    "test_core_bits", "test_core_bits_nonfinite", "test_core", "test_core_kernels",
    "test_batch_norm", "test_channels", "test_densities", "test_adam_kernel",
)  # fmt: skip
IS_STRICT = """
from compiled import ALIKE, SETS, STRICT
assert STRICT and ALIKE == SETS, (STRICT, ALIKE, SETS)
print("equal bits are asked of", *ALIKE)
"""


def main() -> None:
    """Build and test; exit status 1 at the first that fails."""
    python = build(ROOT / "build" / "strict", "strict", ["cmake.define.PYDIS_STRICT=ON"])
    must_end_well("strict", [python, "-c", IS_STRICT], {"PYTHONPATH": str(ROOT / "tests")})
    paths = [str(ROOT / "tests" / f"{name}.py") for name in TESTS]
    pytest = [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    must_end_well("tests", [*pytest, *paths], {})


if __name__ == "__main__":
    main()
