"""The claim language a second time, for tests: plain definitions, dense matrices, ball arithmetic, Taylor polynomials.

It shares with pgsym what is read (models, policies, trees of claims) and nothing that computes.
"""
