"""What a pattern cannot say of a secret: a module for each kind, and a table of them all."""
