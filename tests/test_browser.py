"""The page in a real browser without a network: drawn whole, silent, readable by everyone."""

import os
import runpy
import shutil
from pathlib import Path

import pytest

from lenet import publish

pytestmark = pytest.mark.browser
build = runpy.run_path(str(Path(__file__).parent / "toy_report.py"))["build"]
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    publish.publish(build(folder, preview=True), folder, date="1 May 2026", preview="Not the study.")
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser(address):  # the report first: playwright's event loop would stand in its kernel's way
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail("no Chromium: install the package chromium, or name one in $CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, address):
    """Return open(width, scheme, **context) -> the page and what it complained of or asked for."""
    contexts = []

    def open_page(width="desk", scheme="light", **options):
        size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        context = browser.new_context(offline=True, color_scheme=scheme, viewport=size, **options)
        contexts.append(context)
        page, noise = context.new_page(), []
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("dialog", lambda dialog: (noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: noise.append(request.url))
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.wait_for_function("document.querySelectorAll('figure.live').length === Object.keys(charts).length")
        return page, [line for line in noise if not line.startswith(("data:", address))]

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_chart_is_drawn_and_nothing_is_asked_for(opened, width, scheme):
    page, noise = opened(width, scheme)
    assert noise == []
    for figure in page.locator("figure").all():
        box = figure.locator(".chart svg").bounding_box()
        assert box["height"] > 150
        assert 250 < box["width"] <= WIDTHS[width][0]
        assert figure.locator(".chart svg path").count() > 10
        assert not figure.locator("img").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[width][0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(opened, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, _ = opened(width, scheme)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")] == []


def test_panels_stand_side_by_side_on_a_desk_and_below_each_other_on_a_phone(opened):
    shape = {}
    for width in WIDTHS:
        page, _ = opened(width)
        titles = (
            page.locator("#fig-runtime svg text", has_text="Filters"),
            page.locator("#fig-runtime svg text", has_text="Parameters"),
        )
        (left, right) = (title.first.bounding_box() for title in titles)
        shape[width] = right["y"] - left["y"]
    assert abs(shape["desk"]) < 5
    assert shape["phone"] > 100


def test_ink_follows_the_scheme(opened):
    inks = set()
    for scheme in ("light", "dark"):
        page, _ = opened(scheme=scheme)
        label = page.locator("#fig-curves .role-axis-label text").first
        inks.add(label.evaluate("node => getComputedStyle(node).fill"))
    assert len(inks) == 2


def test_a_point_tells_its_numbers(opened):
    page, _ = opened()
    point = page.locator("#fig-runtime .mark-symbol path").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#vg-tooltip-element.visible", timeout=5000)
    assert "seconds" in page.locator("#vg-tooltip-element").inner_text()


def test_a_click_on_a_name_brings_its_curve_out(opened):
    page, _ = opened()
    lines = page.locator("#fig-curves .mark-line path")
    before = [line.get_attribute("opacity") for line in lines.all()]
    page.locator("#fig-curves .mark-text text", has_text="rate 0.001").first.click()
    page.wait_for_timeout(300)
    after = [line.get_attribute("opacity") for line in lines.all()]
    faded = [float(now) < float(then) for then, now in zip(before, after, strict=True)]
    assert any(faded)
    assert not all(faded)


def test_a_script_in_a_text_does_not_run_even_when_put_there(opened):
    page, noise = opened()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data:, onerror=\"window.ran = true\">')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None


def test_without_scripts_and_on_paper_the_static_charts_stand_in(opened):
    page, noise = opened(java_script_enabled=False)
    assert noise == []
    assert all(image.is_visible() for image in page.locator("figure img").all())
    page, _ = opened()
    page.emulate_media(media="print")
    assert all(image.is_visible() for image in page.locator("figure img").all())
    assert not page.locator(".chart").first.is_visible()


def test_contents_stand_at_the_side_on_a_desk_and_above_on_a_phone(opened):
    desk, phone = opened("desk")[0], opened("phone")[0]
    nav, text = (desk.locator(name).bounding_box() for name in ("nav", "main"))
    assert nav["x"] + nav["width"] <= text["x"]
    nav, text = (phone.locator(name).bounding_box() for name in ("nav", "main"))
    assert nav["y"] + nav["height"] <= text["y"]
