"""The neighbours: other libraries, in and out; docs/neighbours.md has a recipe for each.

File formats are in `pgsym.model.formats`, Storm's and stormvogel's models in `pgsym.model.files.storm`.
"""
