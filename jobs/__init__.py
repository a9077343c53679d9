"""When work happens: advance (events in), perform (actions out), attempt (one agent run), the clock."""
