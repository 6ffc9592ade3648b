"""Derivations: chains of expressions with reasons, decided line by line and written as pages.

general    the proofs in symbols
instance   the same lines for one model; fold does the trivial steps, formula turns closed forms into trees
closed     the closed forms of one model; equations says what they are made of where they are long
model_tables  what a model is: picture, tables, values
handout    all of it in one document
record     the derivation itself; plain, latex, markdown and html write it, from rows, lines and prose
"""

from pgsym.claims.checking import Checked as Checked
from pgsym.claims.derivation.general import general as general
from pgsym.claims.derivation.handout import derive as derive
from pgsym.claims.derivation.record import Derivation as Derivation
