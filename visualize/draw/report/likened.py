"""The slots of a way as a flow fills them that was not replayed: the model's values, with its own ends in the place of the model's."""

from visualize.alike import Likeness
from visualize.draw.report.slots import FIELDS
from visualize.flow import Ends

_SAME = {"src": "src", "sport": "sport", "dst": "dst", "dport": "dport", "icmp_id": "icmp_id"}
_TURNED = {"src": "dst", "sport": "dport", "dst": "src", "dport": "sport", "icmp_id": "icmp_id"}


class Likened:
    """A way of a model. In a reply's packets the ends of the first packet stand the other way round."""

    def __init__(self, way: int, values: list[str | None], like: Likeness) -> None:
        self.way = way
        side = _TURNED if like.role == "reply" else _SAME
        self._values: list[str | int | None] = []  # a number: which of the flow's ends stands here
        self._ttls = [index for index in range(len(values)) if FIELDS[index % len(FIELDS)] == "ttl"]
        for index, value in enumerate(values):
            name = side.get(FIELDS[index % len(FIELDS)])
            held = None if name is None else getattr(like.start, name)
            self._values.append(value if name is None or held is None or str(held) != value else Ends._fields.index(name))

    def values(self, start: Ends, ttl: int) -> list[str | None]:
        """The values for a flow with these ends, whose packet's TTL exceeds the model's by `ttl`."""
        texts = [None if end is None else str(end) for end in start]
        found = [texts[value] if isinstance(value, int) else value for value in self._values]
        for index in self._ttls if ttl else ():
            found[index] = str(int(found[index] or 0) + ttl)
        return found
