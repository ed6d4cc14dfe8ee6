"""Bundles of every kind."""
