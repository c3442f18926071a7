"""Kahn layers of a dependency graph, by the standard library's topological sorter."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from orchestrate.errors import InvalidInput


def waves(depends_on: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The ids by layer: a layer's tasks depend only on earlier layers. Keeps the given order.

    Raises:
        InvalidInput: an id depends on one that is not there, or there is a cycle; both are named.
    """
    for task, dependencies in depends_on.items():
        for dependency in dependencies:
            if dependency not in depends_on:
                raise InvalidInput(
                    f"task '{task}' depends on '{dependency}', which is not in the plan",
                    hint=f"the plan's tasks are: {', '.join(list(depends_on)[:20])}",
                )
    sorter = TopologicalSorter(depends_on)
    try:
        sorter.prepare()
    except CycleError as error:
        # graphlib lists the cycle against the arrows "depends on"; turned it reads forwards.
        cycle = " -> ".join(reversed(error.args[1]))
        raise InvalidInput(f"the tasks depend on each other in a cycle: {cycle}") from None
    order = {task: place for place, task in enumerate(depends_on)}
    layers = []
    while sorter.is_active():
        layer = sorted(sorter.get_ready(), key=order.__getitem__)
        sorter.done(*layer)
        layers.append(layer)
    return layers
