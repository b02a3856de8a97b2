# SPDX-License-Identifier: Apache-2.0
"""The bench's pages in a real browser: no script errors, no request, plots that are there, in light, dark, narrow, printed."""
import subprocess

import pytest

import made_up_report
from bench_run import BenchRun
from browser import Browser, chromium
from made_up_report import HOSTILE, report, write
from weir_process import weir_binary

# The relative luminance (WCAG 2) of two colours and their contrast, for every text that is shown.
CONTRASTS = """
(() => {
  const part = (c) => (c /= 255, c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("main *, header *, footer *")) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!isText || element.closest("script, title, desc, symbol, .zero") || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = light(colour(element.closest("svg") ? style.fill : style.color));
    const paper = light(ground(element));
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) found.push(element.tagName + "." + element.getAttribute("class") + " " + contrast.toFixed(2));
  }
  return [...new Set(found)];
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    assert chromium(), "there is no Chromium; install it or set WEIR_CHROMIUM"
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    try:
        yield opened
    finally:
        opened.close()


def render(folder, *files):
    """Has the command draw a page of these reports, and returns the page's path."""
    page = folder / f"page-{len(files)}.html"
    result = subprocess.run(
        [weir_binary(), "slow-clients", "--compare", *map(str, files), "--html", str(page)],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return page


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The page of one report."""
    folder = tmp_path_factory.mktemp("single")
    return render(folder, write(folder, "a.json", report("One server " + HOSTILE)))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The page of three reports, one of them with other settings and fewer profiles."""
    folder = tmp_path_factory.mktemp("compared")
    other = report("Another " + HOSTILE, deadline=5.0, profiles=[made_up_report.profile("never-reads", "weak", ended=15.0)])
    files = [report("One server"), other, report("One server")]
    return render(folder, *(write(folder, f"{number}.json", each) for number, each in enumerate(files)))


@pytest.fixture(params=["single", "compared"])
def page(request):
    """Either page."""
    return request.getfixturevalue(request.param)


def assert_quiet(browser, path):
    """Nothing was complained of, and nothing but the file itself was asked for."""
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith("data:,")] == [path.resolve().as_uri()]
    assert browser.evaluate("typeof window.broken") == "undefined"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_loads_alone_and_is_readable(browser, page, dark):
    browser.open(page, dark=dark)
    assert_quiet(browser, page)
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(ground) < 3 * 64) == dark
    assert browser.evaluate(CONTRASTS) == []
    picture = browser.screenshot(None, whole=False)
    assert picture.startswith(b"\x89PNG") and len(picture) > 20_000


def test_plots_are_there_with_their_points(browser, single):
    browser.open(single)
    plots = browser.evaluate("""[...document.querySelectorAll("svg.plot")].map((plot) => ({
        title: plot.querySelector("title").textContent, says: plot.querySelector("desc").textContent,
        width: plot.getBoundingClientRect().width, height: plot.getBoundingClientRect().height,
        points: [...plot.querySelectorAll("path.line")].map((path) => Number(path.dataset.points)),
        lengths: [...plot.querySelectorAll("path.line")].map((path) => path.getTotalLength()),
    }))""")
    assert len(plots) == 2 * 6
    assert {plot["title"].split(" (")[0] for plot in plots} == {
        "Bytes received", "Calls under way", "Windows", "Canary latency", "Server memory", "Server CPU"}
    for plot in plots:
        assert plot["width"] > 600 and plot["height"] > 40
        assert all(20 < points <= 602 for points in plot["points"]), plot
        assert all(length >= 800 for length in plot["lengths"]), plot
    # One sample in two thousand was slow: thinning out has kept it.
    canaries = [plot for plot in plots if plot["title"].startswith("Canary")]
    assert all("highest 250 ms" in plot["says"] for plot in canaries)
    windows = [plot for plot in plots if plot["title"].startswith("Windows")]
    assert all("lowest −4 KiB" in plot["says"] for plot in windows)
    marks = browser.evaluate("""[...document.querySelectorAll("figure .mark")].map((mark) => mark.textContent)""")
    assert marks == ["stall deadline", "4 × 8 RESOURCE_EXHAUSTED", "stall deadline"]


