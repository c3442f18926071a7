"""Nothing that was planted is left, wherever it stood."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.checks.secrets import budget
from orchestrate.checks.secrets.cache import build_scanner
from orchestrate.checks.secrets.redact import redact
from orchestrate.checks.secrets.rules import shipped
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.scanner import Scanner

PLANTED = [
    "{{github:ghp}}",
    "glpat-{{url64:20}}A",
    "npm_{{base62:36}}",
    "AKIA{{base32:16}}",
    "xoxb-{{digits:12}}-{{digits:12}}-{{base62:24}}",
    "{{jwt}}",
    "sk_live_{{base62:24}}",
]
AROUND = " \n\t.,:;=+{}[]()\"'abcXYZ019é\\"
_SCANNER: list[Scanner] = []


def shared() -> Scanner:
    if not _SCANNER:
        _SCANNER.append(build_scanner(shipped()))
    return _SCANNER[0]


def test_a_redaction_names_rule_and_four_digits(scanner: Scanner) -> None:
    token = expand(PLANTED[0], 3)
    text = redact(f"before {token} after".encode(), scanner=scanner)
    assert text.startswith(b"before [redacted:github-token:")
    assert text.endswith(b"] after")
    assert len(text) == len(b"before [redacted:github-token:0000] after")
    assert redact(text, scanner=scanner) == text


def test_what_agents_print_is_redacted(scanner: Scanner) -> None:
    secrets = [expand("{{password:14}}", seed) for seed in range(4)]
    key = expand("{{pem:RSA PRIVATE KEY}}", 5)
    said = (
        f"export DB_PASSWORD={secrets[0]}\n"
        f'{{"text": "{{\\"api_key\\": \\"{expand("{{hex:40}}", 9)}\\"}}"}}\n'
        f"postgres://app:{secrets[1]}@db:5432/x\n"
        f"db_password: {secrets[2]}\n"
        f"{key}\n"
        f'{{"key": "{key.replace(chr(10), chr(92) + "n")}"}}\n'
    )
    left = redact(said.encode(), scanner=scanner).decode()
    for secret in [*secrets[:3], expand("{{hex:40}}", 9), key.split("\n")[2]]:
        assert secret not in left


def test_a_secret_is_hidden_where_nothing_names_it_too(scanner: Scanner) -> None:
    secret = expand("{{password:14}}", 3)
    text = f"I wrote {secret} down\nDB_PASSWORD={secret}\nand{secret}again\n".encode()
    left = redact(text, scanner=scanner)
    assert secret.encode() not in left
    assert left.count(b"[redacted:") == 3
    assert left.startswith(b"I wrote [redacted:") and left.endswith(b"]again\n")


def test_of_a_text_that_is_not_judged_whole_nothing_is_kept(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "FREE", 500)
    token = expand(PLANTED[0], 3)
    text = f"before {token}\n{'pw=aaaaaaaa ' * 9000}{token}\n".encode()
    left = redact(text, scanner=scanner)
    assert left.startswith(b"[redacted: 108")
    assert left.endswith(b" bytes with more candidates for secrets than are looked at]\n")
    assert left.count(b"\n") == 1


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(PLANTED), min_size=1, max_size=6),
    st.lists(
        st.text(alphabet=" \n\t.,:;=+{}[]()\"'abcXYZ019é\\", max_size=60), min_size=7, max_size=7
    ),
    st.integers(0, 1000),
)
def test_no_planted_token_is_left(kinds: list[str], between: list[str], seed: int) -> None:
    tokens = [expand(kind, seed + i) for i, kind in enumerate(kinds)]
    text = between[0] + "".join(
        f" {token} {filler}" for token, filler in zip(tokens, between[1:], strict=False)
    )
    left = redact(text.encode(), scanner=shared()).decode()
    assert [token for token in tokens if token in left] == []
