"""Tables of the scripts in benchmarks/: what they say of samples, machine and libraries."""

import json
from pathlib import Path
from typing import Any

import pytest
from benchmark_scripts import (
    BENCHMARKS,
    BUSY,
    ENVIRONMENT,
    MACHINE,
    QUIET,
    document_about,
    importable,  # noqa: F401
    named,
)


def test_the_load_is_said_with_its_verdict() -> None:
    from row_format import used_by_others

    assert used_by_others(QUIET) == "used by others: 2 %"
    assert used_by_others(BUSY) == "used by others: 50 % (overloaded)"
    unknown = {"average": 9.0, "others": None, "overloaded": True}
    assert used_by_others(unknown) == "used by others: unknown (overloaded)"


def sample(wall: float) -> dict[str, dict[str, float]]:
    each = {"faults": 3.0, "user": 0.004, "system": 0.001, "wall": wall}
    first = {"faults": 300.0, "user": 0.4, "system": 0.1, "wall": 0.6}
    return {"first": first, "each": each, "held": {"most": 79.0, "kept": 136.0}}


def test_memory_shows_medians_in_milliseconds_and_the_spread_of_the_clock() -> None:
    from memory import COLUMNS, lines

    document: dict[str, Any] = {
        "batch": 64,
        "threads": 1,
        "rounds": 5,
        "steps": 100,
        "warm_up": 20,
        "environment": ENVIRONMENT,
        "machine": MACHINE,
        "load": BUSY,
        "contenders": [
            {
                "backend": "cpp",
                "memory": "kept",
                "samples": [sample(w) for w in (0.010, 0.012, 0.014, 0.018, 0.500)],
            }
        ],
    }
    *head, row, held = lines(document)
    assert "rounds 5, each of 100 steps after 20" in head
    assert "Processor, commit abc; used by others: 50 % (overloaded)" in head
    assert head[-1].split()[:5] == list(COLUMNS[:5])
    #                        median of walls, and from the second to the fourth of five
    assert row.split() == [
        *("cpp", "kept", "3.0", "4.0", "1.0", "14.0", "6.0"),
        *("300.0", "400.0", "100.0", "600.0"),
    ]
    assert held == "cpp: at most 79 MiB in arrays, 136 MiB kept at the end"


def kernel(name: str, overloaded: bool = False, **seconds: list[float]) -> dict[str, Any]:
    """A row; a variant is its library and malloc with `_` between, times in milliseconds."""
    samples = [
        {"variant": variant, "malloc": malloc, "seconds": [t / 1e3 for t in taken]}
        for key, taken in seconds.items()
        for variant, malloc in [key.rsplit("_", 1)]
    ]
    return (BUSY if overloaded else QUIET) | {"name": name, "samples": samples}


OURS = [1.0, 1.0, 1.0, 1.0, 1.0, 4.0]


def test_a_row_of_kernels_has_the_variant_of_the_least_median_and_paired_ratios() -> None:
    from kernel_report import table

    (row,) = named(
        table(
            [
                kernel(
                    "matmul 2x2x2",
                    pydis_plain=OURS,
                    pydis_tuned=[0.5, 2.0, 2.0, 2.0, 2.0, 2.0],  # once the fastest
                    torch_plain=[0.1, 9.0, 9.0, 9.0, 9.0, 9.0],
                    torch_tuned=[3.0, 3.0, 3.0, 3.0, 3.0, 12.0],
                    openblas_plain=[0.5, 2.0, 2.0, 2.0, 2.0, 8.0],
                )
            ]
        )
    )
    assert row["ours"] == "plain" and row["best torch"] == "torch tuned"
    assert [row[c] for c in ("median ms", "IQR", "min ms", "n")] == ["1.000", "0.000", "1.000", "6"]
    assert row["torch median ms"] == "3.000" and row["torch / ours [95 %]"] == "3.00 [3.00, 3.00]"
    assert row["OpenBLAS median ms"] == "2.000" and row["OpenBLAS / ours [95 %]"] == "-"
    assert row["used by others"] == "2 %"


