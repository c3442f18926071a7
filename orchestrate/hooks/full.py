"""The hooks with everything imported: reads the change through git, judges it, says what it found.

Rules kept here:

* Policy comes from the commit the change is built on. A policy that does not parse refuses, and the
  message names the way out.
* A failure of ours refuses too: a hook that did not finish has not passed.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrate.checks import message
from orchestrate.checks.engine import check_message, run_checks
from orchestrate.checks.findings import Finding
from orchestrate.checks.reading import staged_change
from orchestrate.checks.running import Stats
from orchestrate.errors import OrchestrateError, Unsupported
from orchestrate.git.changes import Objects
from orchestrate.git.types import path_text
from orchestrate.hooks import places
from orchestrate.hooks.place import Place
from orchestrate.hooks.saying import report, say
from orchestrate.hooks.task_file import parse_task

EXIT_BUG = 3
PARTIAL = frozenset(["outputs"])  # groups that need a task's whole change, not one commit of it


def run_hook(hook: str, arguments: Sequence[str], doubtful: frozenset[bytes] | None = None) -> int:
    """Run one hook in the current folder and return its exit code: the edge of all hooks.

    `doubtful` are the files whose content alone is left to judge; None leaves everything.
    """
    try:
        run = HOOKS[hook]
    except KeyError:
        say(f"orchestrate: there is no hook {hook!r}")
        return 2
    try:
        if doubtful is not None:
            paths = frozenset(map(path_text, doubtful))
            return report(staged_findings(Path.cwd(), doubtful=paths), "commit")
        return run(arguments)
    except OrchestrateError as error:
        say(f"orchestrate: {error}")
        if error.hint:
            say(f"hint: {error.hint}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the edge: anything else is a bug of ours
        import traceback

        say(f"orchestrate: internal error, so the hook refuses: {type(error).__name__}: {error}")
        say(traceback.format_exc())
        return EXIT_BUG


def staged_findings(
    folder: Path,
    *,
    doubtful: frozenset[str] | None = None,
    merging: bool = False,
    stats: Stats | None = None,
) -> list[Finding]:
    """The findings on what is staged in the worktree at `folder`.

    `doubtful` are the files that are left to judge, where the rest was proved clean; None is all.
    `merging` says that git runs us before a merge that it has not written down.
    """
    with Objects(str(folder)) as objects:
        place = Place(objects, folder)
        policy, task, search = place.prepared()
        parents = place.parents(may_be_named=merging)
        change = staged_change(place.objects, parents, str(folder))
        if doubtful is not None:
            place.objects.expect(e.new_oid for e in change.files() if e.path in doubtful)
        return run_checks(
            change,
            policy,
            task,
            skip=PARTIAL,
            contents_of=doubtful,
            search=search,
            baseline=place.baseline(policy),
            stats=stats,
        )


def message_findings(folder: Path, text: bytes) -> list[Finding]:
    """The findings on a commit message as the editor left it."""
    with Objects(str(folder)) as objects:
        place = Place(objects, folder)
        policy, _, search = place.prepared()
        clean = message.cleaned(text.decode("utf-8", "surrogateescape"))
        return check_message(clean, policy, search=search)


def _pre_commit(arguments: Sequence[str]) -> int:
    return report(staged_findings(Path.cwd()), "commit")


def _pre_merge_commit(arguments: Sequence[str]) -> int:
    return report(staged_findings(Path.cwd(), merging=True), "commit")


def _commit_msg(arguments: Sequence[str]) -> int:
    found = message_findings(Path.cwd(), Path(arguments[0]).read_bytes())
    return report(found, "commit message")


def _prepare_commit_msg(arguments: Sequence[str]) -> int:
    from orchestrate.hooks.trailers import add_trailers

    with Objects() as objects:
        place = Place(objects, Path.cwd())
        source = places.read_task(place.git_dir)
    # pre-commit and prek give the file alone and say the rest in a variable.
    made_of = arguments[1] if arguments[1:] else os.environ.get("PRE_COMMIT_COMMIT_MSG_SOURCE")
    # A merge's or a squash's message is made of others'; an amended one has its trailers.
    if source is not None and made_of not in ("merge", "squash"):
        add_trailers(Path(arguments[0]), parse_task(source))
    return 0


def _pre_push(arguments: Sequence[str]) -> int:
    from orchestrate.hooks.ranges import parse_updates, push_findings  # brings subprocess

    updates = parse_updates(sys.stdin.buffer.read())
    remote = arguments[0] if arguments else ""
    with Objects() as objects:
        found = push_findings(Place(objects, Path.cwd()), remote, updates)
    return report(found, "push")


def _post_rewrite(arguments: Sequence[str]) -> int:
    from orchestrate.hooks.rewriting import copy_notes  # needs pygit2, which the others do not

    with suppress(Unsupported):  # where libgit2 cannot read, nothing wrote notes
        copy_notes(Path.cwd(), sys.stdin.buffer.read(), now=int(time.time()))
    return 0


def _reference_transaction(arguments: Sequence[str]) -> int:
    from orchestrate.hooks.ranges import transaction_findings

    said = sys.stdin.buffer.read()
    if arguments[:1] != ["prepared"]:
        return 0
    with Objects() as objects:
        found = transaction_findings(Place(objects, Path.cwd()), said)
    return report(found, "ref update")


HOOKS: dict[str, Callable[[Sequence[str]], int]] = {
    "pre-commit": _pre_commit,
    "pre-merge-commit": _pre_merge_commit,
    "prepare-commit-msg": _prepare_commit_msg,
    "commit-msg": _commit_msg,
    "pre-push": _pre_push,
    "post-rewrite": _post_rewrite,
    "reference-transaction": _reference_transaction,
}
