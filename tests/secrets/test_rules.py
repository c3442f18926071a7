"""The rule file: what it must be, how it travels, its document."""

import pytest

from orchestrate import resources
from orchestrate.checks.secrets import reference, rules
from orchestrate.checks.secrets.cache import build_scanner, scanner_for
from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.rules import Ruleset, Samples
from orchestrate.checks.secrets.scanner import path_pattern
from orchestrate.checks.secrets.validators.table import VALIDATORS
from orchestrate.errors import FileError

Loaded = tuple[Ruleset, dict[str, Samples]]
RULE = "rules:\n  - {id: a-b, description: d, pattern: 'tok_[a-z]{3}', keywords: [tok_]%s}\n"


def test_a_packed_ruleset_is_the_same_when_unpacked(loaded: Loaded) -> None:
    assert rules.unpack(rules.pack(loaded[0])) == loaded[0]


def test_a_packed_ruleset_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 0, expected"):
        rules.unpack(b'[0, [], [], ""]')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE % ", colour: red", "rule a-b has the unknown field colour"),
        (RULE % ", validators: [magic]", "rule a-b names the validator magic, known: checksum"),
        (RULE.replace("a-b", "A_B") % "", "the id 'A_B' is not words"),
        (RULE.replace("{3}", "(") % "", "the pattern of a-b does not compile"),
        (RULE.replace("[tok_]", "[]") % "", "a-b has no keywords"),
        (RULE % "" + (RULE % "").split("\n", 1)[1], "two rules have the id a-b"),
        ("rules:\n  - {id: a, description: d}\n", "rule a has neither pattern, names nor forms"),
        ("rules:\n  - {id: a, description: d, forms: [x]}\n", "names the form 'x', which is not"),
    ],
)
def test_a_bad_rule_is_named(text: str, said: str) -> None:
    with pytest.raises(FileError) as refused:
        rules.load(text.encode(), "r.yaml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("r.yaml")


def test_a_rule_file_of_ones_own_works(tmp_path: object) -> None:
    scanner = build_scanner(rules.load((RULE % "").encode(), "r.yaml")[0])
    assert [hit.rule for hit in scan(b"x = tok_abc", "a", scanner=scanner)] == ["a-b"]


def test_there_are_many_rules_with_distinct_descriptions(loaded: Loaded) -> None:
    assert len(loaded[0].rules) > 200
    described = [rule.description for rule in loaded[0].rules]
    assert sorted({d for d in described if described.count(d) > 1}) == []


def test_every_validator_serves_a_rule(loaded: Loaded) -> None:
    assert {name for rule in loaded[0].rules for name in rule.validators} == set(VALIDATORS)


def test_paths_with_formats_of_their_own_are_known(loaded: Loaded) -> None:
    import re

    pattern = re.compile(path_pattern(loaded[0]))
    for path in (".netrc", "a/b/.pgpass", "x/wp-config.php", "etc/shadow", ".env.local"):
        assert pattern.fullmatch(path), path
    for path in ("src/app.py", "README.md", "a/env/b.c", "environment.ts"):
        assert not pattern.fullmatch(path), path


def test_the_document_is_current(loaded: Loaded) -> None:
    said = reference.DOCUMENT.read_text(encoding="utf-8")
    assert said == reference.render(loaded[0]), (
        "run: python -m orchestrate.checks.secrets.reference"
    )


def test_a_cache_is_used_and_rebuilt_when_damaged(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = (RULE % "").encode()
    scanner_for(text, tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for content in (b"", whole[:100], whole[:-50], b"x" * len(whole)):
        kept.write_bytes(content)
        scanner = scanner_for(text, tmp_path)
        assert [hit.rule for hit in scan(b"tok_abc", "a", scanner=scanner)] == ["a-b"]
        assert kept.read_bytes() == whole


def test_a_cache_that_others_can_write_is_not_read(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = (RULE % "").encode()
    scanner_for(text, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"a-b", b"a-c"))
    kept.chmod(0o666)
    scanner = scanner_for(text, tmp_path)
    assert scanner.ruleset.rules[0].id == "a-b"


def test_the_shipped_rules_are_the_file(loaded: Loaded) -> None:
    assert rules.shipped() == rules.load(resources.read("rules", "secrets.yaml"))[0] == loaded[0]
