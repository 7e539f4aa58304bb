"""JupyterLab as `make lab` opens it on a clone, in a real browser, with the network off."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lenet.plan import sources
from tests.chromium import launched
from tests.copied_tree import NOWHERE, PROXIES, wait_until

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[1]
SECONDS = 180
CHARTS = ".jp-OutputArea-output svg.marks"
SHOTS = os.environ.get("LENET_SHOTS")  # a folder for pictures of what was seen
# As a person may have it, who works in a container.
OPEN_TO_ALL = """
c.IdentityProvider.token = ""
c.PasswordIdentityProvider.password_required = False
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.allow_origin = "*"
c.ServerApp.disable_check_xsrf = True
"""
DIGEST = "from lenet.plan import sources; print(sources.digest('lr_study'))"


def git(folder, *words):
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def digest(folder):
    """What the runs of lr_study are compared with, in a clone."""
    command = [sys.executable, "-c", DIGEST]
    known = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A git clone of the project as it lies here, with nothing changed."""
    source = tmp_path_factory.mktemp("source")
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard")
    for name in filter(os.path.isfile, listed.splitlines()):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message", "As it lies here")
    folder = tmp_path_factory.mktemp("clones") / "lenet report"
    git(source, "clone", "--quiet", str(source), str(folder))
    return folder


@pytest.fixture(scope="module")
def lab(clone):
    """The address of `make lab`, with its token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The environment is there already.
    made = [f"PY={sys.executable}", "STAMP=Makefile"]
    command = ["make", "lab", *made, f"ARGS=--no-browser --ServerApp.port={port}"]
    home = clone.parent / "home"
    own = {**dict.fromkeys(PROXIES, NOWHERE), "HOME": str(home), "no_proxy": "127.0.0.1"}
    known = {name: value for name, value in os.environ.items() if name != "LENET_DATA"}
    settings = home / ".jupyter" / "jupyter_server_config.py"
    settings.parent.mkdir(parents=True)
    settings.write_text(OPEN_TO_ALL)
    log = clone.parent / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            command,
            cwd=clone,
            env={**known, **own},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pattern = re.compile(r"http://127\.0\.0\.1:\d+/lab/\S*\?token=\w+")
    try:
        yield wait_until(lambda: pattern.search(log.read_text()), SECONDS, "an address")[0]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def answer(lab, path, token):
    """The status with which it answers a request, and where it leads."""
    place = urlsplit(lab)
    with closing(http.client.HTTPConnection(place.hostname, place.port)) as server:
        server.request("GET", path, headers={"Authorization": f"token {token}"})
        told = server.getresponse()
        return told.status, told.getheader("Location", "")


@pytest.mark.parametrize("path", ["/api/contents", "/api/kernels", "/api/terminals"])
def test_who_has_not_its_token_is_refused(lab, path):
    assert answer(lab, path, "wrong")[0] == 403


def test_who_has_its_token_alone_comes_in(lab):
    for path in ("/lab", "/files/README.md"):
        status, place = answer(lab, path, "wrong")
        assert (status, place.partition("?")[0]) == (302, "/login")
    token = parse_qs(urlsplit(lab).query)["token"][0]
    assert answer(lab, "/lab", token)[0] == 200
    assert answer(lab, "/api/contents", token)[0] == 200


@pytest.fixture(scope="module")
def browser(lab):
    with launched() as browser:
        yield browser


@pytest.fixture
def opened(browser, lab):
    """open(notebook) -> the page on which all its cells were told to run."""
    context = browser.new_context(viewport={"width": 1300, "height": 3000})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    said = []
    page.on("console", lambda message: said.append((message.type, message.text)))

    def open_notebook(name):
        # In a workspace of its own, or JupyterLab would open what was open before as well.
        place = f"/lab/workspaces/{name}/tree/play/{name}.ipynb?"
        page.goto(lab.replace("/lab/tree/play?", place))
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=SECONDS * 1000)
        page.wait_for_selector("text=| Idle", timeout=SECONDS * 1000)
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
        page.get_by_text("Run All Cells", exact=True).click()
        return page

    yield open_notebook
    hosts = {urlsplit(url).hostname for url in asked}
    assert hosts <= {"127.0.0.1", None}, hosts
    assert [text for kind, text in said if kind == "error"] == []
    context.close()


def photograph(page, name):
    """Keep a picture for whoever wants to look."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS, f"{name}.png"))


