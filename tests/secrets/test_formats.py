"""One value in the places that decide what it is: the siblings of each format together."""

import pytest

from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.scanner import Scanner

WORD = "wolken" + "burg9"  # in two halves, so that this file is none of the files it is about
KEY_ID = "4B7C549A058F8B6B" + "8A1703113804BB82D39DC0E3"


def blocked(text: str, path: str, scanner: Scanner) -> bool:
    return any(hit.severity == "block" for hit in scan(text.encode(), path, scanner=scanner))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".env", f"DATABASE_URL=postgres://app:{WORD}@localhost/db"),
        ("config/settings.ini", f"url = mysql+pymysql://app:{WORD}@127.0.0.1:3306/db"),
        ("src/a.js", f'body: "{{\\"user\\": \\"joe\\", \\"password\\": \\"{WORD}\\"}}",'),
        ("etc/ipsec.secrets", f'10.1.2.3 10.3.2.1 : PSK "{WORD} am see"'),
        ("a.cfg", "enable secret 9 $9$" + "nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pq"),
        ("src/a.py", f"requests.get(url, auth=HTTPBasicAuth('joe', '{WORD}'))"),
        ("A.java", f'.signWith(SignatureAlgorithm.HS512, "{WORD}")'),
        ("a.js", f"jwt.sign(\n  {{ id: user.id }},\n  '{WORD}',\n);"),
    ],
)
def test_a_word_is_a_password_where_a_format_expects_one(
    path: str, text: str, scanner: Scanner
) -> None:
    assert blocked(text, path, scanner)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".env", "DATABASE_URL=postgres://" + "shop:shop@localhost/db"),
        (".env", "DATABASE_URL=postgres://" + "USER:PASSWORD@HOST:PORT/DB"),
        ("src/a.py", f"url = 'postgres://app:{WORD[:-1]}@localhost/db'"),
        ("setup.sh", f"signing_key = {KEY_ID}"),
        ("setup.sh", f"gpg --recv-keys {KEY_ID}"),
        ("src/a.js", "'Postman-Token': '5d8f2f4c-2a90-4c6b-9f0d-3b7f0e9d1a55'"),
        (".netrc", "machine ftp.acme.net login ftp password joe@acme.net"),
        ("a.sh", "mysql -u root -p warenlager < dump.sql"),
        ("A.java", 'byte[] body = "hello wide world".getBytes();'),
    ],
)
def test_what_only_looks_like_one_is_none(path: str, text: str, scanner: Scanner) -> None:
    assert not blocked(text, path, scanner)


@pytest.mark.parametrize(
    "value",
    ["geheim", "passwort", "mot-de-passe", "cambiar", "cambiame", "senha", "wachtwoord",
     "bitte-ändern", "change-this-secret"],
)  # fmt: skip
def test_a_placeholder_is_one_in_any_language(value: str, scanner: Scanner) -> None:
    assert not blocked(f"db.password={value}\n", "app.properties", scanner)
