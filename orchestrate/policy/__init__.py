"""Pure: config, rules, roles and templates, parsed from the bytes of one commit and validated."""
