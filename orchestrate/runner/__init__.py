"""Carries a plan out: schedule, workspace, attempt, candidate, checks, merge, gates, promote."""
