"""What rich displays share: an HTML table, a figure, a pandas frame.  Knows nothing of what is shown."""
