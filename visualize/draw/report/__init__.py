"""The report: one self-contained HTML file of a snapshot's flows, paths, rules, topology and doubts.

Python writes data and never markup of strangers' text; the page's own script turns the data into text nodes. Each distinct way is
written once, with slots where the addresses, ports and TTLs of the flows that took it are filled in (`ways.py`).
"""
