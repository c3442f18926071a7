"""Names that some filesystem takes for .git, links that leave the tree, modes, sizes."""

import pytest

from orchestrate.checks.unsafe_path import (
    check_modes,
    check_names,
    check_size,
    check_symlinks,
    unsafe_reason,
)
from orchestrate.policy.config import default_config
from tests.checks.making import change_of, link, program, submodule

FILES = default_config().files


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".GIT/config",
        "a/.Git",
        ".git./x",
        ".git /x",
        ".git . ./x",
        "git~1/x",
        "GIT~1",
        "GIT~2/hooks/pre-commit",
        "sub/.g\u200cit/x",
        ".\u200dgit",
        "\ufeff.git/x",
        ".gi\u206ft/hooks",
        ".git::$INDEX_ALLOCATION/x",
        ".git:stream",
        "a\\b",
        ".git\\config",
        "x\\.git\\config",
        "/etc/passwd",
        "C:/x",
        "c:x",
        "../x",
        "a/../b",
        "a//b",
        "./a",
        "a/",
        "",
        "a\0b",
    ],
)
def test_no_checkout_should_meet_these(path: str) -> None:
    assert unsafe_reason(path)


@pytest.mark.parametrize(
    "path",
    [
        ".gitignore",
        ".github/x",
        "git",
        "git~",
        "git~x",
        ".gitx",
        "a.git",
        "digit~1",
        ".g it",
        "...",
        "x.git/y",
        "a b",
        "-rf",
        "new\nline",
        'quo"te',
        "\udcff",
        "ab:c",
    ],
)
def test_these_are_ordinary(path: str) -> None:
    assert unsafe_reason(path) == ""


def test_taking_a_bad_name_away_is_fine() -> None:
    assert list(check_names(change_of({"GIT~1": b""}, {}))) == []


@pytest.mark.parametrize("path", ["a\nb", "tab\t", "\x1b[2J", "\udcff", "rtl\u202egnp.exe"])
def test_names_that_hide_are_shown_to_a_person(path: str) -> None:
    found = list(check_names(change_of({}, {path: b""})))
    assert [(f.id, f.severity) for f in found] == [("unprintable-path", "review")]
    assert found[0].message.isprintable()


def symlink_findings(old: dict, new: dict) -> list[str]:
    found = list(check_symlinks(change_of(old, new)))
    assert all(f.id == "unsafe-symlink" and f.severity == "block" for f in found)
    return [f.path for f in found]


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "..",
        ".git/config",
        "a/.GIT/x",
        "./../x",
        "C:/x",
        "x" * 5000,
        "a/git~1",
        "\\\\host\\share",
        "//host",
    ],
)
def test_links_that_leave_the_tree(target: str) -> None:
    assert symlink_findings({}, {"l": link(target)}) == ["l"]


@pytest.mark.parametrize("target", ["x", "./x", "a/../x", "a/..", "missing", "", "..x"])
def test_links_that_stay(target: str) -> None:
    assert symlink_findings({}, {"l": link(target), "x": b"", "a/b": b""}) == []


def test_a_link_in_a_folder_may_go_up_to_the_top() -> None:
    assert symlink_findings({}, {"a/b/l": link("../../x")}) == []
    assert symlink_findings({}, {"a/b/l": link("../../../x")}) == ["a/b/l"]


def test_a_link_that_leaves_through_another_link() -> None:
    # `up` leads to the top, so `a/up/..` is above it although it looks like `a`.
    tree = {"a/up": link(".."), "l": link("a/up/../x")}
    assert symlink_findings({}, tree) == ["l"]
    assert symlink_findings({"a/up": link("..")}, tree) == ["l"]


def test_an_old_link_that_a_new_one_makes_unsafe() -> None:
    old = {"a/d/f": b"", "l": link("a/d/../../x")}
    new = {"a/d": link(".."), "l": link("a/d/../../x")}
    assert symlink_findings(old, new) == ["l"]


def test_an_old_link_that_was_always_unsafe_is_not_this_changes_fault() -> None:
    assert symlink_findings({"l": link("/x")}, {"l": link("/x"), "m": link("x")}) == []


def test_an_old_link_that_a_folder_makes_unsafe() -> None:
    # Replacing the link `d` by a folder brings `d/../..` above the top.
    old = {"a/b/c/f": b"", "d": link("a/b/c"), "l": link("d/../../x")}
    new = {"a/b/c/f": b"", "d/f": b"", "l": link("d/../../x")}
    assert symlink_findings(old, new) == ["l"]


def test_links_in_a_circle_are_refused() -> None:
    assert symlink_findings({}, {"a": link("b"), "b": link("a")}) == ["a", "b"]


def test_a_link_swapped_for_a_file_is_judged() -> None:
    assert symlink_findings({"conf": b"x"}, {"conf": link("/etc/passwd")}) == ["conf"]


@pytest.mark.parametrize("name", [".gitmodules", ".gitattributes", ".GITIGNORE", "gi7eba~1"])
def test_what_git_reads_is_no_symlink(name: str) -> None:
    assert symlink_findings({}, {name: link("x"), "x": b""}) == [name]


def test_new_executables_are_reviewed() -> None:
    def found(old: dict, new: dict) -> list[tuple[str, str]]:
        return [(f.id, f.message) for f in check_modes(change_of(old, new), FILES)]

    assert found({}, {"r": program()}) == [("new-executable", "new executable")]
    assert found({"r": b"x"}, {"r": program(b"x")}) == [
        ("new-executable", "file becomes executable")
    ]
    assert found({"r": program()}, {"r": program(b"other")}) == []
    assert found({"r": program()}, {"r": b"x"}) == []


def test_submodule_changes_are_reviewed() -> None:
    one, two = submodule("1" * 40), submodule("2" * 40)
    for old, new in [({}, {"s": one}), ({"s": one}, {"s": two}), ({"s": one}, {})]:
        found = list(check_modes(change_of(old, new), FILES))
        assert [(f.id, f.severity) for f in found] == [("submodule-changed", "review")]


def test_huge_files_are_refused_unless_they_shrink() -> None:
    def found(old: dict, new: dict) -> list[str]:
        change = change_of(old, new)
        return [f.message for e in change.files() for f in check_size(change, e, FILES)]

    big, bigger = b"x" * (1024 * 1024 + 1), b"x" * (1024 * 1024 + 2)
    assert found({}, {"a": big}) == ["1,024 KB, at most 1,024 are allowed"]
    assert found({}, {"a": big[:-1]}) == []
    assert found({"a": big}, {"a": bigger}) != []
    assert found({"a": bigger}, {"a": big}) == []
