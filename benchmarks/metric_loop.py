"""The metric loop on a real optimisation: a slow function of a package that nobody here wrote.

python -m benchmarks.metric_loop

Fetches jellyfish 0.5.6 from PyPI (so it is run by hand, not by the tests) and has a replay agent
speed up its Levenshtein distance in three tries: one slower, one faster, one much faster. The
package's own test data and its old function decide whether a try is still right.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from benchmarks.repositories import git
from benchmarks.timing import note
from orchestrate.cli.main import run
from orchestrate.git.repository import Repository
from orchestrate.ledger.store import Ledger
from orchestrate.policy.yaml_edit import dump_yaml

PACKAGE = "jellyfish==0.5.6"
PLAN = "faster-abc234"
MODULE = "jellyfish/_jellyfish.py"
FUNCTION = re.compile(r"def levenshtein_distance\(.*?(?=\n\n\ndef )", re.DOTALL)

HEAD = """\
def levenshtein_distance(s1, s2):
    if isinstance(s1, bytes) or isinstance(s2, bytes):
        raise TypeError(_no_bytes_err)

    if s1 == s2:
        return 0
"""
SLOWER = """\
    table = {}
    for r in _range(len(s1)+1):
        for c in _range(len(s2)+1):
            if not r or not c:
                table[r, c] = r + c
                continue
            options = sorted([table[r-1, c] + 1, table[r, c-1] + 1,
                              table[r-1, c-1] + (s1[r-1] != s2[c-1])])
            table[r, c] = options[0]
    return table[len(s1), len(s2)]
"""
FASTER = """\
    if not s1 or not s2:
        return len(s1) or len(s2)
    row = list(_range(len(s2)+1))
    for r, a in enumerate(s1, 1):
        corner, row[0] = row[0], r
        left = r
        for c, b in enumerate(s2, 1):
            above = row[c]
            if a == b:
                left = corner
            else:
                if corner < left:
                    left = corner
                if above < left:
                    left = above
                left += 1
            row[c] = left
            corner = above
    return left
"""
MUCH_FASTER = """\
    # Myers 1999: a column of the table as two bit vectors, all rows at once.
    if not s1 or not s2:
        return len(s1) or len(s2)
    where = {}
    for place, char in enumerate(s1):
        where[char] = where.get(char, 0) | 1 << place
    size = len(s1)
    full, top = (1 << size) - 1, 1 << (size - 1)
    plus, minus, distance = full, 0, size
    for char in s2:
        equal = where.get(char, 0)
        both = (((equal & plus) + plus) ^ plus) | equal | minus
        up = minus | (~(both | plus) & full)
        down = plus & both
        if up & top:
            distance += 1
        if down & top:
            distance -= 1
        up = (up << 1 | 1) & full
        down = down << 1 & full
        match = equal | minus
        plus = down | (~(match | up) & full)
        minus = up & match
    return distance
"""
TRIES = {"slower": SLOWER, "faster": FASTER, "much faster": MUCH_FASTER}

CHECK = """\
import csv, random, sys
sys.path.insert(0, "."); sys.path.insert(0, "tools")
from jellyfish._jellyfish import levenshtein_distance as ours
from original import levenshtein_distance as theirs
with open("testdata/levenshtein.csv", encoding="utf-8") as file:
    rows = [row for row in csv.reader(file) if row]
wrong = [row for row in rows if ours(row[0], row[1]) != int(row[2])]
dice = random.Random(1)
word = lambda: "".join(dice.choices("ab\\u00e9", k=dice.randrange(70)))
pairs = [(word(), word()) for _ in range(500)]
wrong += [pair for pair in pairs if ours(*pair) != theirs(*pair)]
sys.exit(f"wrong: {wrong[:3]}" if wrong else 0)
"""
MEASURE = """\
import random, sys, time
sys.path.insert(0, ".")
from jellyfish._jellyfish import levenshtein_distance
dice = random.Random(2)
pairs = [tuple("".join(dice.choices("abcdefgh", k=150)) for _ in "xy") for _ in range(10)]
def once():
    begin = time.process_time()
    for pair in pairs:
        levenshtein_distance(*pair)
    return time.process_time() - begin
