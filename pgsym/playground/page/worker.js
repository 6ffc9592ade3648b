// Python, off the page's thread: loads pgsym, then answers one request after the other.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const tell = (text) => postMessage({ progress: text });
const archive = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());

async function start() {
  tell("loading Python ...");
  const files = ["libraries.zip", "pgsym.zip", "unpacked.zip"].map(archive);
  const python = await loadPyodide({ indexURL: new URL("./pyodide/", import.meta.url).href });
  tell("loading pgsym ...");
  const [libraries, own, unpacked] = await Promise.all(files);
  python.FS.writeFile("/libraries.zip", libraries);
  python.FS.writeFile("/pgsym.zip", own);
  python.unpackArchive(unpacked, "zip", { extractDir: "/unpacked" });
  python.runPython(`import sys; sys.path[:0] = ["/pgsym.zip", "/libraries.zip", "/unpacked"]`);
  return python.pyimport("pgsym.playground.engine").answer;
}

const ready = start();
ready.then(() => tell("")).catch((error) => postMessage({ failed: String(error) }));

onmessage = async ({ data: { id, request } }) => {
  try {
    const answer = await ready;
    postMessage({ id, answer: JSON.parse(answer(JSON.stringify(request))) });
  } catch (error) {
    postMessage({ id, answer: { error: String(error.message ?? error), where: null } });
  }
};
