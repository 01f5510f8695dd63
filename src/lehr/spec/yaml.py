"""YAML 1.2 without aliases, which could make a few lines mean a billion parts."""

from __future__ import annotations

from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from .limits import DEEPEST, MOST_NUMBERS, MOST_PARTS

_MOST_NODES = MOST_NUMBERS + 20 * MOST_PARTS
"""Nodes that the largest spec has, and more: reading stops there, because YAML is slow to read."""


class _Composer(Composer):
    _nodes = 0

    def compose_node(self, parent: object, index: object) -> object:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise YAMLError(f"it has more than {_MOST_NODES:,} nodes")
        event = self.parser.peek_event()
        if event.anchor is not None:
            name = "alias *" if isinstance(event, AliasEvent) else "anchor &"
            raise YAMLError(
                f"line {event.start_mark.line + 1} has the {name}{event.anchor}; write the part out where it is used"
            )
        return super().compose_node(parent, index)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Composer
    yaml.max_depth = 4 * DEEPEST
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared as None
    return yaml


def load(text: str) -> object:
    try:
        return _yaml().load(text)
    except MaxDepthExceededError:
        raise RecursionError from None


def dump(data: object) -> str:
    stream = StringIO()
    _yaml().dump(data, stream)
    return stream.getvalue()
