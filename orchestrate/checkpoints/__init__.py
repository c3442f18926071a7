"""Exact working trees as commits: capture, chain, compare, roll back."""
