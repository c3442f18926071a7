"""Every id a built-in check can give: what it catches, how bad that is and what to do about it.

One id is one thing everywhere: the finding, `check --explain`, `docs/checks.md` (generated from
this table) and the samples in `tests/samples/<id>/`. Rules, roles and secret rules bring ids of
their own.
"""

from types import MappingProxyType
from typing import NamedTuple

from orchestrate.checks.findings import Finding, Severity

BLOCK, REVIEW, WARN = Severity.BLOCK, Severity.REVIEW, Severity.WARN


class Entry(NamedTuple):
    """One id; `group` is what `--only` and the pre-commit ids select by."""

    id: str
    group: str
    severity: Severity
    catches: str
    because: str
    next_step: str


_ENTRIES = (
    Entry(
        "outside-allowed",
        "scope",
        BLOCK,
        "a path outside what the task may touch",
        "A task is approved for its scope; what else it changes nobody has agreed to.",
        "take the change to this path back, or ask for a wider scope",
    ),
    Entry(
        "in-forbidden",
        "scope",
        BLOCK,
        "a path the task must not touch",
        "The task or its role denies this path by name, whatever its scope allows.",
        "take the change to this path back",
    ),
    Entry(
        "in-protected",
        "scope",
        BLOCK,
        "a protected path",
        "Protected paths decide how everything else is judged. A task reaches them only when its "
        "scope names them and a person approved that; without a task a person looks at them.",
        "take the change back, or have a person approve a task whose scope names this path",
    ),
    Entry(
        "not-in-planned-files",
        "scope",
        BLOCK,
        "a file the task's plan does not list",
        "The task lists the files it creates, modifies and deletes; this one is not among them.",
        "take the change back, or have the plan's file list changed",
    ),
    Entry(
        "no-active-task",
        "scope",
        BLOCK,
        "a commit without a task where the policy asks for one",
        "`require_task` says which commits need a task, so that each is judged against a scope.",
        "open one with `orchestrate start TITLE --scope GLOB`, then commit again",
    ),
    Entry(
        "unsafe-path",
        "paths",
        BLOCK,
        "a path that some filesystem takes for `.git`, or that leaves the tree",
        "Case folding, trailing dots and spaces, 8.3 names, ignored zero-width characters and "
        "alternate streams turn such names into git's own folder on checkout: code would run.",
        "rename the file",
    ),
    Entry(
        "unsafe-symlink",
        "paths",
        BLOCK,
        "a symlink that is absolute, leaves the tree or points into `.git`",
        "Whoever follows it reads or writes files that are not part of the repository.",
        "make the link relative to a file of this repository, or remove it",
    ),
    Entry(
        "unprintable-path",
        "paths",
        REVIEW,
        "a path with control characters, or that is not UTF-8",
        "Such names hide in listings and break tools that read lines.",
        "rename the file, unless a test needs exactly this name",
    ),
    Entry(
        "new-executable",
        "paths",
        REVIEW,
        "a file that becomes executable",
        "A program that did not run before can run now; a person should have seen it.",
        "drop the mode with `git update-index --chmod=-x`, or have it reviewed",
    ),
    Entry(
        "submodule-changed",
        "paths",
        REVIEW,
        "a submodule added, moved to another commit or removed, or its address changed",
        "Its content comes from another repository and is not judged here.",
        "have a person look at the commit and the repository it points to",
    ),
    Entry(
        "huge-file",
        "paths",
        BLOCK,
        "a file over `files.max_file_kb`",
        "It stays in every clone for ever, even after it is deleted.",
        "keep it out of git (Git LFS, an artefact store), or raise `files.max_file_kb`",
    ),
    Entry(
        "too-large-to-scan",
        "paths",
        BLOCK,
        "a file too large for its content to be judged",
        "What was not read has not passed.",
        "keep the file out of git",
    ),
    Entry(
        "policy-changed",
        "judging",
        REVIEW,
        "a change to the policy that changes are judged by",
        "It holds from the next commit on; this change is judged by the policy before it.",
        "have a person look at it",
    ),
    Entry(
        "broken-policy",
        "judging",
        BLOCK,
        "a change after which the policy does not parse",
        "Once it is committed nothing can be judged by it: every later commit would be refused.",
        "repair the file; `orchestrate check --worktree` reads the policy as it would be",
    ),
    Entry(
        "hooks-changed",
        "judging",
        REVIEW,
        "a change to hooks, or to what they see",
        "Hooks run on the machine of everybody who works here.",
        "have a person look at it",
    ),
    Entry(
        "ci-changed",
        "judging",
        REVIEW,
        "a change to the CI configuration",
        "CI runs with secrets and has the last word.",
        "have a person look at it",
    ),
    Entry(
        "metric-changed",
        "judging",
        REVIEW,
        "a change to what the task is measured by",
        "A task that edits its own measure can make any result look good.",
        "take the change back, or have a person look at it",
    ),
    Entry(
        "forbidden-pattern",
        "patterns",
        BLOCK,
        "a line that the role forbids",
        "The role's `forbidden_patterns` say what an agent in this seat does not write.",
        "write the line without it",
    ),
    Entry(
        "missing-output",
        "outputs",
        REVIEW,
        "a required output that the change does not contain",
        "The task or its role asks for a file that nobody added or modified.",
        "add the file",
    ),
    Entry(
        "missing-output-content",
        "outputs",
        REVIEW,
        "a required output without the content it must have",
        "The file is there; no line of it is what the task or its role asks for.",
        "add what is missing",
    ),
    Entry(
        "unconventional-subject",
        "message",
        WARN,
        "a commit message whose first line is not `type(scope): subject`",
        "Histories, changelogs and release tools read the type.",
        "begin the message with one of the types and a colon",
    ),
    Entry(
        "long-subject",
        "message",
        WARN,
        "a commit message whose first line is too long",
        "Logs and forges cut it.",
        "shorten the first line; say the rest below a blank line",
    ),
    Entry(
        "no-blank-line",
        "message",
        WARN,
        "a commit message whose second line is not blank",
        "Git takes all lines up to the first blank one for the subject.",
        "put a blank line after the first",
    ),
    Entry(
        "missing-trailer",
        "message",
        WARN,
        "a commit message without a trailer that the policy asks for",
        "`commit_message.required_trailers` lists it.",
        "add it, for instance with `git commit --trailer`",
    ),
    Entry(
        "push-deletes",
        "push",
        WARN,
        "a push that deletes a branch",
        "What only that branch held is gone from the remote.",
        "be sure that it is merged, or kept elsewhere",
    ),
    Entry(
        "push-deletes-protected",
        "push",
        BLOCK,
        "a push that deletes the base branch",
        "Everybody builds on it.",
        "delete it on the host, where that is recorded, if it must be",
    ),
    Entry(
        "push-forces",
        "push",
        WARN,
        "a push that overwrites commits of a branch",
        "Who built on the old commits must repair their work.",
        "be sure that nobody else works on the branch",
    ),
    Entry(
        "push-forces-protected",
        "push",
        BLOCK,
        "a push that overwrites commits of the base branch",
        "Everybody builds on it.",
        "merge or rebase onto the branch, then push",
    ),
    Entry(
        "push-not-checked",
        "push",
        BLOCK,
        "a push whose content was not judged in time",
        "What was not judged has not passed.",
        "push in smaller parts, or look with `orchestrate check RANGE` first",
    ),
    Entry(
        "too-many-candidates",
        "secrets",
        BLOCK,
        "a text with more candidates for secrets than are judged",
        "Each takes time: some 30,000 and 1,500 a megabyte are judged, many times what real files "
        "hold. What was not judged has not passed.",
        "split the file or keep it out of git; if people know that it holds no secret, name it in "
        "`secrets.allow_paths`",
    ),
    Entry(
        "secrets-engine-failed",
        "secrets",
        BLOCK,
        "a program named by `secrets.engine` that did not look for secrets",
        "The policy asks for its word on every change. It is not installed, failed, took too long "
        "or reported what cannot be read, and what it did not look at has not passed.",
        "install gitleaks or trufflehog, as `secrets.engine` in .orchestrate/config.yaml says, on "
        "PATH; or set it to `builtin`",
    ),
    Entry(
        "check-crashed",
        "engine",
        BLOCK,
        "a check that failed itself",
        "A check that did not finish has not passed; this is a bug of ours.",
        "report it with the message; `--only` runs the other checks meanwhile",
    ),
)

CATALOGUE = MappingProxyType({entry.id: entry for entry in _ENTRIES})


def finding(
    id: str,
    path: str,
    message: str,
    *,
    line: int = 0,
    column: int = 0,
    match: str = "",
    severity: Severity | None = None,
    next_step: str = "",
) -> Finding:
    """A finding with the catalogue's severity and next step where none is given."""
    entry = CATALOGUE[id]
    return Finding(
        id,
        severity or entry.severity,
        path,
        message,
        next_step or entry.next_step,
        line,
        column,
        match,
    )