def test_a_row_of_an_overloaded_machine_is_marked_and_a_library_may_lack_a_kernel() -> None:
    from kernel_report import table

    (row,) = named(
        table([kernel("conv2d 1", True, pydis_plain=OURS, torch_plain=[2 * t for t in OURS])])
    )
    assert row["torch / ours [95 %]"] == "2.00 [2.00, 2.00] !"
    assert row["OpenBLAS median ms"] == row["OpenBLAS / ours [95 %]"] == ""
    assert row["used by others"] == "50 % (overloaded)"
    (row,) = named(table([kernel("conv2d 1", pydis_plain=OURS)]))
    assert row["best torch"] == row["torch / ours [95 %]"] == ""


def test_a_row_has_the_errors_of_the_variants_it_shows_or_dashes_where_none_was_kept() -> None:
    from kernel_report import table

    known = kernel(
        "matmul 2x2x2",
        pydis_plain=OURS,
        pydis_tuned=[2 * t for t in OURS],
        torch_plain=OURS,
        openblas_tuned=OURS,
    )
    columns = ("error", "torch error", "OpenBLAS error", "bound", "left out")
    (row,) = named(table([known]))
    assert [row[c] for c in columns] == ["-"] * 5
    for sample, error in zip(known["samples"], (1.234, 9.0, 0.5, 0.25), strict=True):
        sample["error"] = error
    (row,) = named(table([known | {"bound": 126.04, "discarded": 3}]))
    assert [row[c] for c in columns] == ["1.2", "0.5", "0.25", "126", "3"]


def test_the_sums_are_geometric_means_of_convolutions_and_total_times_of_products() -> None:
    from kernel_report import page, summary

    rows = [
        kernel("matmul 1", pydis_plain=OURS, torch_plain=OURS, openblas_plain=OURS),
        kernel("matmul 2", pydis_plain=OURS, openblas_plain=[5 * t for t in OURS]),
        kernel("conv2d 1", pydis_plain=OURS, torch_plain=[2 * t for t in OURS]),
        kernel("conv2d 2", True, pydis_plain=OURS, torch_plain=[8 * t for t in OURS]),
    ]
    torch, blas = "torch / pydis, geometric mean over convolutions, ", "OpenBLAS / pydis, total"
    found = summary(rows, ["plain"])
    assert found.pop(f"{torch}least times") == pytest.approx(4)
    assert found.pop(f"{torch}paired rounds") == pytest.approx(4)
    assert list(found.values()) == [pytest.approx(3)] * 2 and all(blas in name for name in found)
    assert summary(rows, ["tuned"]) == {}
    text = "\n".join(page(document_about(rounds=6, load=QUIET) | {"rows": rows}))
    for said in (
        *("Processor, commit abc; our core on avx2, torch 2.0+cpu,", "Float32, 6 rounds."),
        *("(!): 1 of 4.", f"- malloc plain: {torch}least times: 4.00"),
    ):
        assert said in text


RESULTS = BENCHMARKS / "results"
PAGES = sorted(RESULTS.glob("*_beside_torch-*.json"))


@pytest.mark.parametrize("source", PAGES, ids=lambda path: path.stem)
def test_the_committed_tables_are_those_of_the_committed_samples(source: Any) -> None:
    import kernel_report
    import step_report

    document = json.loads(source.read_text("utf-8"))
    if "rows" in document:
        lines = kernel_report.page(document)
    else:
        alone = json.loads(source.with_stem(source.stem.removesuffix("-busy")).read_text("utf-8"))
        lines = step_report.page(document, alone if document["busy"] else None)
    assert source.with_suffix(".md").read_text("utf-8") == "\n".join(lines) + "\n"


def test_there_are_tables_of_both_kinds() -> None:
    assert {path.name.partition("_")[0] for path in PAGES} == {"kernels", "steps"}


def test_no_script_has_the_name_of_a_test_module() -> None:
    """Both folders are on the path of imports in a test: the first of two would be taken."""
    scripts, tests = (
        {p.name for p in folder.glob("*.py")} for folder in (BENCHMARKS, Path(__file__).parent)
    )
    assert len(scripts) > 10 and "conftest.py" in tests and not scripts & tests
