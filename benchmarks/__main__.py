"""Runs the benchmarks, one after the other: `python -m benchmarks [NAME ...] [--list]`.

Each prints ratios against a peer that did the same work in the same run.
"""

import subprocess
import sys
import time

# Name -> module and arguments. The large repositories take minutes: name them to run them.
BENCHMARKS: dict[str, list[str]] = {
    "ledger": ["benchmarks.ledger"],
    "runner": ["benchmarks.runner"],
    "git": ["benchmarks.git_verbs"],
    "agents": ["benchmarks.agents"],
    "hooks": ["benchmarks.hooks"],
    "check": ["benchmarks.check_all"],
    "secrets": ["benchmarks.secrets_accuracy"],
    "checkpoints": ["benchmarks.checkpoints"],
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, by default all; the exit code of the first that failed."""
    if names == ["--list"]:
        print("\n".join(BENCHMARKS))
        return 0
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; known: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        code = subprocess.run([sys.executable, "-m", *BENCHMARKS[name]], check=False).returncode
        print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)
        failed = failed or code
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
