"""Changes to what judges: the policy, the hooks, CI, and what a task is measured by.

Each is a finding of its own, whatever the scope allows, so that no such change lands unseen.
"""

from collections.abc import Iterable, Iterator

from orchestrate.checks.catalogue import finding
from orchestrate.checks.findings import Finding
from orchestrate.git.types import EntryChange
from orchestrate.policy.globs import Globs

POLICY = (
    "/.orchestrate/config.yaml",
    "/.orchestrate/rules/",
    "/.orchestrate/roles/",
    "/.orchestrate/allowed_signers",
    "/.orchestrate/plan-templates/",
)
HOOKS = (
    "/.githooks/",
    "/.husky/",
    "/lefthook*",  # many formats, `-local` ones and folders (lefthook.dev/configuration)
    "/.lefthook*",
    "/.config/lefthook*",
    ".pre-commit-config.y*ml",  # prek reads those of folders too
    "prek.toml",
    ".gitattributes",
)
CI = (
    "/.github/workflows/",
    "/.github/actions/",
    "/.forgejo/",
    "/.gitea/",
    "/.gitlab-ci.yml",
    "/.gitlab/ci/",
    "/.circleci/",
    "/.buildkite/",
    "/.woodpecker/",
    "/.semaphore/",
    "/.builds/",
    "/.build.yml",
    "/.ci/",
    "/.drone.yml",
    "/.travis.yml",
    "/.cirrus.yml",
    "/appveyor.yml",
    "/.appveyor.yml",
    "/azure-pipelines.yml",
    "/bitbucket-pipelines.yml",
    "/Jenkinsfile",
)
_KINDS = (
    ("policy-changed", POLICY, "this file is part of the policy"),
    ("hooks-changed", HOOKS, "this file decides which hooks run or what they see"),
    ("ci-changed", CI, "this file is part of the CI configuration"),
)


def check_judging(
    entries: Iterable[EntryChange], measured_by: tuple[str, ...]
) -> Iterator[Finding]:
    """A finding for each changed path that decides how changes are judged."""
    kinds = [(id, Globs(patterns), message) for id, patterns, message in _KINDS]
    if measured_by:
        message = "the task is measured by this file"
        kinds.append(("metric-changed", Globs(measured_by), message))
    for entry in entries:
        for id, globs, message in kinds:
            if globs.match(entry.path):
                yield finding(id, entry.path, message)