print("milliseconds of processor time:", round(1000 * min(once() for _ in range(5)), 3))
"""


def main() -> None:
    """Run it and print each try with its number and what became of it."""
    with tempfile.TemporaryDirectory(prefix="orchestrate-metric-") as folder:
        repo = unpacked(Path(folder))
        prepare(repo)
        plan = Path(folder) / "plan.yaml"
        plan.write_bytes(dump_yaml(document()))
        assert run(["-C", str(repo), "plan", "create", "--file", str(plan), "--approve"]) == 0
        assert run(["-C", str(repo), "run", PLAN]) == 0
        state = Ledger(Repository.open(repo), PLAN).load().state.tasks["speed"]
        note(f"\nbefore: {state.metric_baseline:g} ms")
        for attempt, name in zip(state.attempts, TRIES, strict=True):
            note(f"{attempt.number}  {name:<12} {attempt.metric:g} ms  {attempt.outcome}"
                 f"  {attempt.reason}")  # fmt: skip
        landed = git("show", f"orchestrate/{PLAN}:{MODULE}", cwd=repo)
        assert "Myers" in landed


def unpacked(folder: Path) -> Path:
    """The package's source, as its authors released it."""
    fetch = ["pip", "download", "-q", "--no-deps", "--no-binary", ":all:", PACKAGE]
    subprocess.run([sys.executable, "-m", *fetch, "-d", str(folder)], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def prepare(repo: Path) -> None:
    """A repository of it, with the measure, the check and the replay script in its first commit."""
    source = (repo / MODULE).read_text()
    tools = repo / "tools"
    tools.mkdir()
    (tools / "check.py").write_text(CHECK)
    (tools / "measure.py").write_text(MEASURE)
    # The old function stays, beside what it needs.
    (tools / "original.py").write_text(f"_range = range\n{FUNCTION.findall(source)[0]}\n")
    tries = [
        {"steps": [{"write": {"path": MODULE, "content": with_function(source, body)}}]}
        for body in TRIES.values()
    ]
    settings = repo / ".orchestrate"
    settings.mkdir()
    script = {"schema_version": 1, "tasks": {"speed": {"attempts": tries}}}
    (settings / "script.yaml").write_bytes(dump_yaml(script))
    agent = {"adapter": "replay", "script": ".orchestrate/script.yaml"}
    config = {"schema_version": 1, "default_agent": "replay", "agents": {"replay": agent}}
    (settings / "config.yaml").write_bytes(dump_yaml(config))
    git("init", "-q", "-b", "main", cwd=repo)
    git("config", "user.name", "Bench", cwd=repo)
    git("config", "user.email", "bench@example.org", cwd=repo)
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "chore: the package as released", cwd=repo)


def with_function(source: str, body: str) -> str:
    """The module with another Levenshtein distance."""
    start, end = next(FUNCTION.finditer(source)).span()
    return source[:start] + HEAD + body.rstrip() + source[end:]


def document() -> dict[str, object]:
    """The plan: lower is better, by more than 5 % of what it takes before."""
    return {
        "schema_version": 1,
        "id": PLAN,
        "title": "A faster Levenshtein distance",
        "tasks": [
            {
                "id": "speed",
                "title": "Make levenshtein_distance faster",
                "scope": [MODULE],
                "max_attempts": len(TRIES),
                "success_criteria": [
                    {"criterion": "same distances as before", "verify": "python3 tools/check.py"}
                ],
                "metric": {
                    "command": "python3 tools/measure.py",
                    "direction": "min",
                    "min_delta": 0.5,
                },
            }
        ],
    }


if __name__ == "__main__":
    main()
