"""Signs of a framework: files, and dependencies of any package.json."""

import pytest

from orchestrate.policy.detection import dependencies, is_sign, signs_found

MANIFEST = b'{"dependencies": {"react": "1"}, "devDependencies": {"typescript": "5"}}'


def test_a_dependency_of_any_manifest_is_a_sign() -> None:
    files = {"package.json": b"{}", "web/package.json": MANIFEST}
    signs = {"package.json: typescript", "package.json: vue"}
    assert signs_found(signs, files, files.get) == {"package.json: typescript"}


def test_vendored_manifests_are_no_sign() -> None:
    files = {"node_modules/x/package.json": MANIFEST}
    assert signs_found({"package.json: react"}, files, files.get) == set()


def test_manifests_are_read_only_when_a_sign_asks() -> None:
    def read(path: str) -> bytes:
        raise AssertionError(path)

    assert signs_found({"go.mod"}, ["package.json", "go.mod"], read) == {"go.mod"}


@pytest.mark.parametrize(
    "manifest", [None, b"", b"{", b"[]", b'{"dependencies": []}', b"\xff", b"[" * 100_000]
)
def test_a_broken_manifest_shows_nothing(manifest: bytes | None) -> None:
    assert dependencies(manifest) == set()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("go.mod", True),
        ("/a/", True),
        ("package.json: x", True),
        ("package.json:", False),
        ("!a", False),
    ],
)
def test_a_sign_has_a_form(text: str, good: bool) -> None:
    assert (is_sign(text) is None) == good
