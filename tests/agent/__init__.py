"""Attempts of agents, on real repositories and real processes."""
