"""How `check` and `verify` are told to report."""

import click

from orchestrate.checks import render

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(list(render.FORMATS)),
    default="text",
    help="How findings are written to standard output.",
)
json_format_option = click.option(
    "--json", "as_json", is_flag=True, help="The same as --format json."
)
strict_option = click.option(
    "--strict", is_flag=True, help="Exit with 1 for findings that need review too."
)
