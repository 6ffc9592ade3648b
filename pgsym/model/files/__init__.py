"""Model files, YAML or JSON: untrusted text to a `Problem` and back without loss.

`reading` makes plain values of text, `schema` checks the shape, `compose` makes the Problem; `document` goes back.
`node_link`, `graphml`, `drn` and `storm` are other formats; `pgsym.model.formats` has the table of them all.
"""

from pgsym.model.files.document import dumps as dumps
from pgsym.model.files.document import from_document as from_document
from pgsym.model.files.document import loads as loads
from pgsym.model.files.document import to_document as to_document
