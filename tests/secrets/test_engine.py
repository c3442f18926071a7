"""What a scan says and where, through both matchers."""

import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from orchestrate.checks.secrets import budget, confirming, matching
from orchestrate.checks.secrets.allow import Permits
from orchestrate.checks.secrets.engine import NotJudgedWhole, scan
from orchestrate.checks.secrets.hits import Hit
from orchestrate.checks.secrets.matching import TooManyPlaces
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.scanner import Scanner
from orchestrate.checks.secrets.validators.candidate import Candidate

TOKEN = expand("{{github:ghp}}", 7)
LINE = f'token = "{TOKEN}"\n'


def rules(hits: list[Hit]) -> list[str]:
    return [hit.rule for hit in hits]


def test_a_hit_says_rule_place_and_a_masked_value(either: Scanner) -> None:
    (hit,) = scan(f"# one\n# two\n  x = '{TOKEN}'\n".encode(), "a.py", scanner=either)
    assert (hit.rule, hit.severity, hit.line, hit.column) == ("github-token", "block", 3, 8)
    assert hit.match == "ghp_… (40 characters)"
    assert TOKEN[5:] not in repr(hit)


def test_a_column_counts_characters(either: Scanner) -> None:
    (hit,) = scan(f"é = '{TOKEN}'".encode(), "a.py", scanner=either)
    assert hit.column == 6


def test_a_fingerprint_survives_moved_lines_and_depends_on_path_and_secret(either: Scanner) -> None:
    def mark(text: str, path: str = "a.py") -> str:
        return scan(text.encode(), path, scanner=either)[0].fingerprint

    assert mark(LINE) == mark("\n\nimport os\n    " + LINE)
    assert mark(LINE) != mark(LINE, "b.py")
    assert mark(LINE) != mark(LINE.replace(TOKEN, expand("{{github:ghp}}", 8)))


@pytest.mark.parametrize("order", ["little", "big"])
def test_utf_16_with_a_mark_is_read(either: Scanner, order: str) -> None:
    text = f"a\nb\n{LINE}"
    mark = b"\xff\xfe" if order == "little" else b"\xfe\xff"
    data = mark + text.encode(f"utf-16-{'le' if order == 'little' else 'be'}")
    (hit,) = scan(data, "a.txt", scanner=either)
    assert (hit.rule, hit.line) == ("github-token", 3)


def test_latin_1_is_read(either: Scanner) -> None:
    assert rules(scan(f"é {LINE}".encode("latin-1"), "a.txt", scanner=either)) == ["github-token"]


def test_a_token_deep_in_a_minified_line_is_found_once(either: Scanner) -> None:
    filler = "var a=function(b){return b.c};" * 20_000
    text = f"{filler}x='{TOKEN}';{filler}".encode()
    (hit,) = scan(text, "app.js", scanner=either)
    assert (hit.line, hit.column) == (1, len(filler) + 4)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_base64_of_a_token_is_found_at_each_alignment(either: Scanner, shift: int) -> None:
    coded = expand("{{b64:" + "x" * shift + "=" + TOKEN + " and more text}}")
    (hit,) = scan(f"data: {coded}\n".encode(), "a.yml", scanner=either)
    assert (hit.rule, hit.column) == ("github-token", 7)


def test_two_layers_of_base64_are_not_looked_into(either: Scanner) -> None:
    once = expand("{{b64:key " + TOKEN + " and more}}")
    twice = expand("{{b64:" + once + "}}")
    assert scan(twice.encode(), "a.yml", scanner=either) == []


def test_escapes_inside_strings_are_read(either: Scanner) -> None:
    text = rf'{{"log": "export A=\"b\"\n{TOKEN}\nAWS_SECRET_ACCESS_KEY=\"{"aB3" * 13}x\""}}'
    assert "github-token" in rules(scan(text.encode(), "log.json", scanner=either))


def test_binary_data_shows_only_unmistakable_rules(either: Scanner) -> None:
    password = expand('password = "{{password:12}}"')
    data = b"\0\1\2" + f"{LINE}{password}".encode()
    assert rules(scan(data, "a.bin", scanner=either)) == ["github-token"]


def test_lock_files_show_only_unmistakable_rules(either: Scanner) -> None:
    text = LINE + expand('password = "{{password:12}}"')
    assert rules(scan(text.encode(), "web/yarn.lock", scanner=either)) == ["github-token"]


def test_a_mark_with_a_reason_allows_the_rule_it_names(either: Scanner) -> None:
    def found(text: str, permits: Permits = Permits()) -> list[str]:  # noqa: B008
        return rules(scan(text.encode(), "a.py", scanner=either, permits=permits))

    line = LINE.rstrip()
    assert found(f"{line}  # orchestrate: allow github-token a revoked one\n") == []
    assert found(f"# orchestrate: allow jwt, github-token a revoked one\n{line}\n") == []
    assert found(f"{line}  # orchestrate: allow github-token\n") == ["github-token"]
    assert found(f"{line}  # orchestrate: allow npm-token a revoked one\n") == ["github-token"]
    assert found(f"# orchestrate: allow github-token why\n\n{line}\n") == ["github-token"]
    marked = f"{line}  # orchestrate: allow github-token a revoked one\n"
    assert found(marked, Permits(inline=False)) == ["github-token"]


