"""The claim language: trees, their text, their LaTeX, and what makes sense."""

from pgsym.claims.language.parse import parse as parse
from pgsym.claims.language.tree import Claim as Claim
from pgsym.claims.language.tree import Statement as Statement
from pgsym.claims.language.tree import equal as equal
