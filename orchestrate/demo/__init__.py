"""The demonstration: a small program with a bug, and a script that plays the agent."""
