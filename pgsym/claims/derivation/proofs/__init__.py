"""The policy gradient theorem of each objective, proved in the claim language: one text file for each."""
