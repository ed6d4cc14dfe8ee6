"""iptables' own logic: three-valued matches, verdicts, the walk through a chain.  Knows nothing of routing or bridges."""
