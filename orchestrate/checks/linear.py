"""Compiles the expressions that run over what a change brings: google-re2, or `re` without it.

RE2 takes linear time whatever the expression; where its wheel does not install, policy and rules
are read by loaders that refuse what is not linear.
"""

from __future__ import annotations

import re

try:
    import re2
except ImportError:  # no wheel for this machine
    re2 = None

TYPE_CHECKING = False  # as typing's, which takes milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _with_re2(pattern: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


def without_re2(pattern: str) -> Any:
    """The same by `re`, for bytes."""
    return re.compile(pattern.encode())


compile_regex: Callable[[str], Any] = without_re2 if re2 is None else _with_re2


def compile_for_text(pattern: str) -> Any:
    """The compiled expression for decoded text."""
    return re.compile(pattern) if re2 is None else re2.compile(pattern)
