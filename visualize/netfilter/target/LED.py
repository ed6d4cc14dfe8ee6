"""`-j LED`: blinks a light (led_tg in xt_LED.c).

    -A INPUT -j LED --led-trigger-id ssh --led-delay 1000
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import Passive, passive

OPTIONS = "--led-trigger-id --led-delay --led-always-blink"


def bind(clause: Clause, family: str) -> Passive:
    """Bind `-j LED`: the walk goes on."""
    return passive(clause, OPTIONS)
