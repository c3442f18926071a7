"""The plain matcher finds what hyperscan finds."""

from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate import resources
from orchestrate.checks import linear
from orchestrate.checks.secrets import matcher, rules, scanner
from orchestrate.checks.secrets.cache import build_scanner
from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.rules import Samples
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.scanner import Scanner

PATHS = ["src/a.py", "a.js", "conf/app.yml", ".env", "notes.txt", "a/.netrc", "x.sql", ""]


@lru_cache(maxsize=1)
def made() -> tuple[Scanner, Scanner, list[str]]:
    ruleset, samples = rules.load(resources.read("rules", "secrets.yaml"))
    return build_scanner(ruleset), build_scanner(ruleset, plain=True), _texts(samples)


def _texts(samples: dict[str, Samples]) -> list[str]:
    return [text for one in samples.values() for _, text in (*one.match, *one.clean)]


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 10_000), max_size=8),
    st.lists(st.text(max_size=40), min_size=9, max_size=9),
    st.sampled_from(PATHS),
    st.integers(0, 99),
)
def test_both_engines_report_the_same(
    picks: list[int], between: list[str], path: str, seed: int
) -> None:
    fast, plain, texts = made()
    planted = [expand(texts[pick % len(texts)], seed) for pick in picks]
    text = "\n".join(f"{filler}\n{one}" for filler, one in zip(between, planted, strict=False))
    data = text.encode("utf-8", "replace")
    assert scan(data, path, scanner=fast) == scan(data, path, scanner=plain)


@settings(max_examples=60)
@given(st.binary(max_size=400))
def test_any_bytes_are_scanned_alike(data: bytes) -> None:
    fast, plain, _ = made()
    assert scan(data, "a.txt", scanner=fast) == scan(data, "a.txt", scanner=plain)


def test_expressions_compile_to_a_database_of_moderate_size() -> None:
    expressions = matcher.expressions(made()[0].ruleset)
    assert len({id for id, _, _ in expressions}) == len(expressions)
    assert len(matcher.compile_database(expressions)) < 1_600_000


def test_without_re2_the_samples_are_reported_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, _, _ = made()
    monkeypatch.setattr(matcher, "compile_regex", linear.without_re2)
    monkeypatch.setattr(scanner, "compile_regex", linear.without_re2)
    bare = build_scanner(fast.ruleset, plain=True)
    _, samples = rules.load(resources.read("rules", "secrets.yaml"))
    for one in samples.values():
        for path, text in (*one.match, *one.clean):
            data = expand(text, 1).encode()
            assert scan(data, path, scanner=bare) == scan(data, path, scanner=fast), text
