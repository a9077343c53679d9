"""The web process: the webhook door, health and receipts, and the shell's HTTP surface."""
