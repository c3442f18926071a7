"""Triggers: short, and never stricter than their pattern."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks.secrets.rules import Ruleset, Samples
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.shapes import loosened, path_regex, trigger_of


@pytest.mark.parametrize(
    ("pattern", "trigger"),
    [
        (r"\b(ghp_[A-Za-z0-9]{36})\b", r"(ghp_[A-Za-z0-9]{14})"),
        (r"(a|b{20})c", r"(a|b{14})"),
        (r"(b{20}|a)c", r"(b{20}|a)c"),
        (r"x(?:b{20})?c", r"x(?:b{20})?c"),
        (r"x(?:b{20}c)+d", r"x(?:b{14})"),
        (r"a{20}|b", r"a{20}|b"),
        (r"[()|]{20}(?:x|y)", r"[()|]{14}"),
        (r"(?P<name>k)=\((\w{3,9})\)", r"(?:k)=\((\w{3,9})\)"),
    ],
)
def test_a_trigger_is_the_beginning_that_every_match_has(pattern: str, trigger: str) -> None:
    assert trigger_of(pattern) == trigger


def test_each_trigger_matches_where_its_pattern_does(
    loaded: tuple[Ruleset, dict[str, Samples]],
) -> None:
    ruleset, samples = loaded
    texts = [
        expand(text, 1).encode() + b"\nmore\n" for one in samples.values() for _, text in one.match
    ]
    stricter = []
    for form in ruleset.forms:
        if not form.trigger:
            continue
        pattern, trigger = re.compile(form.pattern.encode()), re.compile(form.trigger.encode())
        for text in texts:
            match = pattern.search(text)
            lower = text.lower()
            if match and not (
                trigger.search(text) and any(word.encode() in lower for word in form.keywords)
            ):
                stricter.append((form.pattern[:60], text[:80]))
    assert stricter == []


def test_a_glob_names_files_not_folders() -> None:
    matches = re.compile(path_regex(["*rc", ".docker/*.json"])).fullmatch
    assert matches(".bashrc")
    assert matches("home/.npmrc")
    assert matches("x/.docker/config.json")
    assert not matches("src/a.py")
    assert not matches(".docker/a/b.json")


PIECES = st.sampled_from(
    ["^", r"\s*", "(?:^|[;:])", r"(?:^|[^\w.\]])", r"(?:ab\s+)?", "(?:a|b)?", "a", "b+", "[(|]",
     "c", r"\(", "|", r"(?:c|^a)", "$", ";", r"\s*?", "*"]
)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=7), st.text("ab c;(.\n|*", max_size=20))
def test_what_matches_is_matched_when_loosened(pieces: list[str], text: str) -> None:
    pattern = "".join(pieces)
    try:
        found = re.search(pattern, text, re.MULTILINE)
    except re.error:
        return
    if found:
        again = re.compile(loosened(pattern), re.MULTILINE).search(text, found.start())
        assert again is not None
        assert again.start() <= found.end()


@pytest.mark.parametrize(
    ("pattern", "rest"),
    [
        (r"^\s*(?:async\s+)?def\s", r"def\s"),
        (r"(?:^|[^\w.])(?:eval|exec)\(", r"(?:eval|exec)\("),
        (r"(?:^|[;:])\s*x|^\s*y", "x|y"),
        (r"(?:a\)?b)c", r"(?:a\)?b)c"),
        (r"[|(]^x", r"[|(]^x"),
        (r"^\s*", r"^\s*"),
        (r"(?i)^x", r"(?i)^x"),
    ],
)
def test_what_an_alternative_may_begin_with_is_left_out(pattern: str, rest: str) -> None:
    assert loosened(pattern) == rest