def test_the_report_of_a_real_run_opens_with_its_plots(browser, start_weir, tmp_path):
    server = start_weir("--stall-deadline", "1s")
    run = BenchRun(tmp_path, server.port, profiles="steady,never-reads", deadline="1s", pid=server.pid)
    assert run.code == 0, run.told()
    browser.open(run.html_path)
    assert_quiet(browser, run.html_path)
    plots = browser.evaluate("""[...document.querySelectorAll("svg.plot")].map((plot) =>
        [...plot.querySelectorAll("path.line")].map((path) => Number(path.dataset.points)))""")
    assert len(plots) == 2 * 6 and sum(points > 5 for lines in plots for points in lines) >= 10, plots
    marks = browser.evaluate("""[...document.querySelectorAll("figure .mark")].map((mark) => mark.textContent)""")
    assert any("RESOURCE_EXHAUSTED" in mark for mark in marks), marks


def test_a_page_says_the_same_without_scripts(browser, page):
    browser.open(page)
    with_scripts = browser.evaluate("document.querySelector('main').innerText")
    lines = browser.evaluate("document.querySelectorAll('path.line').length")
    browser.open(page, scripts=False)
    assert browser.evaluate("document.querySelector('.scrub')") is None
    assert browser.evaluate("document.querySelector('main').innerText") == with_scripts
    assert browser.evaluate("document.querySelectorAll('path.line').length") == lines
    assert_quiet(browser, page)


def readings(browser):
    return browser.evaluate(
        "[...document.querySelector('figure').querySelectorAll('.moment, .value')].map((each) => each.textContent)")


def test_values_are_read_by_pointer_and_by_keyboard(browser, single):
    browser.open(single)
    resting = readings(browser)
    assert resting[0] == "" and "in all 640 KiB" in resting
    place = browser.evaluate("""(() => {
        const plot = document.querySelector("svg.plot");
        plot.scrollIntoView({block: "center"});
        const box = plot.getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2];
    })()""")
    browser.mouse("mouseMoved", *place)
    pointed = readings(browser)
    assert pointed[0].startswith("at 6") and "640 KiB" in pointed and "4" in pointed and "−4 KiB" in pointed
    assert browser.evaluate("getComputedStyle(document.querySelector('.cursor')).visibility") == "visible"
    browser.mouse("mouseMoved", 5, 5)
    assert readings(browser) == resting

    browser.evaluate("document.querySelector('.scrub').focus()")
    browser.key("ArrowRight")
    stepped = readings(browser)
    assert stepped[0].startswith("at ") and stepped != resting
    spoken = browser.evaluate("document.querySelector('.scrub').getAttribute('aria-valuetext')")
    assert "Bytes received" in spoken and "Canary latency" in spoken
    browser.key("Escape")
    assert readings(browser) == resting
    assert_quiet(browser, single)


def test_links_lead_to_their_sections_and_calls_fold(browser, single):
    browser.open(single)
    links = browser.evaluate("[...document.querySelectorAll('.matrix a')].map((a) => [a.textContent, a.hash])")
    assert [link[0] for link in links] == ["never-reads", "window-shrink", "vanish"]
    for name, anchor in links:
        assert browser.evaluate(f"document.querySelector({anchor!r}).querySelector('h3').textContent") == name
    assert browser.evaluate("document.querySelectorAll('details').length") == 2
    assert not browser.evaluate("document.querySelector('details').open")
    assert browser.evaluate("document.querySelectorAll('details table tbody tr').length") == 8
    # A fold opens for paper and closes afterwards.
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate("[...document.querySelectorAll('details')].every((part) => part.open)")
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not browser.evaluate("[...document.querySelectorAll('details')].some((part) => part.open)")


