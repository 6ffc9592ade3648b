"""Estimators of grad J as random vectors on a run, and their exact laws."""
