"""The result block: the last complete one counts, a broken one is never taken for none."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents.result import (
    BEGIN,
    END,
    MAX_BYTES,
    BrokenResult,
    StepResult,
    parse_result,
    read_end,
)


def block(content: str) -> str:
    return f"{BEGIN}\n{content}\n{END}\n"


def test_no_block_is_no_result() -> None:
    assert parse_result("all done\n") is None
    assert parse_result(f'end with a line "{BEGIN}" and "{END}"') is None


def test_a_block_is_read_with_its_defaults() -> None:
    text = block('{"verdict": "done", "changed_files": ["a"]}')
    assert parse_result("talk\n" + text + "talk") == StepResult("done", changed_files=("a",))


def test_the_last_complete_block_wins_over_earlier_and_cut_ones() -> None:
    text = block('{"verdict": "failed"}') + block('{"verdict": "done"}') + BEGIN + "\n{"
    result = parse_result(text)
    assert isinstance(result, StepResult)
    assert result.verdict == "done"


def test_a_fence_around_the_json_and_windows_newlines_are_accepted() -> None:
    fenced = block('```json\n{"verdict": "done"}\n```')
    assert parse_result(fenced) == StepResult("done")
    assert parse_result(block('{"verdict": "done"}').replace("\n", "\r\n")) == StepResult("done")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("done", "not JSON"),
        ('{"verdict": "passed"}', "done, blocked, failed"),
        ("{}", "`verdict` is missing"),
        ("[]", "must be a map"),
        ('{"verdict": "done", "extra": 1}', "unknown field `extra`"),
        ('{"verdict": "done", "changed_files": "a"}', "must be a list"),
        ('{"verdict": NaN}', "NaN"),
        ("[" * 100_000, "not JSON"),
        (json.dumps({"verdict": "done", "summary": "x" * 5000}), "4000"),
    ],
)
def test_a_broken_block_says_what_is_wrong(content: str, says: str) -> None:
    result = parse_result(block(content))
    assert isinstance(result, BrokenResult)
    assert says in result.detail


def test_a_cut_block_is_broken() -> None:
    assert isinstance(parse_result(f"{BEGIN}\n" + '{"verdict": "done"}'), BrokenResult)


def test_only_the_end_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "output.txt"
    path.write_text(block('{"verdict": "failed"}') + "x" * MAX_BYTES)
    assert parse_result(read_end(path)) is None
    path.write_text("x" * MAX_BYTES + "\n" + block('{"verdict": "done"}'))
    assert parse_result(read_end(path)) == StepResult("done")
    assert read_end(tmp_path / "absent") == ""


@given(st.lists(st.sampled_from([BEGIN, END, '{"verdict": "done"}', "x", ""]), max_size=12))
def test_any_arrangement_gives_an_answer_and_never_a_pass_from_a_cut_block(
    lines: list[str],
) -> None:
    result = parse_result("\n".join(lines))
    if isinstance(result, StepResult):
        assert BEGIN in lines
        assert END in lines
    if BEGIN in lines:
        assert result is not None
