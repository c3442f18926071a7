"""What a path changes: tests, documentation and examples are full of keys made for them."""

import pytest

from orchestrate.checks.findings import Severity
from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.scanner import Scanner


@pytest.mark.parametrize(
    "path",
    [
        "tests/keys/server.pem", "test_login.py", "src/test/java/A.java", "a/LoginTest.java",
        "pkg/testdata/id_rsa", "docs/usage.md", "README.md", "CHANGELOG.rst", "t/unit/test_app.py",
        "examples/app.py", "client.spec.ts", "dummyserver/key.pem", "a/b.rst", "vectors/k.txt",
    ],
)  # fmt: skip
def test_a_place_for_tests_documents_or_examples(path: str) -> None:
    assert is_test_path(path)


@pytest.mark.parametrize(
    "path",
    ["src/app.py", ".bash_history", "latest.py", "contest/a.py", "src/vector.py", "attestation.go",
     ".env", "config/server.key", "protest.txt"],
)  # fmt: skip
def test_any_other_place(path: str) -> None:
    assert not is_test_path(path)


@pytest.mark.parametrize(
    "template",
    ["token = '{{github:ghp}}'", "KEY = '''{{pem:RSA PRIVATE KEY}}'''", "t = '{{jwt}}'",
     'api_key = "{{base62:32}}"', 'db_password = "{{password:14}}"'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["src/app.py", "tests/app.py", "docs/usage.md", "README.md"])
def test_what_looks_drawn_blocks_everywhere(scanner: Scanner, template: str, path: str) -> None:
    data = expand(template, 3).encode()
    assert [hit.severity for hit in scan(data, path, scanner=scanner)] == [Severity.BLOCK]


def test_what_a_person_chose_blocks_outside_tests(scanner: Scanner) -> None:
    data = f"password = '{'Regen' + '42'}'".encode()
    assert [hit.severity for hit in scan(data, "src/app.py", scanner=scanner)] == [Severity.BLOCK]
    assert scan(data, "tests/app.py", scanner=scanner) == []


@pytest.mark.parametrize("name", ["server.key", "client.pem", "id_ed25519"])
def test_a_file_of_a_key_only_warns_where_keys_are_made_for_tests(
    scanner: Scanner, name: str
) -> None:
    data = expand("{{pem:PRIVATE KEY}}", 3).encode()
    for folder, severity in (("conf", Severity.BLOCK), ("tests/certs", Severity.WARN)):
        (hit,) = scan(data, f"{folder}/{name}", scanner=scanner)
        assert (hit.rule, hit.severity) == ("private-key-file", severity)


def test_a_hash_says_nothing_in_a_test(scanner: Scanner) -> None:
    data = expand("h = '$2b$10${{crypt:53}}'", 3).encode()
    assert [hit.severity for hit in scan(data, "src/app.py", scanner=scanner)] == [Severity.WARN]
    assert scan(data, "tests/app.py", scanner=scanner) == []


def test_a_file_that_holds_credentials_blocks_though_it_is_named_an_example(
    scanner: Scanner,
) -> None:
    data = expand("DB_PASSWORD={{password:12}}", 3).encode()
    for path in (".env.example", "conf/.env.sample"):
        assert [hit.severity for hit in scan(data, path, scanner=scanner)] == [Severity.BLOCK]
