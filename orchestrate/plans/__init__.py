"""Pure: plans, tasks, attempts, their states and what to do next. No git, no clock, no process."""
