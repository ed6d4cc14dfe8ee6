"""The five hooks of the Internet families, as the kernel's enum nf_inet_hooks orders them."""

from enum import Enum


class Hook(Enum):
    """A hook, by the name of its built-in chain."""

    PREROUTING = "PREROUTING"
    INPUT = "INPUT"
    FORWARD = "FORWARD"
    OUTPUT = "OUTPUT"
    POSTROUTING = "POSTROUTING"
