"""The config.yaml that init writes says the truth about every default."""

import re
from dataclasses import replace

from orchestrate.policy.config import default_config, load_config
from orchestrate.policy.config_file import config_text
from orchestrate.policy.schema import schema


def uncommented(text: str) -> str:
    """The file as it is when someone takes the `#` of every setting away."""
    return "\n".join(
        line if re.match(r"#(?:  )* \S|#$", line) else line.removeprefix("#")
        for line in text.split("\n")
    )


def test_as_written_it_only_pins_the_rules() -> None:
    found = load_config(config_text().encode())
    assert not found.rules.shipped
    assert replace(found, rules=default_config().rules) == default_config()


def test_with_every_setting_on_nothing_changes() -> None:
    text = uncommented(config_text())
    assert load_config(text.encode()) == load_config(config_text().encode())
    for name in schema("config")["properties"]:
        assert re.search(rf"^{name}:", text, re.M), name


def test_no_line_is_longer_than_a_hundred_characters() -> None:
    assert [line for line in config_text().split("\n") if len(line) > 100] == []


def test_a_wrapped_item_is_indented_under_its_dash() -> None:
    lines = config_text().split("\n")
    items = [i for i, line in enumerate(lines) if line.startswith("# - ")]
    below = [lines[i + 1] for i in items]
    assert all(line.startswith(("# - ", "#   ", "#agents:", "#gates:")) for line in below), below
    assert any(line.startswith("#   ") for line in below)


def test_its_examples_are_accepted() -> None:
    text = "\n".join(
        line.removeprefix("# |") for line in config_text().split("\n") if line.startswith("# |")
    )
    gates = load_config(text.encode()).gates
    assert (gates.task, gates.merge) == ("fast", "merge")
    assert set(gates.profiles) == {"fast", "full", "merge"}
    assert len(re.findall(r"^# \|", config_text(), re.M)) > 10
