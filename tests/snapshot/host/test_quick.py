"""Frozen dataclasses that are made quickly are what they would be without."""

from copy import deepcopy
from dataclasses import FrozenInstanceError, dataclass, replace
from pickle import dumps, loads

import pytest

from snapshot.host.quick import copier, quick


@dataclass(frozen=True, slots=True)
class Base:
    """A plain one."""

    a: int


@quick
@dataclass(frozen=True, slots=True)
class Quick(Base):
    """One with a field of its base, and defaults."""

    b: str
    c: tuple[int, ...] = ()
    d: int | None = None


def test_it_is_made_by_place_and_by_name() -> None:
    """Defaults, order and missing arguments are those of the dataclass."""
    one = Quick(1, "x", d=4)
    assert (one.a, one.b, one.c, one.d) == (1, "x", (), 4)
    assert repr(one) == "Quick(a=1, b='x', c=(), d=4)"
    assert type(one) is Quick
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'b'"):
        Quick(1)  # type: ignore[call-arg]


def test_it_stays_frozen_equal_and_hashable() -> None:
    """Nothing can be set, and two of the same values are one."""
    one = Quick(1, "x")
    with pytest.raises(FrozenInstanceError):
        one.b = "y"  # type: ignore[misc]
    assert one == Quick(1, "x", (), None)
    assert len({one, Quick(1, "x"), Quick(2, "x")}) == 2
    assert deepcopy(one) == loads(dumps(one)) == replace(one) == one


def test_a_copy_with_other_values() -> None:
    """`copier` makes what `replace` makes, and leaves the first alone."""
    but = copier(Quick)
    one = Quick(1, "x", (2,), 3)
    assert but(one, b="y", d=None) == replace(one, b="y", d=None) == Quick(1, "y", (2,))
    assert one == Quick(1, "x", (2,), 3)
    with pytest.raises(FrozenInstanceError):
        but(one).b = "z"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        but(one, e=1)
