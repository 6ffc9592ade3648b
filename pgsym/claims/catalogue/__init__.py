"""The catalogue: named theorems and famous false statements, each a text of the claim language."""

from pgsym.claims.catalogue.registry import catalogue as catalogue
from pgsym.claims.catalogue.registry import theorem as theorem
from pgsym.claims.catalogue.registry import theorem_names as theorem_names
from pgsym.claims.catalogue.theorem import Findings as Findings
from pgsym.claims.catalogue.theorem import Theorem as Theorem
