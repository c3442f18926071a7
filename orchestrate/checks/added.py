"""Which lines a change adds: the one definition, without an import, for hooks and engine alike."""


def surplus(before: list[bytes], after: list[bytes]) -> list[int]:
    """The indexes of the lines of `after` that `before` does not hold, counted with repetition.

    The ends that both share are left out first, so that of several equal lines the one that was
    added is named; the counts do not depend on it.
    """
    start, shared = 0, min(len(before), len(after))
    while start < shared and before[start] == after[start]:
        start += 1
    end = 0
    while end < shared - start and before[-1 - end] == after[-1 - end]:
        end += 1
    held: dict[bytes, int] = {}
    for text in before[start : len(before) - end]:
        held[text] = held.get(text, 0) + 1
    found = []
    for index in range(start, len(after) - end):
        left = held.get(after[index], 0)
        if left:
            held[after[index]] = left - 1
        else:
            found.append(index)
    return found


def added_texts(old: bytes, new: bytes) -> list[bytes]:
    """The added lines of two texts whose lines end with a newline alone."""
    after = new.split(b"\n")
    return [after[index] for index in surplus(old.split(b"\n"), after)]
