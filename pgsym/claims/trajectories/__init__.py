"""Random variables on a run: expanded to products over several times, and averaged by one rule over any field."""