def test_texts_of_a_server_are_texts(browser, page):
    browser.open(page)
    shown = HOSTILE.replace("\u001b", "\\u{1B}")
    assert shown in browser.evaluate("document.querySelector('h1').textContent")
    assert browser.evaluate("document.querySelectorAll('img, [onerror]').length") == 0
    assert browser.evaluate("[...document.scripts].filter((script) => script.type === '').length") == 1
    # Even a script that got in would not run: the policy names the page's own by its digest.
    browser.evaluate("""(() => {
        const script = document.createElement("script");
        script.textContent = "window.broken = 3";
        document.body.append(script);
        const picture = document.createElement("img");
        picture.src = "http://127.0.0.1:9/x";
        document.body.append(picture);
    })()""")
    assert browser.evaluate("new Promise((done) => setTimeout(() => done(typeof window.broken), 0))") == "undefined"
    # The refusals are heard: so a complaint would have been heard in the tests above.
    assert any("Content Security Policy" in text for text in browser.complaints)


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_a_page_fits_a_phone_and_a_screen(browser, page, width):
    browser.open(page, width=width, height=844)
    # A long text takes no room from its neighbours: no heading of a row is squeezed to a letter a line.
    squeezed = browser.evaluate("""[...document.querySelectorAll("tbody th")].filter((cell) =>
        cell.textContent.length > 4 && cell.getClientRects().length && cell.getBoundingClientRect().width < 50
    ).map((cell) => cell.textContent)""")
    assert squeezed == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert_quiet(browser, page)


def test_a_page_prints_dark_on_light(browser, page):
    # A4 at 96 dots an inch.
    browser.open(page, dark=True, media="print", width=794, height=1123)
    assert browser.evaluate("[...document.querySelectorAll('.scroll, html')].map((part) => part.scrollWidth <= 794)"
                            ".every(Boolean)")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert browser.evaluate("getComputedStyle(document.querySelector('.scrub')).display") == "none"


def test_servers_stand_side_by_side(browser, compared):
    browser.open(compared)
    assert "stall deadline" in browser.evaluate("document.querySelector('.notice').textContent")
    heads = browser.evaluate("""[...document.querySelectorAll("[aria-label=Verdicts] thead th")]
        .map((cell) => cell.textContent)""")
    assert heads[:2] == ["Profile", "One server"] and heads[3] == "One server (2)" and "Another" in heads[2]
    rows = browser.evaluate("""[...document.querySelectorAll("[aria-label=Verdicts] tbody tr")]
        .map((row) => [...row.cells].map((cell) => cell.querySelector(".badge, a")?.textContent ?? cell.textContent))""")
    assert rows == [["never-reads", "pass", "weak", "pass"], ["window-shrink", "fail", "not run", "fail"],
                    ["vanish", "inconclusive", "not run", "inconclusive"]]
    lines = browser.evaluate("""[...document.querySelectorAll("figure")].map((figure) =>
        [...figure.querySelectorAll("svg.plot")].map((plot) => plot.querySelectorAll("path.line").length))""")
    assert lines == [[3] * 6, [2] * 6]


@pytest.mark.parametrize("content, complaint", [
    ("", "is empty"), ("nonsense", "is not JSON"), ("{}", "is not a report of weir slow-clients"),
    ('{"tool": {"name": "weir slow-clients", "format": 1}}', "is missing"),
])
def test_a_file_that_is_no_report_gets_one_line(tmp_path, content, complaint):
    (tmp_path / "bad.json").write_text(content)
    result = subprocess.run(
        [weir_binary(), "slow-clients", "--compare", str(tmp_path / "bad.json"), "--html", str(tmp_path / "page.html")],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False, text=True)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "bad.json" in result.stderr and complaint in result.stderr
    assert not (tmp_path / "page.html").exists()
