"""Pure functions from the index to answers: figures, waste and its causes, history, rules."""
