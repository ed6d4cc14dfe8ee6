"""Redaction: a snapshot that can be shown to strangers, and the proof that it still gives the same answers."""
