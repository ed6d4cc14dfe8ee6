"""Native nftables rules: their expressions bound to what they say of a packet, walked by the same loop as iptables' rules."""
