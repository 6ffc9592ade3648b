"""The claim language: trees, their text, their LaTeX, and what makes sense."""

from pgsym.claims.language.parse import parse as parse
from pgsym.claims.language.statement import Claim as Claim
from pgsym.claims.language.statement import Statement as Statement
from pgsym.claims.language.statement import equal as equal
