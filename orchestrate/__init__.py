"""A git-native orchestrator and guardrail for coding agents."""

__version__ = "0.1.0"
