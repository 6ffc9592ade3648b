"""pgsym in a browser, without installation.

build    the folder that `pgsym playground` writes: Pyodide, the packages, pgsym, and the page
engine   what the page asks of pgsym beyond the editor of `pgsym.model.editor`, in JSON
page     the page around the editor, its worker, and the script that compiles Python for the browser
"""
