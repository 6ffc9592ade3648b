"""Notes: a document with formulas goes in, each relation in it is decided, an audited document comes out."""

from pgsym.notes.audit import audit_note as audit_note
from pgsym.notes.documents import NoteDocument as NoteDocument
from pgsym.notes.result import AuditedNote as AuditedNote
