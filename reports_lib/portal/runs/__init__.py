"""The page of a run, how it goes on, and what can be done with it."""
