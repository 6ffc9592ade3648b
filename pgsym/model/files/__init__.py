"""Model files, YAML or JSON: untrusted text to a `Problem` and back without loss.

reading   text to plain values, bounded in size, depth and number of formulas
schema    the shape of a document, and its errors in our words
compose   document to Problem; which state or action a key means
document  Problem to document; the text of a model file
node_link, graphml, drn, storm: other formats; `pgsym.model.formats` has the table of them all
"""

from pgsym.model.files.document import dumps as dumps
from pgsym.model.files.document import from_document as from_document
from pgsym.model.files.document import loads as loads
from pgsym.model.files.document import to_document as to_document