def grown(page, done, places=CHARTS):
    """How many points the first of the charts had, in the order of time, until `done` is seen."""
    counts = []

    def finished():
        chart = page.locator(places).first
        counts.append(chart.locator(".mark-symbol path").count())
        return page.get_by_text(done).count()

    wait_until(finished, SECONDS, done)
    return counts


def hover(page, chart):
    """What a chart's third point tells under the mouse."""
    box = chart.locator(".mark-symbol path").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#vg-tooltip-element.visible")
    return page.locator("#vg-tooltip-element").inner_text()


def zoom(page, chart):
    """Turn the wheel over a chart: it zooms with Control alone, until a double click."""

    def axes():
        return set(chart.locator(".role-axis-label text").all_text_contents())

    def turn():
        chart.hover()
        page.mouse.wheel(0, -300)

    whole = axes()
    turn()
    page.wait_for_timeout(500)
    assert axes() == whole
    page.keyboard.down("Control")
    turn()
    page.keyboard.up("Control")
    wait_until(lambda: axes() != whole, SECONDS, "other axes")
    photograph(page, "zoomed")
    chart.dblclick()
    wait_until(lambda: axes() == whole, SECONDS, "the axes as they were")


def pick(page, chart):
    """Click on the first name of a legend, then beside the plot: faint curves come and go."""

    def faint():
        return chart.locator(".mark-line path[opacity='0.1']").count()

    curves = chart.locator(".mark-line path").count()
    assert curves > 1
    assert faint() == 0
    chart.locator(".role-legend-label text").first.click()
    wait_until(lambda: faint() == curves - 1, SECONDS, "faint curves")
    photograph(page, "picked")
    chart.click(position={"x": 2, "y": 2})
    wait_until(lambda: faint() == 0, SECONDS, "all curves as they were")


def shown_image(page):
    """The picture of what the network is shown."""
    return page.locator(f"{CHARTS} image").first.evaluate("node => node.outerHTML")


def drag(page, *places):
    """Move the mouse through these places with its button held."""
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def test_a_study_is_run_by_menu_and_its_curves_grow(opened, clone):
    before = digest(clone)
    played = clone / "play" / "lr_study.ipynb"
    # A person turns a parameter.
    played.write_text(played.read_text().replace("epochs: int = 3", "epochs: int = 12"))
    typed = sources.cells(played.read_bytes())
    page = opened("lr_study")
    counts = grown(page, "Networks that learnt: 2 of 2; after epoch 12")
    assert len({count for count in counts if count}) > 1
    assert "error" in hover(page, page.locator(CHARTS).last)
    zoom(page, page.locator(CHARTS).last)
    pick(page, page.locator(CHARTS).last)
    photograph(page, "lr_study")
    page.keyboard.press("Control+s")
    wait_until(lambda: "Networks that learnt: 2" in played.read_text(), SECONDS, "saved")
    # Saved among the notebooks themselves, it would make no run stale.
    assert sources.cells(played.read_bytes()) == typed
    assert git(clone, "status", "--porcelain") == ""
    assert digest(clone) == before


def test_one_explores_with_sliders_and_mouse(opened, clone):
    page = opened("explore")
    page.wait_for_selector("canvas", timeout=SECONDS * 1000)
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector("text=its validation error is", timeout=SECONDS * 1000)
    slider = page.locator(".noUi-handle").first.bounding_box()
    drag(page, (slider["x"] + 5, slider["y"] + 5), (slider["x"] - 40, slider["y"] + 5))
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector(f"{CHARTS} >> text=/2: learning rate 0\\.0/", timeout=SECONDS * 1000)
    page.wait_for_selector("text=After epoch 3 its validation error is", timeout=SECONDS * 1000)
    assert page.locator(CHARTS).first.locator(".mark-symbol path").count() >= 8
    assert "error" in hover(page, page.locator(CHARTS).first)
    zoom(page, page.locator(CHARTS).first)
    paper = page.locator("canvas").first.bounding_box()
    x, y = paper["x"], paper["y"]
    before = shown_image(page)
    drag(page, (x + 60, y + 50), (x + 160, y + 50), (x + 90, y + 190))
    wait_until(lambda: shown_image(page) != before, SECONDS, "another image")
    assert "The network says" in page.locator(CHARTS).last.text_content()
    photograph(page, "explore")
    page.get_by_role("button", name="Watch it diverge").click()
    page.wait_for_selector("text=It diverged", timeout=SECONDS * 1000)
    page.wait_for_selector(f"{CHARTS} >> text=The network has diverged")
    photograph(page, "explore-diverged")
    page.keyboard.press("Control+s")
    assert git(clone, "status", "--porcelain") == ""