def test_paths_stopwords_and_baseline_allow(either: Scanner) -> None:
    def found(permits: Permits) -> int:
        return len(scan(LINE.encode(), "vendor/a.py", scanner=either, permits=permits))

    mark = scan(LINE.encode(), "vendor/a.py", scanner=either)[0].fingerprint
    assert found(Permits()) == 1
    assert found(Permits(paths=("vendor/",))) == 0
    assert found(Permits(paths=("src/",))) == 1
    assert found(Permits(stopwords=(TOKEN[6:14].upper(),))) == 0
    assert found(Permits(baseline=frozenset({mark}))) == 0


def test_the_first_rule_in_the_file_keeps_shared_characters(either: Scanner) -> None:
    text = expand('STRIPE_API_KEY = "sk_live_{{base62:24}}"')
    assert rules(scan(text.encode(), "a.py", scanner=either)) == ["stripe-key"]


def test_many_secrets_are_all_found(either: Scanner) -> None:
    text = "".join(expand("{{github:ghp}}\n", seed) for seed in range(1050))
    assert len(scan(text.encode(), "a.txt", scanner=either)) == 1050


@pytest.mark.parametrize("end", ["\n", ","])
def test_a_text_of_too_many_candidates_is_said_not_to_be_judged(
    either: Scanner, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "FREE", 500)
    judged: list[str] = []
    accepting = confirming._accepting

    def counted(candidate: Candidate, *args: Any) -> int | None:
        judged.append(candidate.secret)
        return accepting(candidate, *args)

    monkeypatch.setattr(confirming, "_accepting", counted)
    text = LINE + f'pw="aaaaaaaa"{end}' * 5000 + LINE
    with pytest.raises(NotJudgedWhole) as stopped:
        scan(text.encode(), "a.py", scanner=either)
    assert len(judged) <= 500 + budget.PER_MB * len(text) / 1e6
    for hit in stopped.value.hits:
        assert hit.rule == "github-token"


def test_a_text_with_a_place_at_nearly_every_byte_is_not_searched_to_its_end(
    either: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "MAX_PLACES", 100)
    with pytest.raises(NotJudgedWhole) as stopped:
        scan((LINE + 'pw="aaaaaaaa",' * 500).encode(), "a.py", scanner=either)
    assert {hit.rule for hit in stopped.value.hits} <= {"github-token"}
    found = either.matcher.places(b'pw="aaaaaaaa",' * 500)
    assert len(found) == 101
    with pytest.raises(TooManyPlaces):
        list(found)
    assert len(scan((LINE * 20).encode(), "a.py", scanner=either)) == 20


def test_candidates_that_neighbouring_windows_give_again_are_paid_for(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    line = confirming._line
    monkeypatch.setattr(confirming, "_line", lambda *at: looked.append(at[1]) or line(*at))
    monkeypatch.setattr(budget, "FREE", 500)
    text = b"jwt.sign(payload, 'secret')\n" * 5000  # a form that reaches over lines
    with pytest.raises(NotJudgedWhole):
        scan(text, "a.js", scanner=scanner)
    most = 500 + budget.PER_MB * len(text) / 1e6
    assert len(looked) <= most / budget.AGAIN


def test_a_candidate_on_a_long_line_is_judged_by_one_window_or_two(
    either: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: Counter[int] = Counter()
    accepting = confirming._accepting

    def counted(candidate: Candidate, *args: Any) -> int | None:
        judged[candidate.at] += 1
        return accepting(candidate, *args)

    monkeypatch.setattr(confirming, "_accepting", counted)
    scan(b'pw="aaaaaaaa",' * 2000, "a.py", scanner=either)
    assert len(judged) == 2000
    assert max(judged.values()) <= 2


@pytest.mark.parametrize("size", [100, 2000, 2700, 4000, 6000, 9000])
def test_a_long_line_behind_a_short_one_is_read_to_its_end(either: Scanner, size: int) -> None:
    text = f"{LINE}{'a b ' * (size // 4)} {TOKEN} {'a b ' * 1000}{TOKEN}"
    assert rules(scan(text.encode(), "a.txt", scanner=either)) == ["github-token"] * 3


def test_passwords_of_a_long_file_of_settings_are_found(either: Scanner) -> None:
    text = "# a comment\n" * 700_000 + expand("PASSWORD={{password:14}}\n")
    assert len(scan(text.encode(), ".env", scanner=either)) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        b'password = "' * 60_000,
        b"eyJ" * 250_000,
        b"https://a:" * 70_000,
        b"-----BEGIN RSA PRIVATE KEY-----\n" * 15_000,
        b"token=" + b"A" * 700_000,
        b"<password>" * 70_000,
        b"key: " + b"a.b/c" * 150_000,
        b"\n" * 700_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_takes_time_in_proportion(scanner: Scanner, hostile: bytes) -> None:
    started = time.perf_counter()
    with suppress(NotJudgedWhole):
        scan(hostile, "a.yml", scanner=scanner)
    assert time.perf_counter() - started < 10, "0.7 MB of it"
