"""What an event means: the switchboard, the commands, the labels (pure)."""
