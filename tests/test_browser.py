"""The page in a real browser without a network: drawn whole, silent, readable by everyone."""

import runpy
from pathlib import Path

import pytest

from tests.chromium import launched

pytestmark = pytest.mark.browser
build = runpy.run_path(str(Path(__file__).with_name("toy_report.py")))["build"]
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
READY = (
    "document.querySelectorAll('figure.live').length === document.querySelectorAll('figure').length"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    build(folder, preview=True)
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser(address):  # the report first: playwright's event loop would stand in its kernel's way
    with launched() as browser:
        yield browser


@pytest.fixture
def opened(browser, address):
    """open(width, scheme, **context) -> the page, and what it complained of or asked for."""
    contexts = []

    def open_page(width="desk", scheme="light", **options):
        size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
        context = browser.new_context(offline=True, color_scheme=scheme, viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        noise = []
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("dialog", lambda dialog: (noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: noise.append(request.url))
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.wait_for_function(READY)
        return page, [line for line in noise if not line.startswith(("data:", address))]

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_every_chart_is_drawn_and_nothing_is_asked_for(opened, width, scheme):
    page, noise = opened(width, scheme)
    assert noise == []
    for figure in page.locator("figure").all():
        box = figure.locator(".chart svg").bounding_box()
        assert box["height"] > 40
        assert 250 < box["width"] <= WIDTHS[width][0]
        assert not figure.locator("img").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[width][0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(opened, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, _ = opened(width, scheme)
    found = Axe().run(page).response["violations"]
    grave = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in grave] == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("#fig-left", "#fig-right"),
        ("#fig-pair svg .concat_0_group", "#fig-pair svg .concat_1_group"),
    ],
)
def test_neighbours_stand_side_by_side_on_a_desk_and_below_each_other_on_a_phone(
    opened, first, second
):
    fall = {}
    for width in WIDTHS:
        page, _ = opened(width)
        tops = [page.locator(name).first.bounding_box()["y"] for name in (first, second)]
        fall[width] = tops[1] - tops[0]
    assert abs(fall["desk"]) < 5
    assert fall["phone"] > 100


def test_ink_follows_the_scheme(opened):
    inks = set()
    for scheme in ("light", "dark"):
        page, _ = opened(scheme=scheme)
        label = page.locator("#fig-curves .role-axis-label text").first
        inks.add(label.evaluate("node => getComputedStyle(node).fill"))
    assert len(inks) == 2


def test_a_point_tells_its_numbers(opened):
    page, _ = opened()
    point = page.locator("#fig-curves .mark-symbol path").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#vg-tooltip-element.visible", timeout=5000)
    assert "validation_error" in page.locator("#vg-tooltip-element").inner_text()


def test_a_reader_moves_an_edge_and_the_verdict_follows(opened):
    page, noise = opened()
    slider = page.locator("#fig-reader input[type=range]")
    verdict = page.locator("#fig-reader svg text", has_text="hold")
    assert verdict.inner_html() == "holds"
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    assert verdict.inner_html() == "does not hold"
    assert noise == []


def test_a_script_in_a_text_does_not_run_even_when_put_there(opened):
    page, _ = opened()
    image = "'<img src=data:, onerror=\"window.ran = true\">'"
    page.evaluate(f"document.body.insertAdjacentHTML('beforeend', {image})")
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
    desk, _ = opened("desk")
    phone, _ = opened("phone")
    nav, text = (desk.locator(name).bounding_box() for name in ("nav", "main"))
    assert nav["x"] + nav["width"] <= text["x"]
    nav, text = (phone.locator(name).bounding_box() for name in ("nav", "main"))
    assert nav["y"] + nav["height"] <= text["y"]


def test_a_preview_says_so_above_the_text_and_above_every_chart(opened):
    page, _ = opened()
    assert "DRAFT" in page.locator("p.label").inner_text()
    for figure in page.locator("figure").all():
        assert "DRAFT" in figure.locator(".chart svg .role-title-text").first.inner_html()
