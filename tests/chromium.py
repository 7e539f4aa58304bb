"""The browser of the tests: Debian's Chromium, or the one that $CHROMIUM names."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Whatever a page asks of another machine is not found.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@contextmanager
def launched() -> Iterator:
    """A browser without a network."""
    from playwright.sync_api import sync_playwright

    found = [path for path in map(shutil.which, BROWSERS) if path]
    path = os.environ.get("CHROMIUM") or next(iter(found), None)
    if path is None:
        pytest.fail("no Chromium: install the package chromium, or name one in $CHROMIUM")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", OFFLINE]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
