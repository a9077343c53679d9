"""The logic: one file a stage, JSON in, JSON out, examples beside it."""
