class TodoList:
    """A list of TODO items."""
