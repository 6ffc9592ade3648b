"""Coq sources: theorems for every finite Markov decision process, which certificates use."""
