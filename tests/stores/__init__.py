"""Stores that earlier versions left in the middle of a sprint, and their sprints' ends."""
