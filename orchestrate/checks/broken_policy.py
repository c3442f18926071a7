"""Refuses a change after which the policy would not parse: nothing could be judged by it.

So with the repository's plan templates: no plan could be made of any.

Rules kept here:

* Looked at is the policy as the change would leave it, with what it does not touch: two files that
  parse one by one may still not fit together.
* It is only read, never judged by: the policy of the base judges (`policy/policy.py`).
"""

from collections.abc import Callable, Iterator
from functools import partial

from orchestrate.checks.catalogue import finding
from orchestrate.checks.change import REGULAR, Change
from orchestrate.checks.findings import Finding
from orchestrate.errors import FileError
from orchestrate.git.types import SYMLINK, TREE
from orchestrate.policy.policy import INPUTS, load_policy
from orchestrate.policy.yaml import MAX_BYTES

FOLDER = ".orchestrate"  # where something else than a folder hides the whole policy
TEMPLATES = f"{FOLDER}/plan-templates/"


def check_policy(change: Change) -> Iterator[Finding]:
    """A finding at the first place where the policy after the change does not parse.

    And one where the plan templates do not.
    """
    paths = [entry.path for entry in (*change.entries, *change.merged)]
    after = _After(change)
    if any(map(is_of_policy, paths)):
        yield from _unless_it_parses("policy", partial(load_policy, after))
    if any(path.startswith(TEMPLATES) for path in paths):
        from orchestrate.policy.templates import load_templates  # 5 ms, for few changes

        yield from _unless_it_parses("plan template", partial(load_templates, after))


def _unless_it_parses(what: str, load: Callable[[], object]) -> Iterator[Finding]:
    try:
        load()
    except FileError as error:
        message = f"the {what} would not parse: {error.reason}"
        line, column = error.line, error.column
        yield finding(
            "broken-policy", error.path, message, line=line, column=column, next_step=error.hint
        )


def is_of_policy(path: str) -> bool:
    """Whether a file at `path` is part of the policy, or stands where a part should be."""
    folders = tuple(name for name in INPUTS if name.endswith("/"))
    return (
        path in INPUTS or path == FOLDER or f"{path}/" in folders or path.startswith(folders)
    )  # fmt: skip


class _After:
    """The policy files as a change leaves them: the Reader that `load_policy` wants."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def list(self, prefix: str) -> list[tuple[str, str]]:
        """(path, blob id) of every file whose path begins with `prefix`.

        Raises:
            FileError: one of them is a symlink or a submodule.
        """
        folder = prefix.rpartition("/")[0]
        self._node(FOLDER)  # refused where it is no folder
        if not prefix.endswith("/"):
            mode, oid = self._node(prefix)
            return [(prefix, oid)] if mode in REGULAR else []
        return list(self._below(folder)) if self._node(folder)[0] == TREE else []

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None when there is none; no more than a loader accepts."""
        mode, oid = self._change.node_after(path)
        if mode not in REGULAR:
            return None
        return self._change.blobs.read_blob(oid, MAX_BYTES + 1)

    def _below(self, folder: str) -> Iterator[tuple[str, str]]:
        for path in self._change.children_after(folder):
            mode, oid = self._node(path)
            if mode == TREE:
                yield from self._below(path)
            else:
                yield path, oid

    def _node(self, path: str) -> tuple[int, str]:
        """Mode and id of what stands there, as `node_after` gives them."""
        mode, oid = self._change.node_after(path)
        is_folder = path == FOLDER or f"{path}/" in (*INPUTS, TEMPLATES)
        if (is_folder and mode in REGULAR) or mode not in (0, TREE, *REGULAR):
            kind = "a symlink" if mode == SYMLINK else "no folder" if is_folder else "a submodule"
            raise FileError(
                path, f"is {kind}; policy must be a plain file", hint="commit the file itself"
            )
        return mode, oid
