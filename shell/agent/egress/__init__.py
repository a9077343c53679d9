"""The way out of the sandbox: a proxy for each run, which connects it only to the hosts that it may reach."""
