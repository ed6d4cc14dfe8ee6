"""Another name for `-m icmp6`: what a rule written with `-p icmpv6 --icmpv6-type N` means without its `-m`.

    -A INPUT -p icmpv6 --icmpv6-type echo-request -j ACCEPT
"""

from visualize.netfilter.match.icmp6 import bind

__all__ = ["bind"]
