"""The test harness: whole bots under faults, kills and load, and checks of how their sprints end."""
