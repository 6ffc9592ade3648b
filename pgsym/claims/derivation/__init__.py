"""Derivations: chains of expressions with reasons, decided line by line and written as pages.

handout    the proofs in symbols, and the document on one model
instance   the lines of a proof for one model; fold does the trivial steps and turns formulas into trees
closed     the closed forms of one model; equations says what they are made of where they are long
model_tables  what a model is: picture, tables, values
record     the derivation itself; plain, latex, markdown and html write it, from what layout makes of chains and prose
"""

from pgsym.claims.checking import Checked as Checked
from pgsym.claims.derivation.handout import derive as derive
from pgsym.claims.derivation.handout import general as general
from pgsym.claims.derivation.record import Derivation as Derivation
