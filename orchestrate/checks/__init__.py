"""Functions from (change, policy) to findings, and the engine that runs them."""
