"""From a foreign bundle to placed files: one reader a kind."""
