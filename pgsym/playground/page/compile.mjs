// node compile.mjs PYODIDE SITE: the Python files below SITE become bytecode beside them.
const [runtime, site] = process.argv.slice(2);
const { loadPyodide } = await import(`file://${runtime}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: `${runtime}/` });
python.FS.mkdirTree("/site");
python.mountNodeFS("/site", site);
python.runPython(`
import compileall
from py_compile import PycInvalidationMode

if not compileall.compile_dir(
    "/site", maxlevels=99, quiet=1, legacy=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, stripdir="/site"
):
    raise SystemExit("a file does not compile")
`);
