"""Entry points for git hooks and for agents' own hooks. Importing this package imports nothing."""
