"""Plain words as passwords: where the place proves what the value does not."""

from base64 import b64encode

import pytest

from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.plain import is_phrase, is_plain_password, stands_by_a_login
from orchestrate.checks.secrets.scanner import Scanner

WORD = "pfeffer" + "minz"  # in two halves, so that this file is none of the files it is about


def rules(text: str, path: str, scanner: Scanner) -> list[tuple[str, str]]:
    return [(hit.rule, hit.severity) for hit in scan(text.encode(), path, scanner=scanner)]


@pytest.mark.parametrize("value", [WORD, "Summer19", "30" + "63", "s.flores9", "n1belungen"])
def test_a_word_may_be_a_password(value: str) -> None:
    assert is_plain_password(value)


@pytest.mark.parametrize(
    "value",
    ["string", "required", "password", "user.password", "db_pass", "${PW}", "<pw>", "enabled",
     "joe@acme.org", "getPass()", "mypass", "changeme", "userPassword", "/run/secrets/pw", "ÜBER",
     "green", "succeeded"],
)  # fmt: skip
def test_a_field_a_type_or_a_placeholder_is_none(value: str) -> None:
    assert not is_plain_password(value)


def test_the_same_word_counts_by_its_place(scanner: Scanner) -> None:
    alone = f"adminPassword = '{WORD}'\n"
    assert rules(alone, "src/a.py", scanner) == [("plain-password", "warn")]
    beside = f"user = 'shop'\n{alone}"
    assert rules(beside, "src/a.py", scanner) == [("password-beside-login", "block")]
    assert rules(f"admin.password={WORD}\n", "app.properties", scanner) == [
        ("settings-password", "block")
    ]
    assert rules(beside, "tests/a.py", scanner) == []
    assert rules(f"password: {WORD}\n", "locales/de.yml", scanner) == []


def test_a_user_called_like_the_password_shows_a_form() -> None:
    assert not stands_by_a_login("demo1", "username='demo1', password='demo1'")
    assert stands_by_a_login(WORD, f"username='shop', password='{WORD}'")


def test_a_phrase_signs_but_what_asks_to_be_replaced_does_not() -> None:
    assert is_phrase("white" + "Knight") and is_phrase("fraud_detection_" + "key_2024")
    for value in ("your_secret_key", "change-me", "super secret key", "dev", "secret_key"):
        assert not is_phrase(value)


def test_every_key_of_a_secret_is_told(scanner: Scanner) -> None:
    values = ("hu8Jd9sl2", "Kx82-wq1z", "qwX23_91kd")
    rows = [f"  k{n}: {b64encode(value.encode()).decode()}" for n, value in enumerate(values)]
    text = "\n".join(["kind: Secret", "metadata:", "  name: db", "data:", *rows])
    hits = scan(text.encode(), "k8s/db.yaml", scanner=scanner)
    assert [hit.line for hit in hits] == [5, 6, 7]


def test_a_column_of_passwords_is_told_row_by_row(scanner: Scanner) -> None:
    text = f"name,url,username,password\na,https://a.b/,joe,{WORD}\nb,https://b.b/,ann,{WORD}2\n"
    hits = scan(text.encode(), "x/chrome-passwords.csv", scanner=scanner)
    assert [(hit.line, hit.rule) for hit in hits] == [
        (2, "password-export"),
        (3, "password-export"),
    ]
