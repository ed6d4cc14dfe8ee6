"""One file per `-m NAME`: `bind(clause, family)` returns a bound match, or raises BindError for an option it does not know."""
