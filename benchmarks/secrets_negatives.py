"""Ordinary code: fetched by the names in `negatives.txt`, and the lines that are flagged there.

Every flagged line counts as false, for each scanner. What packages really leak is looked at by hand
and reported, not subtracted.
"""

import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from orchestrate import resources
from orchestrate.checks.findings import Severity
from orchestrate.checks.secrets.cache import scanner_for
from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.text import is_binary, readable

Flagged = set[tuple[str, int]]

LIST = Path(__file__).with_name("negatives.txt")
PER = 1.4e6  # lines, as the aim counts


class Package(NamedTuple):
    """One line of the list. `part` is the folder it goes to, `kind` wheel, sdist or npm."""

    part: str
    kind: str
    name: str
    version: str


def listed() -> list[Package]:
    rows = (line.partition("#")[0].split() for line in LIST.read_text().splitlines())
    return [Package(*row) for row in rows if row]


def fetch(folder: Path) -> None:
    """Download and unpack what is listed, by pip and npm; says what could not be had."""
    for package in listed():
        place = folder / package.part
        if package.kind != "wheel":  # those lie side by side, as installed
            place /= f"{package.name.replace('/', '-')}-{package.version}"
            if place.exists():
                continue
        with tempfile.TemporaryDirectory() as scratch:
            done = subprocess.run(_download(package), cwd=scratch, capture_output=True, text=True)
            archives = [*Path(scratch).iterdir()]
            if done.returncode or not archives:
                print(f"not fetched: {' '.join(package)}: {done.stderr.strip()[-200:]}")
                continue
            _unpack(archives[0], place)


def _download(package: Package) -> list[str]:
    if package.kind == "npm":
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    form = "--only-binary" if package.kind == "wheel" else "--no-binary"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", form, ":all:"]
    return [*pip, f"{package.name}=={package.version}"]


def _unpack(archive: Path, place: Path) -> None:
    if zipfile.is_zipfile(archive):
        zipfile.ZipFile(archive).extractall(place)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(place, filter="data")


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and file.name != "labels.json":
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def count_flagged(
    folder: Path, tools: Path | None, others: Mapping[str, Callable[[Path, Path], Flagged]]
) -> None:
    """Flagged lines in ordinary code, and the speed of whole-file scanning through Python."""
    scanner = scanner_for(resources.read("rules", "secrets.yaml"), None)
    contents = list(files_below(folder))
    flagged: dict[str, Flagged] = defaultdict(set)
    rules: Counter[tuple[str, str]] = Counter()
    started = time.process_time()
    for path, data in contents:
        for hit in scan(data, path, scanner=scanner):
            flagged[hit.severity].add((path, hit.line))
            rules[hit.severity, hit.rule] += 1
    seconds = time.process_time() - started
    texts = [data for _, data in contents if not is_binary(readable(data))]
    lines = sum(data.count(b"\n") for data in texts)
    size = sum(map(len, texts)) / 1e6
    print(f"\nordinary code: {lines:,} lines, {size:.0f} MB of text, {len(texts):,} files")
    _say("orchestrate, block", len(flagged[Severity.BLOCK]), lines, seconds)
    _say("orchestrate, all", len(set().union(*flagged.values())), lines, seconds)
    for (severity, rule), count in rules.most_common():
        print(f"    {severity} {rule}: {count}")
    for name, run in others.items() if tools else ():
        started = time.perf_counter()
        count = len(run(tools.resolve(), folder.resolve()))
        _say(name, count, lines, time.perf_counter() - started)


def _say(scanner: str, count: int, lines: int, seconds: float) -> None:
    rate = count / lines * PER
    print(f"  {scanner:18} {count:6d} lines, {rate:7.1f} in 1.4 million, {seconds:.0f} s")
