"""Which kind of bundle it is: each reader is asked in turn, the most particular first."""

from snapshot.bundle import insights, own, plain, sosreport, supportconfig
from snapshot.bundle.bundle import Bundle
from snapshot.raw import RawSnapshot

_READERS = (own.recognise, sosreport.recognise, insights.recognise, supportconfig.recognise, plain.recognise)


def recognise(raw: RawSnapshot) -> Bundle:
    """The bundle, understood; `plain` takes whatever no other reader knows."""
    for reader in _READERS:
        found = reader(raw)
        if found is not None:
            return found
    raise AssertionError("plain takes every bundle")
