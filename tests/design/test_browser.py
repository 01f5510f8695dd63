"""`lehr design` in a real Chromium: clicked, dragged, typed into, and what it would copy read back."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import lehr
from lehr import spec
from lehr.forecast import Run, fit

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
if CHROMIUM is None:
    pytest.skip("no Chromium is installed: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server in a process of its own, with a law."""
    law, at = tmp_path_factory.mktemp("law") / "law.json", np.arange(100, 10_001, 100)
    fit(Run(lehr.wsd(10_000, 200, max_lr=1e-3), at, 3 + 2 * (at / 50) ** -0.5)).write(law)
    command = [sys.executable, "-m", "lehr.cli", "design", "--no-open", "--law", str(law)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().split()[0]
        server.terminate()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """A function that opens the page; at the end, no error was logged and nothing was fetched from elsewhere."""
    contexts, problems = [], []

    def opened(link="", bypass_csp=True, **options):  # a wait for a condition is evaluated, which the page forbids
        context = browser.new_context(
            bypass_csp=bypass_csp, permissions=["clipboard-read", "clipboard-write"], **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on(
            "request", lambda asked: None if asked.url.startswith((address, "data:")) else problems.append(asked.url)
        )
        page.goto(address + link)
        page.wait_for_selector("#curve")
        page.wait_for_selector("#written:not(:empty)")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def copied(page):
    """What the page copies as one line, once it has settled."""
    page.wait_for_function("!busy && !dragging")
    page.select_option("#form", "one line")
    page.click("#copy")
    page.wait_for_function("document.querySelector('#copied').textContent")
    return spec.from_text(page.evaluate("navigator.clipboard.readText()"))


def centre(page, name):
    box = page.locator(f"[data-name='{name}'].handle").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, name, dx, dy, moves=10):
    x, y = centre(page, name)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=moves)
    page.mouse.up()


def test_a_boundary_is_dragged(open_page):
    """The chart is 800 units wide, of which 675 are the 10,000 steps of the run."""
    page = open_page()
    width = page.locator("#chart").bounding_box()["width"]
    drag(page, "decay_steps", 675 / 800 * width / 10, 0)  # a tenth of the run
    done = copied(page)
    assert spec.to_dict(done)["decay_steps"] == pytest.approx(1_000, abs=40)
    assert spec.to_dict(done) | {"decay_steps": 0} == spec.to_dict(lehr.wsd(10_000, 200, max_lr=1e-3)) | {
        "decay_steps": 0
    }


def test_a_level_is_dragged(open_page):
    page = open_page()
    height = page.locator("#chart").bounding_box()["height"]
    drag(page, "warmup_steps", 0, 150 / 378 * height)  # half of the 300 units that are 1.08 times the peak
    assert spec.to_dict(copied(page))["max_lr"] == pytest.approx(1e-3 - 0.54e-3, rel=0.05)


def test_a_point_moves_by_keys_alone(open_page):
    page = open_page()
    for _ in range(60):
        if page.evaluate("document.activeElement.dataset.name") == "decay_steps":
            break
        page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
        page.wait_for_function("!busy")
    page.keyboard.press("Shift+ArrowLeft")
    assert spec.to_dict(copied(page))["decay_steps"] == 2_000 + 3 * 100 + 1_000
    label = page.locator("[data-name='decay_steps'].handle").get_attribute("aria-valuetext")
    assert label.startswith("step 6700, rate ")


def test_typing_choosing_and_comparing(open_page):
    page = open_page()
    page.fill("input[data-name='max_lr']", "3e-4")
    page.keyboard.press("Enter")
    page.click("#pin")
    page.select_option("#recipe", "cosine")
    page.wait_for_function("document.querySelector('#text').value.startsWith('cosine')")
    assert copied(page) == lehr.cosine(10_000, 200, max_lr=3e-4)
    assert page.locator("path.beside").count() == 1
    page.fill("#text", "cosine(10k")
    page.keyboard.press("Enter")
    page.wait_for_selector("#error:not([hidden])")
    assert copied(page) == lehr.cosine(10_000, 200, max_lr=3e-4)


def test_parts(open_page):
    page = open_page()
    page.select_option("#recipe", "parts")
    page.wait_for_selector("#parts:not([hidden])")
    assert page.locator(".handle").count() == 4
    page.click("#add")
    page.wait_for_function("document.querySelectorAll('.handle').length === 5")
    page.select_option("select[data-name='parts.2.shape']", "cosine")
    page.wait_for_function("!busy")
    parts = spec.to_dict(copied(page))["parts"]
    assert (len(parts), parts[2]["shape"], parts[3]["end"]) == (4, "cosine", 0.0)


def test_a_config_is_pasted(open_page):
    page = open_page()
    page.click("text=Import a framework's config")
    params = {"lr_scheduler_type": "linear", "max_steps": 500, "learning_rate": 1e-3, "warmup_steps": 50}
    page.fill("#config", json.dumps(params))
    page.click("#import")
    page.wait_for_function("shown.stop === 500")
    assert copied(page)(50) == 1e-3


def test_a_link_holds_the_schedules(open_page):
    page = open_page()
    page.click("#pin")
    page.fill("#text", "linear(500, 50, max_lr=0.1)")
    page.keyboard.press("Enter")
    page.wait_for_function("shown.stop === 10000 && state.text.startsWith('linear')")
    page.click("#link")
    page.wait_for_function("document.querySelector('#copied').textContent")
    link = page.evaluate("navigator.clipboard.readText()")
    again = open_page(link[link.index("#") :])
    assert copied(again) == lehr.linear(500, 50, max_lr=0.1)
    assert again.locator("path.beside").count() == 1


def test_the_forecast_moves_along(open_page):
    page = open_page()
    page.wait_for_selector("#loss-curve")
    before = page.text_content("#loss-grid")
    page.fill("input[data-name='decay_steps']", "5000")
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.querySelector('#loss-grid').textContent !== {json.dumps(before)}")
    assert "interpolates" in page.text_content("#notes") or "extrapolates" in page.text_content("#notes")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_a_phone_and_the_dark(open_page, scheme, width):
    page = open_page(bypass_csp=False, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    for axis in ("share", "tokens", "steps"):
        page.select_option("#over", axis)
    page.check("#log")
    assert page.locator("#grid text").count() > 6


def test_a_page_of_another_origin_is_refused_by_the_browser(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto("data:text/html,<p>elsewhere")
    code = """address => fetch(address + 'ask/begin', {method: 'POST', body: '{}',
              headers: {'Content-Type': 'application/json'}}).then(() => 'answered', () => 'refused')"""
    assert page.evaluate(code, address) == "refused"
    context.close()


def test_the_server_ends_with_the_terminal():
    command = [sys.executable, "-m", "lehr.cli", "design", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline().startswith("http://127.0.0.1:")
        time.sleep(0.3)
        server.send_signal(2)
        assert server.wait(10) in (0, 130)
        assert "Traceback" not in server.stderr.read()
