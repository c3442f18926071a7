"""What a path says about a file: does it test, document or demonstrate something.

Keys and passwords there are mostly made for the purpose. A rule's `in_tests` says whether it only
warns there, or says nothing.
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
