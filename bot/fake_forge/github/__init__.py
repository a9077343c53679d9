"""GitHub's dialect: its REST under /api/github and its webhooks."""
