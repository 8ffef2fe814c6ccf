"""From a described model to a graph of elementary operations, nested models flattened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checker.evidence import Graph, Operation, Shape

CHANNELS_FIRST = "channels_first"


@dataclass(slots=True)
class Node:
    """One elementary operation: ``kind`` and ``settings`` say what it computes, ``source`` where it was written.

    ``inputs`` are positions of other nodes in the graph. ``shape`` is the output's, without the batch axis, with the
    channels last whatever the layout was.
    """

    kind: str
    settings: dict[str, Any]
    inputs: list[int]
    shape: Shape
    source: Operation
    dead: bool = False


@dataclass(slots=True)
class Flat:
    """Nodes in topological order, ``inputs`` and ``outputs`` by position; ``layout`` as the model has it."""

    nodes: list[Node]
    inputs: list[int]
    outputs: list[int]
    layout: str

    def users(self, position: int) -> list[int]:
        """The nodes that read ``position``."""
        return [number for number, node in enumerate(self.nodes) if not node.dead and position in node.inputs]

    def bypass(self, position: int) -> None:
        """Take out a node of one input: its users read its input instead."""
        node = self.nodes[position]
        node.dead = True
        for other in self.nodes:
            other.inputs = [node.inputs[0] if source == position else source for source in other.inputs]
        self.outputs = [node.inputs[0] if output == position else output for output in self.outputs]

    def insert_after(self, position: int, node: Node) -> int:
        """Put ``node`` between ``position`` and all its users."""
        users = self.users(position)
        self.nodes.append(node)
        new = len(self.nodes) - 1
        node.inputs = [position]
        for user in users:
            self.nodes[user].inputs = [new if source == position else source for source in self.nodes[user].inputs]
        self.outputs = [new if output == position else output for output in self.outputs]
        return new

    def ordered(self) -> list[Node]:
        """The living nodes in depth-first order from the outputs, their inputs renumbered to that order."""
        order: list[int] = []

        def visit(position: int) -> None:
            if position not in order:
                for source in self.nodes[position].inputs:
                    visit(source)
                order.append(position)

        for output in self.outputs:
            visit(output)
        numbers = {position: number for number, position in enumerate(order)}
        nodes = [self.nodes[position] for position in order]
        for node in nodes:
            node.inputs = [numbers[source] for source in node.inputs]
        self.outputs = [numbers[output] for output in self.outputs]
        self.inputs = [numbers[start] for start in self.inputs if start in numbers]
        self.nodes = nodes
        return nodes


def flatten(graph: Graph) -> Flat:
    """One graph of all operations, those of nested models in their place."""
    operations: list[tuple[Operation, list[int]]] = []

    def inline(inner: Graph, given: list[int]) -> list[int]:
        place: dict[int, int] = dict(zip(inner.inputs, given, strict=False))
        for operation in inner.operations:
            if operation.id in place:
                continue
            sources = [place[source] for source in operation.inputs]
            if operation.nested is not None:
                place[operation.id] = inline(operation.nested, sources)[0]
            else:
                operations.append((operation, sources))
                place[operation.id] = len(operations) - 1
        return [place[output] for output in inner.outputs]

    outputs = inline(graph, [])
    layout = _layout([operation for operation, _sources in operations])
    nodes = [
        Node(
            operation.kind, dict(operation.config), sources, _canonical(operation.output_shape, layout), operation
        )
        for operation, sources in operations
    ]
    inputs = [number for number, node in enumerate(nodes) if node.kind == "InputLayer"]
    return Flat(nodes, inputs, outputs, layout)


def _layout(operations: list[Operation]) -> str:
    """The layout of the layers that have windows: convolutions and pooling."""
    layouts = [
        operation.config["data_format"]
        for operation in operations
        if operation.config.get("data_format") and operation.kind != "Flatten"
    ]
    return CHANNELS_FIRST if CHANNELS_FIRST in layouts else "channels_last"


def _canonical(shape: Shape, layout: str) -> Shape:
    """``shape`` without its batch axis, the channels last."""
    inner = tuple(shape[1:])
    return (*inner[1:], inner[0]) if layout == CHANNELS_FIRST and len(inner) >= 3 else inner
