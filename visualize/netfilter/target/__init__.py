"""One file per `-j NAME`: `bind(clause, family)` returns a bound target, or raises BindError for an option it does not know."""
