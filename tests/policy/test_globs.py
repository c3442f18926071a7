"""Path patterns: what people expect, what git does, and what no path can make slow."""

import re
import subprocess
import time
from pathlib import Path

import pytest
import re2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrate.errors import InvalidInput
from orchestrate.policy.globs import MAX_PATTERNS, Globs
from tests.policy.making import refusal


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("src", ["src", "src/a", "src/a/b", "lib/src/a"], ["srcs/a", "src.py", "asrc"]),
        ("src/", ["src/a", "src/a/b", "lib/src/a"], ["src", "srcs/a"]),
        ("/src/", ["src/a", "src/a/b"], ["lib/src/a", "src"]),
        ("src/**", ["src/a", "src/a/b"], ["lib/src/a", "src"]),
        ("*.py", ["a.py", "x/y/a.py"], ["a.pyc", "a.PY", "py"]),
        ("/a/b", ["a/b", "a/b/c"], ["x/a/b", "a/bc"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b"]),
        ("a/*", ["a/b", "a/b/c"], ["a", "x/a/b"]),
        ("a/*.md", ["a/x.md"], ["a/b/x.md"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z/y"], ["a/bz", "z"]),
        ("**/x", ["x", "a/x", "a/b/x/y"], ["ax"]),
        ("**", ["a", "a/b", "\n", "\udcff"], []),
        ("a?c", ["abc", "x/aéc"], ["ac", "a/c", "abbc"]),
        ("[ab].txt", ["a.txt", "x/b.txt"], ["c.txt", "ab.txt"]),
        ("[!a].txt", ["b.txt"], ["a.txt"]),
        (r"\!x", ["!x"], ["x"]),
        (r"\#x", ["#x"], ["x"]),
        (r"\*", ["*", "a/*"], ["a", "ab"]),
        ("a$b", ["a$b"], ["ab"]),
        ("{{cookiecutter}}/", ["{{cookiecutter}}/a"], ["a"]),
    ],
)
def test_a_pattern_takes_in_what_people_expect(
    pattern: str, inside: list[str], outside: list[str]
) -> None:
    globs = Globs([pattern])
    assert [path for path in inside if not globs.match(path)] == []
    assert [path for path in outside if globs.match(path)] == []


@pytest.mark.parametrize(
    "path", ["src/a\nb", "src/\n", "src/a\udcff", "src/ü", "src/a b", "src/-x"]
)
def test_every_path_that_git_can_hold_is_judged(path: str) -> None:
    assert Globs(["src/"]).match(path)
    assert Globs(["src/**"]).match(path)
    assert Globs(["src/*"]).match(path)
    assert not Globs(["lib/"]).match(path)


def test_a_newline_at_the_end_makes_another_name() -> None:
    assert not Globs(["Makefile"]).match("Makefile\n")
    assert not Globs(["*.py"]).match("a.py\n")


def test_no_pattern_matches_nothing() -> None:
    assert not Globs([]).match("a")
    assert not Globs([]).match("")


def test_which_names_the_pattern() -> None:
    globs = Globs(["lib/", "*.py", "src/"])
    assert globs.which("src/a.py") == "*.py"
    assert globs.which("x.c") is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("/", "names no file"),
        ("!src/", "negation is not supported"),
        ("# note", "reads it as a comment"),
        (" src", "white space"),
        ("src ", "white space"),
        ("./src", "`.` or `..`"),
        ("src/../lib", "`.` or `..`"),
        ("src/**/", "write `src/**`"),
        ("[[:alpha:]]", "within brackets"),
        ("[[]", "within brackets"),
        ("a//b", "empty folder name"),
        ("src\\app", "backslash"),
        ("a\\", "backslash"),
        ("*.{js,ts}", "one pattern for each alternative"),
        ("a\0b", "NUL"),
        ("[z-a]", "path pattern"),
        ("*" * 40, "wildcards"),
        ("a" * 2000, "2000 characters"),
    ],
)
def test_a_pattern_that_misleads_is_refused_with_a_reason(pattern: str, reason: str) -> None:
    assert reason in refusal(Globs, [pattern])


