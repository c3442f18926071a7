"""What a name promises and what a value proves."""

import pytest

from orchestrate.checks.secrets.judge import Grade, grade
from orchestrate.checks.secrets.names import Kind, kind_of
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.wordlike import surprise


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", Kind.PASSWORD), ("dbPassword", Kind.PASSWORD), ("DB_PASS", Kind.PASSWORD),
        ("spring.datasource.password", Kind.PASSWORD), ("pass_phrase", Kind.PASSWORD),
        ("api_key", Kind.SECRET), ("apiKey", Kind.SECRET), ("clientSecret", Kind.SECRET),
        ("GITHUB_TOKEN", Kind.SECRET), ("token_prod", Kind.SECRET), ("aes_key", Kind.SECRET),
        ("key", Kind.KEY), ("password_salt", Kind.SALT), ("hashSalt", Kind.SALT),
        ("password_field", Kind.NONE), ("token_url", Kind.NONE), ("secret_name", Kind.NONE),
        ("public_key", Kind.NONE), ("cache_key", Kind.NONE), ("monkey", Kind.NONE),
        ("key_id", Kind.NONE), ("author", Kind.NONE), ("password_hash", Kind.NONE),
        ("csrf_token_header", Kind.NONE), ("tokenizer", Kind.NONE), ("has_password", Kind.NONE),
        ("applicationServerKey", Kind.NONE), ("data-sitekey", Kind.NONE),
    ],
)  # fmt: skip
def test_the_last_word_that_says_something_decides(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind


@pytest.mark.parametrize(
    "value",
    [
        "password", "changeme", "your-password-here", "${DB_PASSWORD}", "{{password}}", "<secret>",
        "xxxxxxxxxx", "********", "%(password)s", "os.environ['X']", "getPassword()", "test1234",
        "example-password", "null", "config.password", "user_password", "/etc/secrets/db", "$PASS",
        "@string/password", "1234567890", "#{ENV['X']}", "foobar", "p@ss", "https://a.b/c",
    ],
)  # fmt: skip
def test_placeholders_references_and_words_prove_nothing(value: str) -> None:
    assert grade(Kind.PASSWORD, value) is Grade.NONE
    assert grade(Kind.SECRET, value) is Grade.NONE


def test_drawn_values_are_strong() -> None:
    def share(kind: Kind, template: str) -> float:
        values = [expand(template, seed) for seed in range(200)]
        return sum(grade(kind, value) is Grade.STRONG for value in values) / len(values)

    assert share(Kind.PASSWORD, "{{password:12}}") > 0.98
    assert share(Kind.SECRET, "{{base62:32}}") > 0.98
    assert share(Kind.SECRET, "{{hex:40}}") > 0.98


def test_a_value_must_prove_more_in_tests() -> None:
    assert grade(Kind.PASSWORD, "hu8Jd9") is Grade.STRONG
    assert grade(Kind.PASSWORD, "hu8Jd9", in_tests=True) is Grade.NONE


def test_words_surprise_less_than_random_letters() -> None:
    assert surprise("authentication_required") < 4.85 < surprise("xkqzvjwpqh")
    assert surprise("1234") == 0.0


@pytest.mark.parametrize(
    "value",
    [
        "P4$$w0rd", "P@ssW0rd!", "Sup3rS3cr3tP@ssW0rd", "0ldP@ssW0rd1!", "SomeKindOfPassword123!@#",
        "netrc_pass", "db-password", "utf-8", "sha256", "--upgrade", "reconnect=False", "3006.10",
        "*1A01CF8FBE6425398935FB90359AD8B817399102", "SOFTWARE\\Vendor\\Product\\14.0",
        "sha1=bc6550fc290acf5b42283fa8deaf55cea0f8c206", "2YotnFZFEjr1zCsicMWpAA",
        "[A-Za-z0-9][A-Za-z0-9-]*", "1.2.840.113549.1.9.7", "us-west-2", ",hash:",
        "+this.password+", "acme_token_v2",
    ],
)  # fmt: skip
def test_what_programs_and_documents_write_there_proves_nothing(value: str) -> None:
    assert grade(Kind.PASSWORD, value) is Grade.NONE
