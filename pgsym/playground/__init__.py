"""pgsym in a browser, without installation.

build    the folder that `pgsym playground` writes: Pyodide, the packages, pgsym, and the page
engine   what the page asks of pgsym, in JSON
page     the page itself, its worker, and the script that compiles Python for the browser
"""
