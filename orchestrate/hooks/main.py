"""What the hook stubs run: `python -I -S main.py HOOK ARGUMENTS`. See start.py."""

import sys

# This file is run by its path in an isolated interpreter: the package is not importable yet.
sys.path.append(__file__.rpartition("/")[0].rpartition("/")[0].rpartition("/")[0])

from orchestrate.hooks.start import main

main(sys.argv[1:])
