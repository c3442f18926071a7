"""Redaction from several threads at once, as the runner does it."""

from concurrent.futures import ThreadPoolExecutor

from orchestrate.checks.secrets.redact import redact

SECRET = b"AKIA" + b"Q3EGXMPLVW5TRB7N"
TEXT = b"key = " + SECRET + b" password=hunter2hunter2 and more\n" * 5_000


def test_threads_redact_alike_beside_each_other() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(redact, [TEXT] * 8))
    assert len(set(found)) == 1
    assert SECRET not in found[0]
