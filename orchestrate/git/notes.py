"""Notes as sets of lines: many lines on many commits in one commit of the notes ref.

git's own `notes add` reads, writes and moves the ref without comparing, so that concurrent writers
lose lines. Here the new notes tree replaces the one that was read or nothing, and is tried again. A
note's path is its commit's id with a slash after two digits; git reads that, and the other ways of
splitting are read and replaced. Lines are unique in a note, as the merge `cat_sort_uniq` sees them.
"""

from collections.abc import Mapping, Sequence

from orchestrate.errors import InvalidInput
from orchestrate.git.names import is_oid
from orchestrate.git.repository import Repository
from orchestrate.git.retry import retry
from orchestrate.git.types import FILE, TREE, Oid, RefUpdate, Signature, TreeEntry, path_text

NOTES = "refs/notes/orchestrate"  # verdicts on commits; ledger/notes.py says what stands there

_Edits = dict[str, tuple[int, Oid] | None]


def append_notes(
    repo: Repository,
    ref: str,
    lines: Mapping[Oid, Sequence[str]],
    author: Signature,
    *,
    message: str = "",
) -> None:
    """Adds the lines to the notes of these commits; a line that a note has already stays single.

    Raises:
        InvalidInput: a line holds a line break, or a key is no commit's id.
        RefMoved, RefLocked: others wrote without a pause for the whole deadline of `retry`.
    """
    _check(lines)

    def once() -> None:
        tip = repo.ref(ref)
        tree = repo.tree_of(tip) if tip else None
        edits = _edits(repo, tree, lines)
        if not edits:
            return
        text = message or f"notes: {len(lines)} commits\n"
        parents = [tip] if tip else []
        new = repo.commit(
            repo.edit_tree(tree, edits), parents, text, author=author, committer=author
        )
        repo.swap_refs([RefUpdate(ref, new, tip)], message=text.split("\n", 1)[0])

    retry(once, queue=repo.queue(ref))


def read_notes(repo: Repository, ref: str, commit: Oid) -> list[str]:
    """The lines of the commit's note, in order; empty if it has none."""
    tip = repo.ref(ref)
    found = _find(repo, repo.tree_of(tip), commit) if tip else None
    return _lines(repo, found) if found else []


def _check(lines: Mapping[Oid, Sequence[str]]) -> None:
    for oid, texts in lines.items():
        if not is_oid(oid):
            raise InvalidInput(f"{oid!r} is not a commit's full id")
        for text in texts:
            if "\n" in text or "\r" in text or not text.strip():
                raise InvalidInput(f"a note's line must be one line of text, found {text!r}")


def _edits(repo: Repository, tree: Oid | None, lines: Mapping[Oid, Sequence[str]]) -> _Edits:
    edits: _Edits = {}
    for oid, texts in lines.items():
        found = _find(repo, tree, oid) if tree else None
        before = _lines(repo, found) if found else []
        after = list(dict.fromkeys([*before, *texts]))
        if after == before:
            continue
        if found:
            edits[found.path] = None
        text = "".join(f"{line}\n" for line in after)
        edits[_places(oid)[0]] = (FILE, repo.write_blob(text.encode("utf-8", "surrogateescape")))
    return edits


def _places(oid: str) -> tuple[str, ...]:
    """Where a commit's note can be: our place first, then git's others, more with every 256."""
    return (
        f"{oid[:2]}/{oid[2:]}",
        oid,
        f"{oid[:2]}/{oid[2:4]}/{oid[4:]}",
        f"{oid[:2]}/{oid[2:4]}/{oid[4:6]}/{oid[6:]}",
    )


def _find(repo: Repository, tree: Oid, oid: str) -> TreeEntry | None:
    found = (repo.entry(tree, path) for path in _places(oid))
    return next((entry for entry in found if entry and entry.mode != TREE), None)


def _lines(repo: Repository, note: TreeEntry) -> list[str]:
    return path_text(repo.read_blob(note.oid)).removesuffix("\n").split("\n")
