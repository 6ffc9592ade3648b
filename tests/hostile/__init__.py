"""Hostile input: texts that nobody means well with, what reads them, and a watch on what reading does."""
