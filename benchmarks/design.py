"""How fast `lehr design` is, measured in Chromium: ``python -m benchmarks.design``."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCHEDULE = "wsd(1M, 10k, max_lr=1e-3)"
STARTS, MOVES = 7, 60
WATCH = """() => {
  window.times = [];
  const started = [];
  document.addEventListener("pointermove", () => started.push(performance.now()), true);
  new MutationObserver(() => { if (started.length) requestAnimationFrame(() => {
    const last = started.splice(0).pop(); if (last) window.times.push(performance.now() - last); }); })
    .observe(document.getElementById("curves"), {childList: true});
}"""
"""Keeps the time from each movement of the pointer to the frame in which the curve is drawn anew."""


def started() -> tuple[subprocess.Popen[str], str]:
    """A server, and its address."""
    command = [sys.executable, "-m", "lehr.cli", "design", SCHEDULE, "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().split()[0]


def first_paint(browser: Browser) -> float:
    """Seconds from the command to the drawn curve, in a browser that runs already."""
    page = browser.new_page()
    begin = time.perf_counter()
    server, address = started()
    while True:
        try:
            page.goto(address)
            break
        except Exception:  # not listening yet
            time.sleep(0.005)
    page.wait_for_selector("#curve")
    taken = time.perf_counter() - begin
    server.terminate()
    server.wait()
    page.close()
    return taken


def drags(page: Page) -> list[float]:
    """Milliseconds from each movement to the redrawn curve, at 1,000,000 steps."""
    box = page.locator("[data-name='decay_steps'].handle").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(WATCH)
    for move in range(MOVES):
        page.mouse.move(x - move, y)
        page.wait_for_timeout(40)
    page.mouse.up()
    times: list[float] = page.evaluate("window.times")
    return times


def main() -> None:
    """Print both figures."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        paints = [first_paint(browser) for _ in range(STARTS)]
        server, address = started()
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("#written:not(:empty)")
        times = drags(page)
        server.terminate()
        browser.close()
    print("| | median | highest |\n| --- | ---: | ---: |")
    row(f"first paint after the command, {STARTS} starts", paints, "{:.2f} s")
    row(f"a drag redraws, 1,000,000 steps, {len(times)} moves", times, "{:.0f} ms")


def row(what: str, figures: list[float], unit: str) -> None:
    """Print a row of the table."""
    print(f"| {what} | {unit.format(statistics.median(figures))} | {unit.format(max(figures))} |")


if __name__ == "__main__":
    main()
