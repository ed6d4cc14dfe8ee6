"""One file for each target."""
