"""Gitea's dialect: its REST under /api/v1 and its webhooks."""
