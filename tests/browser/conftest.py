"""One headless Chromium for all tests of a worker, and pages that may load nothing."""

import os
import shutil
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from skips import NO_CHROMIUM, demand, needs


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    playwright = needs("playwright.sync_api")
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    path = next(filter(None, found), None)
    demand(path, NO_CHROMIUM)
    # a container's root has no user namespace of its own to build the sandbox from
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as session:
        started = session.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture
def visit(browser, tmp_path):
    """A function that opens HTML from a file and collects what should not happen: errors and requests."""
    contexts = []

    def opened(html: str, width: int = 1280, **options: object) -> SimpleNamespace:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda request: request.url == path.as_uri() or wrong.append(f"request: {request.url}"))
        page.goto(path.as_uri())
        return SimpleNamespace(page=page, wrong=wrong)

    yield opened
    for context in contexts:
        context.close()
