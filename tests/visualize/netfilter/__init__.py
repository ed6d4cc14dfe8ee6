"""Tests of visualize.netfilter; `case.py` explains the lines that they are made of."""
