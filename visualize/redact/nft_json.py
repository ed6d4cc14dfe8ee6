"""`nft -j list ruleset`: names of tables, chains, sets and objects, comments, prefixes and users by the key that they stand under."""

import json
from typing import Any

from visualize.redact.formats import OWN_TABLES, chain_name, with_length
from visualize.redact.redactor import Redactor
from visualize.redact.words import Kind

_OBJECTS = frozenset({"counter", "quota", "limit", "flowtable", "secmark", "synproxy", "ct helper", "ct timeout", "ct expectation", "ct count"})
_SETS = frozenset({"set", "map", "element", "meter"})
_USERS = frozenset({"skuid", "skgid"})


def nft_json(text: str, redactor: Redactor) -> str:
    """The ruleset with its names replaced, as the text beside it has them."""
    return json.dumps(_value(json.loads(text), "", "", redactor)) + "\n"


def _value(value: Any, key: str, parent: str, redactor: Redactor) -> Any:
    """`key` is what the value stands under, `parent` what that key's object stands under."""
    if isinstance(value, str):
        return _name(value, key, parent, redactor)
    if isinstance(value, list):
        return [_value(one, "", key, redactor) for one in value]  # `{"set": ["eth1", "eth2"]}`: members, not names
    if not isinstance(value, dict):
        return value
    found = {name: _value(one, name, key, redactor) for name, one in value.items()}
    if isinstance(value.get("addr"), str) and isinstance(value.get("len"), int):
        found["addr"] = with_length(value["addr"], value["len"], redactor)
    if key == "match" and _of_user(value.get("left")) and isinstance(value.get("right"), str):
        found["right"] = redactor.words(Kind.USER, value["right"])
    return found


def _of_user(left: Any) -> bool:
    return isinstance(left, dict) and isinstance(left.get("meta"), dict) and left["meta"].get("key") in _USERS


def _name(value: str, key: str, parent: str, redactor: Redactor) -> str:
    words = redactor.words
    if value.startswith("@"):
        return "@" + words(Kind.OBJECT if key == "flowtable" or parent == "flow" else Kind.SET, value[1:])
    if key == "table" or (key == "name" and parent == "table"):
        return value if value in OWN_TABLES else words(Kind.TABLE, value)
    if key in ("chain", "target") or (key == "name" and parent == "chain"):
        return chain_name(value, redactor)
    if key == "comment":
        return words(Kind.COMMENT, value)
    if key == "prefix" and parent == "log":
        return words(Kind.LOG, value)
    if key == "set" or (key == "name" and parent in _SETS):
        return words(Kind.SET, value)
    if key in _OBJECTS or (key == "name" and parent in _OBJECTS):
        return words(Kind.OBJECT, value)
    return redactor.text(value)
