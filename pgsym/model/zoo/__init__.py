"""Named models with a citation each: ``zoo("short-corridor")``, ``zoo("garnet", states=20, seed=3)``."""

from pgsym.model.zoo import constructed as constructed
from pgsym.model.zoo import published as published
from pgsym.model.zoo.registry import ZooEntry as ZooEntry
from pgsym.model.zoo.registry import zoo as zoo
from pgsym.model.zoo.registry import zoo_entries as zoo_entries
from pgsym.model.zoo.registry import zoo_names as zoo_names
