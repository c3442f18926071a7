"""Which paths a task may touch."""

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks.findings import Severity
from orchestrate.checks.scope import Scope, check_protected, check_scope
from orchestrate.git.types import EntryChange
from tests.checks.making import change_of, link, program, submodule


def ids(old: dict, new: dict, scope: Scope) -> list[tuple[str, str]]:
    return [(f.path, f.id) for f in check_scope(change_of(old, new).entries, scope)]


SRC = Scope(allow=("src/",))


def test_src_slash_and_src_stars_both_mean_everything_below() -> None:
    for pattern in ("src", "src/", "src/**", "/src/"):
        scope = Scope(allow=(pattern,))
        assert ids({}, {"src/a/b.py": b""}, scope) == []
        assert ids({}, {"lib/b.py": b""}, scope) == [("lib/b.py", "outside-allowed")]


def test_both_sides_of_a_rename_are_judged() -> None:
    assert ids({"docs/a": b"x"}, {"src/a": b"x"}, SRC) == [("docs/a", "outside-allowed")]
    assert ids({"src/a": b"x"}, {"docs/a": b"x"}, SRC) == [("docs/a", "outside-allowed")]


def test_a_mode_only_change_counts() -> None:
    assert ids({"run": b"x"}, {"run": program(b"x")}, SRC) == [("run", "outside-allowed")]


def test_deletes_links_and_submodules_count() -> None:
    assert ids({"a": b""}, {}, SRC) == [("a", "outside-allowed")]
    assert ids({}, {"a": link("src/x")}, SRC) == [("a", "outside-allowed")]
    assert ids({}, {"sub": submodule("1" * 40)}, SRC) == [("sub", "outside-allowed")]


def test_deny_wins_over_allow() -> None:
    scope = Scope(allow=("src/",), deny=("src/secret/",))
    assert ids({}, {"src/secret/k": b""}, scope) == [("src/secret/k", "in-forbidden")]


def test_an_empty_scope_allows_nothing() -> None:
    assert ids({}, {"a": b""}, Scope(allow=())) == [("a", "outside-allowed")]


def test_the_roles_scope_narrows_the_tasks() -> None:
    scope = Scope(allow=("**",), role=("tests/",))
    assert ids({}, {"src/a": b"", "tests/a": b""}, scope) == [("src/a", "outside-allowed")]


def test_files_that_the_task_does_not_list_are_found() -> None:
    scope = Scope(allow=("src/",), planned=("src/a",))
    assert ids({}, {"src/a": b"", "src/b": b""}, scope) == [("src/b", "not-in-planned-files")]


def test_a_protected_path_needs_approval_and_a_pattern_that_names_it() -> None:
    new = {".github/x.yml": b""}
    protected = ("/.git*",)
    found = [(".github/x.yml", "in-protected")]
    assert ids({}, new, Scope(("**",), protected=protected)) == found
    assert ids({}, new, Scope((".github/",), protected=protected)) == found
    assert ids({}, new, Scope(("**",), protected=protected, allow_protected=True)) == found
    assert ids({}, new, Scope((".github/",), protected=protected, allow_protected=True)) == []


def test_without_a_task_protected_paths_get_the_severity_of_the_policy() -> None:
    entries = change_of({}, {".ci/run": b"", "a": b""}).entries
    found = check_protected(entries, ("/.ci/",), Severity.REVIEW)
    assert [(f.path, f.severity) for f in found] == [(".ci/run", "review")]


def test_the_message_says_what_is_allowed() -> None:
    found = check_scope(change_of({}, {"x": b""}).entries, SRC)
    assert found[0].message == "outside the task's scope (`src/`)"
    assert found[0].next_step


names = st.sampled_from(["a", "b", "src", "x.py", "\n", "-q", "\udcff"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
trees = st.dictionaries(paths, st.sampled_from([b"1", b"2", program(b"1"), link("a")]), max_size=6)
folders = st.lists(st.sampled_from(["a", "b", "src"]), unique=True, max_size=3)


@given(trees, trees, folders, folders)
def test_scope_agrees_with_a_plain_reference(
    old: dict, new: dict, allow: list[str], deny: list[str]
) -> None:
    def below(path: str, tops: list[str]) -> bool:
        return any(path == top or path.startswith(f"{top}/") for top in tops)

    old, new = without_clashes(old), without_clashes(new)
    entries = change_of(old, new).entries
    scope = Scope(tuple(f"/{f}" for f in allow), deny=tuple(f"/{f}" for f in deny))
    expected = [
        (e.path, "in-forbidden" if below(e.path, deny) else "outside-allowed")
        for e in entries
        if below(e.path, deny) or not below(e.path, allow)
    ]
    assert [(f.path, f.id) for f in check_scope(entries, scope)] == expected
    assert {e.path for e in entries} == {
        p for p in old.keys() | new.keys() if normal(old.get(p)) != normal(new.get(p))
    }


def without_clashes(tree: dict) -> dict:
    """The tree without files that stand where another file needs a folder."""
    return {p: v for p, v in tree.items() if not any(o.startswith(f"{p}/") for o in tree)}


def normal(value: object) -> object:
    return (0o100644, value) if isinstance(value, bytes) else value


@given(paths)
def test_a_star_pattern_agrees_with_fnmatch_on_one_level(path: str) -> None:
    entry = EntryChange(path, 0, 0o100644, "", "1" * 40)  # type: ignore[arg-type]
    allowed = not check_scope([entry], Scope(("*.py",)))
    # Without a slash the pattern matches at any depth, and a matched folder takes in all below.
    assert allowed == any(fnmatch.fnmatchcase(part, "*.py") for part in path.split("/"))