def test_too_many_patterns_are_refused() -> None:
    assert f"at most {MAX_PATTERNS}" in refusal(Globs, ["a"] * (MAX_PATTERNS + 1))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/a/**/a/**/a/**/a/b", "a/" * 2000 + "c"),
        ("**/*a*a*a*a*b", "a" * 4000),
        ("*a*/*a*/*a*/*a*/x", "aaaaaaaaaa/" * 300),
        ("**/a/**/b", "a/" * 2000 + "c"),
        ("*a*a", "a" * 4000 + "c"),
    ],
)
def test_no_path_makes_a_pattern_slow(pattern: str, path: str) -> None:
    globs = Globs([pattern])
    start = time.perf_counter()
    assert not globs.match(path)
    assert time.perf_counter() - start < 1  # seconds; naive matching would take days


_NAME = st.text("ab.*?é\n ", min_size=1, max_size=4).filter(lambda n: n not in (".", ".."))
_PATH = st.lists(_NAME, min_size=1, max_size=4).map("/".join)
_PIECE = st.text("ab.*?[]!-é", min_size=1, max_size=5) | st.just("**")
_PATTERN = st.tuples(
    st.sampled_from(["", "/"]), st.lists(_PIECE, min_size=1, max_size=4), st.sampled_from(["", "/"])
).map(lambda parts: parts[0] + "/".join(parts[1]) + parts[2])


@given(_PATTERN, st.lists(_PATH, min_size=1, max_size=6))
def test_the_exported_expressions_agree_in_re_and_re2(pattern: str, paths: list[str]) -> None:
    try:
        globs = Globs([pattern])
    except InvalidInput:
        return
    (source,) = globs.regexes()
    plain, linear = re.compile(source), re2.compile(source)
    for path in paths:
        expected = globs.match(path)
        assert (plain.fullmatch(path) is not None) == expected
        assert (linear.fullmatch(path) is not None) == expected


@pytest.fixture(scope="module")
def ignoring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ignoring")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def ignored_by_git(repo: Path, pattern: str, paths: list[str]) -> set[str]:
    (repo / ".gitignore").write_bytes(pattern.encode("utf-8", "surrogateescape") + b"\n")
    done = subprocess.run(
        ["git", "-c", "core.ignoreCase=false", "check-ignore", "--no-index", "--stdin", "-z"],
        cwd=repo,
        input=b"".join(p.encode("utf-8", "surrogateescape") + b"\0" for p in paths),
        capture_output=True,
        check=False,
    )
    return {raw.decode("utf-8", "surrogateescape") for raw in done.stdout.split(b"\0") if raw}


# Git's `?` and `[...]` take one byte, ours one character, so names here are ASCII.
_ASCII_PATH = st.lists(
    st.text("ab.c-", min_size=1, max_size=4).filter(lambda n: n not in (".", "..")),
    min_size=1,
    max_size=4,
).map("/".join)
_GIT_PATTERN = st.tuples(
    st.sampled_from(["", "/"]),
    st.lists(
        st.text("ab.*?c[]!-", min_size=1, max_size=6)
        | st.sampled_from(["**", "*", "[ab]", "[!a]b", "a[b-c]", r"\*a"]),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["", "/", "/**"]),
).map(lambda parts: parts[0] + "/".join(parts[1]) + parts[2])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_GIT_PATTERN, st.lists(_ASCII_PATH, min_size=1, max_size=12, unique=True))
def test_what_matches_is_what_git_ignores(ignoring: Path, pattern: str, paths: list[str]) -> None:
    try:
        globs = Globs([pattern])
    except InvalidInput:
        return
    assert {path for path in paths if globs.match(path)} == ignored_by_git(ignoring, pattern, paths)
