"""Coverage-guided fuzzing: python -m tests.fuzz TARGET [libFuzzer options: -max_total_time=60].

Needs `pip install atheris`. An input that fails is left as `crash-...` or `timeout-...` where you
are: once it is mended, put it into tests/fuzz/found/TARGET/, where every test run meets it.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["orchestrate", "ruamel", "pathspec"]):
    # What is imported late would not be seen.
    import pathspec  # noqa: F401
    import ruamel.yaml  # noqa: F401

    import orchestrate.policy.yaml_building  # noqa: F401
    from tests.fuzz.targets import TARGETS
from tests.fuzz.seeds import seeds


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name one of: {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory(prefix="orchestrate-fuzz-") as corpus:
        for number, seed in enumerate(seeds(name)):
            Path(corpus, f"seed{number}").write_bytes(seed)
        # The fuzzer ends its process at once: the folder is removed by another one.
        if child := os.fork():
            _, status = os.waitpid(child, 0)
        else:
            atheris.Setup([*sys.argv, "-timeout=20", corpus], TARGETS[name])
            atheris.Fuzz()
    sys.exit(os.waitstatus_to_exitcode(status))


main()
