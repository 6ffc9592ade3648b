"""How results are shown: plain data, terminal tables, files.  Computes nothing."""
