"""One file per command, named after it: parse(text) -> frozen records. Knows nothing of files."""
