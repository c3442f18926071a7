"""The built-in checks on one file each: what fails, what passes, and what must not hang."""

import pytest

from orchestrate.checks.hygiene import (
    OF_FILE,
    broken_symlinks,
    case_conflicts,
    conflict_marks,
    invalid_json,
    invalid_toml,
    invalid_xml,
    invalid_yaml,
    line_ends,
)
from tests.checks.making import change_of, link

BOMB = (
    b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'>"
    + b"".join(
        b"<!ENTITY %c '&%c;&%c;&%c;&%c;'>" % (98 + i, 97 + i, 97 + i, 97 + i, 97 + i)
        for i in range(20)
    )
    + b"]><l>&u;</l>"
)

DECLARED = b"<!ATTLIST b x%d CDATA 'y'>"
IN_ATTRIBUTE = b"<!DOCTYPE a [<!ENTITY e '%s'>]><a b='%s'/>"

FAILS = [
    ("invalid-json", b"{"),
    ("invalid-json", b"{'a': 1}"),
    ("invalid-json", b"[NaN]"),
    ("invalid-json", b""),
    ("invalid-json", b"[" * 100_000),
    ("invalid-json", b'"\xff"'),
    ("invalid-yaml", b"a: [1\n"),
    ("invalid-yaml", b"a: b: c\n"),
    ("invalid-yaml", b"\ta: 1\n"),
    ("invalid-toml", b"a = \n"),
    ("invalid-toml", b"a = 1\na = 2\n"),
    ("invalid-toml", b"\xff"),
    ("invalid-xml", b"<a>"),
    ("invalid-xml", b"<a></b>"),
    ("invalid-xml", BOMB),
    ("mixed-line-endings", b"a\r\nb\n"),
    ("mixed-line-endings", b"a\rb\n"),
    ("byte-order-mark", b"\xef\xbb\xbfx"),
    ("byte-order-mark", "x".encode("utf-16")),
    ("merge-conflict", b"x\n<<<<<<< HEAD\n"),
    ("merge-conflict", b"x\r>>>>>>> topic\r"),
    ("merge-conflict", "x\n<<<<<<< HEAD\n".encode("utf-16")),
    ("no-final-newline", b"x"),
    ("invalid-toml", b"a." * 20_000 + b"a = 1\n"),  # quadratic for the parser
    ("invalid-toml", b"a = " + b"1" * 5_000),
    ("invalid-toml", b"a = " + b"1" * 200_000),  # 100 bytes of memory each
    ("invalid-yaml", b"[" * 100_000),
    ("invalid-yaml", b"{" * 100_000),
    ("invalid-yaml", b"- " * 100_000),
    ("invalid-yaml", b"[" + (b"[" * 60 + b"]" * 60 + b",") * 600 + b"]"),
    ("invalid-xml", b"<!DOCTYPE a [" + b"".join(DECLARED % i for i in range(9_000)) + b"]><a/>"),
    ("invalid-xml", IN_ATTRIBUTE % (b"y" * 10_000, b"&e;" * 10_000)),
    ("invalid-xml", b"<?xml version='1.0' encoding='UTF-9'?><a/>"),
    ("invalid-xml", b"<?xml version='1.0' encoding='utf-7'?><a/>"),
    ("invalid-xml", b"<?xml version='1.0' encoding='Shift_JIS'?><a>\xff</a>"),
]
PASSES = [
    ("invalid-json", b'{"a": [1, 2.5, null, "\xc3\xa9"]}'),
    ("invalid-json", '{"a": 1}'.encode("utf-16")),
    ("invalid-yaml", b"a: !Ref x\nb: &c 1\nd: *c\n---\ne: 2\n"),
    ("invalid-yaml", b""),
    ("invalid-toml", b"a = 1\n[b]\nc = 2\n"),
    ("invalid-toml", b"a = " + b"1" * 4_000 + b"\nb = '" + b"1f" * 20_000 + b"'\n"),
    ("invalid-toml", b"a = [" + b"1.5, " * 2_000 + b"]\n"),
    ("invalid-yaml", b"[" * 60 + b"]" * 60),
    ("invalid-xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"),
    ("invalid-xml", b"<!DOCTYPE a [" + b"".join(DECLARED % i for i in range(500)) + b"]><a/>"),
    ("invalid-xml", IN_ATTRIBUTE % (b"http://www.w3.org/2000/svg", b"&e;" * 500)),
    ("invalid-xml", "<?xml version='1.0' encoding='Shift_JIS'?><a>\u65e5</a>".encode("shift_jis")),
    ("invalid-xml", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>".encode("latin-1")),
    ("invalid-xml", b"<!DOCTYPE a SYSTEM 'http://example.org/a.dtd'><a/>"),
    ("mixed-line-endings", b"a\r\nb\r\n"),
    ("mixed-line-endings", b"a\nb"),
    ("mixed-line-endings", b"\0a\r\nb\n"),
    ("byte-order-mark", b"x\xef\xbb\xbf"),
    ("merge-conflict", b"Title\n=======\n"),
    ("merge-conflict", b"  <<<<<<< HEAD\n"),
    ("no-final-newline", b""),
    ("no-final-newline", b"x\n"),
]


@pytest.mark.parametrize(("builtin", "data"), FAILS)
def test_it_is_found(builtin: str, data: bytes) -> None:
    assert list(OF_FILE[builtin](data, b""))


@pytest.mark.parametrize(("builtin", "data"), PASSES)
def test_it_is_fine(builtin: str, data: bytes) -> None:
    assert list(OF_FILE[builtin](data, b"")) == []


@pytest.mark.parametrize("parse", [invalid_json, invalid_toml, invalid_xml, invalid_yaml])
def test_a_file_too_large_to_parse_does_not_pass(parse) -> None:
    (flaw,) = parse(b" " * (5 * 1024 * 1024), b"")
    assert "more than" in flaw.detail


def test_flaws_say_where() -> None:
    (flaw,) = invalid_json(b'{\n "a": }', b"")
    assert (flaw.line, flaw.column) == (2, 7)
    (flaw,) = invalid_xml(b"<a>\n</b>", b"")
    assert flaw.line == 2
    (flaw,) = OF_FILE["mixed-line-endings"](b"a\nb\nc\r\n", b"")
    assert flaw.line == 3


def test_what_was_so_before_is_not_this_changes_fault() -> None:
    for builtin, data in FAILS[15:21]:
        assert list(OF_FILE[builtin](data + b"more\n", data)) == []


def test_marks_of_a_conflict() -> None:
    assert list(conflict_marks(b"<<<<<<< a\nx\n||||||| b\n=======\n>>>>>>> c")) == [
        (1, "<<<<<<<"),
        (3, "|||||||"),
        (5, ">>>>>>>"),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_marks_stand_on_the_line_that_editors_show(end: bytes) -> None:
    assert list(conflict_marks(end.join([b"x", b"y", b"<<<<<<< a"]))) == [(3, "<<<<<<<")]


def test_a_file_full_of_conflicts_is_told_a_hundred_times() -> None:
    told = list(OF_FILE["merge-conflict"](b"<<<<<<< a\r" * 100_000, b""))
    assert [flaw.line for flaw in told] == list(range(1, 101))


def test_line_ends_are_counted_by_kind() -> None:
    assert line_ends(b"a\r\nb\nc\rd\r\r\n") == {b"\r\n": 2, b"\n": 1, b"\r": 2}


def conflicts(old: dict, new: dict) -> list[str]:
    return [path for path, _ in case_conflicts(change_of(old, new))]


def test_paths_that_differ_in_case_alone() -> None:
    assert conflicts({"README": b""}, {"README": b"", "readme": b""}) == ["readme"]
    assert conflicts({"src/a": b""}, {"src/a": b"", "Src/b": b""}) == ["Src/b"]
    assert conflicts({}, {"a/É": b"", "a/é": b""}) == ["a/É", "a/é"]
    # macOS takes the composed and the decomposed form for one name.
    assert conflicts({}, {"\u00e9": b"", "e\u0301": b""}) != []


def test_a_rename_in_case_alone_is_no_conflict() -> None:
    assert conflicts({"README": b""}, {"readme": b""}) == []
    assert conflicts({"Src/a": b"", "Src/b": b""}, {"src/a": b"", "src/b": b""}) == []


def test_an_old_conflict_is_not_told_again() -> None:
    old = {"A": b"", "a": b""}
    assert conflicts(old, {**old, "b": b""}) == []


def test_broken_links() -> None:
    def broken(new: dict) -> list[str]:
        return [path for path, _ in broken_symlinks(change_of({"there": b""}, new))]

    assert broken({"there": b"", "l": link("there")}) == []
    assert broken({"l": link("there")}) == ["l"]
    assert broken({"a/f": b"", "l": link("a")}) == []
    assert broken({"a/f": b"", "m": link("a"), "l": link("m/f")}) == []
    assert broken({"a/f": b"", "m": link("a"), "l": link("m/g")}) == ["l"]
