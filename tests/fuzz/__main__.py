"""Coverage-guided fuzzing: python -m tests.fuzz TARGET [libFuzzer options: -max_total_time=60].

Needs `pip install atheris`.
"""

import sys

import atheris

with atheris.instrument_imports(include=["orchestrate"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name one of: {', '.join(TARGETS)}")
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


main()
