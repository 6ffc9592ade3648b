"""How results are shown: plain data, terminal tables, files, and the report.  Computes nothing."""
