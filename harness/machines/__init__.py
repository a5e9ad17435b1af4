"""Hypothesis rule machines: stories that nobody wrote, shrunk to the shortest that still breaks a rule."""
