"""Judges the repair of a policy that does not parse: what `check` says of the way out.

Rules kept here:

* A repair is a change of policy files alone after which the policy parses. Anything else is refused
  as before, since the policy that would judge it cannot be read.
* It is judged by what ships, never by itself. An active task holds on: its scope decides whether
  policy may be touched at all.
* Hooks refuse a repair too: a person commits it with `--no-verify`, and is told so.
"""

from orchestrate.checks.broken_policy import check_policy, is_of_policy
from orchestrate.checks.change import Change
from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding
from orchestrate.checks.running import Stats
from orchestrate.errors import FileError
from orchestrate.hooks import compiling, places
from orchestrate.hooks.full import PARTIAL
from orchestrate.hooks.place import Place, read_policy
from orchestrate.hooks.task_file import parse_task, task_rules

TOLD = (
    "this repairs the policy of HEAD: commit it with `git commit --no-verify`, hooks still refuse"
)


def repair_findings(
    place: Place, change: Change, broken: FileError, only: frozenset[str] | None, stats: Stats
) -> list[Finding]:
    """The findings on a repair by the shipped policy; where it still does not parse, that alone.

    Raises:
        FileError: `broken`, the policy of HEAD, is not what is being repaired, or not alone.
    """
    touched = [entry.path for entry in change.entries if is_of_policy(entry.path)]
    if not touched:
        raise broken
    if found := list(check_policy(change)):
        return found
    if len(touched) < len(change.entries):
        alone = "the files would parse again: commit them alone with `git commit --no-verify`"
        raise FileError(
            broken.path, broken.reason, line=broken.line, column=broken.column, hint=alone
        )
    policy = read_policy(place.objects, None, "the defaults")
    source = places.read_task(place.git_dir)
    task = None if source is None else task_rules(parse_task(source), policy.roles)
    search, _ = compiling.joint_search(policy)
    return run_checks(change, policy, task, only=only, skip=PARTIAL, search=search, stats=stats)
