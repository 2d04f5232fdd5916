"""`pydis data list | fetch NAME | check [NAME]`."""

import json as json_text
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, get_args

import tyro

from pydis.data.download import fetch
from pydis.data.errors import DataMissing
from pydis.data.registry import Name, check, data_set, find

HELP = "Data sets as files. dSprites needs none: it is rendered. Example: pydis data fetch mnist"


def list_command(json: bool = False) -> int:
    """Show each data set: its size, its licence, and whether it is here. Example: pydis data list

    Args:
        json: Print JSON, for a program to read.
    """
    rows = [_row(name) for name in get_args(Name)]
    if json:
        print(json_text.dumps(rows, indent=2))
        return 0
    for row in rows:
        size = "unknown size" if row["bytes"] is None else f"{row['bytes']:,} bytes"
        state = "here" if row["here"] else "missing"
        print(f"{row['name']:<14} {size:>17}  {row['licence']:<12}  {state:<7}  {row['what']}")
    return 0


def fetch_command(name: Annotated[Name, tyro.conf.Positional], json: bool = False) -> int:
    """Download the files of a data set into the cache. Example: pydis data fetch mnist

    Args:
        name: The data set.
        json: Print JSON, for a program to read.
    """
    paths = [str(path) for path in fetch(name)]
    print(json_text.dumps({"name": name, "files": paths}, indent=2) if json else "\n".join(paths))
    return 0


def check_command(
    name: Annotated[Name | None, tyro.conf.Positional] = None, json: bool = False
) -> int:
    """Compare length and digest of the files that are here. Example: pydis data check mnist

    Exit status 2 if a file is missing or is not the published one; stderr says what is wrong.

    Args:
        name: The data set; without one, all that are here.
        json: Print JSON, for a program to read.
    """
    rows = []
    for each in get_args(Name) if name is None else (name,):
        if name is None and not _row(each)["here"]:
            if not json:
                print(f"{each}: not here")
            continue
        for file, problem in check(each).items():
            rows.append({"name": each, "file": file, "problem": problem})
            if problem is not None:
                print(f"pydis: {problem}", file=sys.stderr)
            elif not json:
                print(f"{each}: {file}: fine")
    if json:
        print(json_text.dumps(rows, indent=2))
    return 2 if any(row["problem"] is not None for row in rows) else 0


COMMANDS: dict[str, Callable[..., int]] = {
    "list": list_command,
    "fetch": fetch_command,
    "check": check_command,
}


def main(arguments: Sequence[str]) -> int:
    """Run `pydis data …` and return its exit status."""
    status: int = tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        prog="pydis data",
        description=HELP,
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return status


def _row(name: Name) -> dict[str, object]:
    record = data_set(name)
    sizes = [file.size for file in record.files]
    return {
        "name": name,
        "bytes": None if None in sizes else sum(size for size in sizes if size),
        "licence": record.licence,
        "here": all(_is_here(name, file.name) for file in record.files),
        "what": record.what,
    }


def _is_here(name: Name, file: str) -> bool:
    try:
        find(name, file)
    except DataMissing:
        return False
    return True
