"""One file for each match."""
