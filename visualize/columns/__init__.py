"""Replay by columns: whole chunks of a capture decoded, gathered and checked as NumPy arrays, so that one walked packet stands for many.

`visualize.replay` says what a packet's way is; nothing here knows what a rule or a route means. What is proved here is only that two
connections can't differ for the replay: then one of each kind is replayed (`cache.py`), and all that is not proved is replayed as well.
"""
