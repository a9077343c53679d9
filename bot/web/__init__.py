"""The web process: the webhook endpoint, health and receipts, and the shell's HTTP surface."""
