"""The test harness: whole bots under faults, kills and load, and what became of their sprints."""
