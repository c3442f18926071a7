"""Writes the generated pages anew: `make docs`. Tests in each room compare them."""

import contextlib
import io
import runpy
from pathlib import Path

from orchestrate.checks.documenting import with_table
from orchestrate.plans.states import states_page

DOCS = Path(__file__).parents[1] / "docs"


def printed(module: str) -> str:
    """What a module prints when it is run."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_module(module, run_name="__main__")
    return out.getvalue()


def main() -> None:
    """Write them all."""
    (DOCS / "states.md").write_text(states_page(), encoding="utf-8")
    (DOCS / "rules.md").write_text(printed("orchestrate.policy.catalogue"), encoding="utf-8")
    checks = DOCS / "checks.md"
    checks.write_text(with_table(checks.read_text(encoding="utf-8")), encoding="utf-8")
    printed("orchestrate.checks.secrets.reference")  # writes its page itself


if __name__ == "__main__":
    main()
