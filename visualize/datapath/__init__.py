"""The kernel's path for one packet through captured namespaces: receive, bridge, hooks, conntrack, NAT, routing, sending.

Pure: no file, no clock, no chance. Time is the capture's; what can't be known is a doubt.
"""
