"""Placeholders: filled once, typed where they stand alone, an error where they have no value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.policy.substitution import holes, substitute
from tests.policy.making import refusal

VALUES = {
    "context": "Fix it",
    "vars.name": "x",
    "vars.count": 3,
    "vars.on": True,
    "vars.paths": ["a", "b"],
}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("{{context}}!", "Fix it!"),
        ("{{ context }}", "Fix it"),
        ("a {{vars.name}} b {{vars.name}}", "a x b x"),
        ("{{vars.count}}", 3),
        ("{{vars.count}} times", "3 times"),
        ("{{vars.on}}", True),
        ("is {{vars.on}}", "is true"),
        ("{{vars.paths}}", ["a", "b"]),
        (["{{vars.name}}", 1, None], ["x", 1, None]),
        ({"k": {"{{context}}": "{{context}}"}}, {"k": {"{{context}}": "Fix it"}}),
        (r"\{{context}}", "{{context}}"),
        (r"${\{ github.ref }}", r"${\{ github.ref }}"),
        ("{context} { {context} }", "{context} { {context} }"),
    ],
)
def test_placeholders_are_filled(value: object, filled: object) -> None:
    assert substitute(value, VALUES) == filled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{vars.nam}}", "unknown variable `vars.nam` | did you mean `vars.name`?"),
        ("{{contxt}}", "unknown variable `contxt` | did you mean `context`?"),
        ("{{}}", "unknown variable ``"),
        ("{{vars.name|upper}}", "unknown variable `vars.name|upper`"),
        ("x {{vars.paths}}", "must be the whole value"),
    ],
)
def test_a_placeholder_without_a_value_is_an_error(text: str, message: str) -> None:
    assert message in refusal(substitute, text, VALUES)


@given(st.text("{}ctx varsnme.\\", max_size=30))
def test_what_was_put_in_is_never_searched_again(text: str) -> None:
    values = {"context": text, "vars.name": "{{context}}"}
    assert substitute("<{{context}}>", values) == f"<{text}>"
    assert substitute("<{{vars.name}}>", values) == "<{{context}}>"


def test_holes_are_listed() -> None:
    assert holes(r"{{a}} \{{b}} {{ vars.c }}") == ["a", "vars.c"]
