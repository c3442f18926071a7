"""What a path says about a file: does it test, document or demonstrate something.

Rules kept here:

* A value has to look drawn by a machine there: most are made up.
* What looks it blocks there as anywhere: people try things with the passwords they have.
* A rule's `in_tests` is for what is made for tests as a matter of course: files of keys only warn,
  plain words say nothing.
"""

from functools import lru_cache

from orchestrate.checks.secrets.lazy import lazy

_PARTS = (
    r"(?:^|[/_.-])(?:tests?|testing|testdata|testsuite|unittests?|specs?|__tests__|e2e|cypress|mocks?"
    r"|stubs?|fakes?|fixtures?|examples?|samples?|docs?|documentation|demos?|tutorials?|howtos?"
    r"|cookbook|guides?|asciidoc|playground|changelog|changes|readme|docs_src|examples-\d+|dummy\w{0,12})(?:$|[/_.-])"
)
_NAMES = (
    r"(?:tests?|spec)\.(?:java|kt|cs|scala|groovy|php|swift|m|hx|dart)$"  # FooTest.java
    r"|\.(?:rst|adoc|man|pod)$|(?:^|/)(?:pkg-info|metadata)$|(?:^|/)(?:t|vectors)/"
)
_TESTS = lazy(f"(?i){_PARTS}|{_NAMES}")


@lru_cache(maxsize=4096)
def is_test_path(path: str) -> bool:
    """Whether files at `path` test, document or demonstrate something."""
    return _TESTS.search(path) is not None
