"""What holds of every page of a site: it is offline, whole, usable by keyboard and by screen reader, and fits."""

import os
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import until
from plausible_runs import MODELS, make_planned, plan, record_done, record_ended, record_pruned, replace
from predicted_runs import planned, predictions, record_predicted

from bench.inference.class_names import ClassNames
from bench.report.build import write_report
from bench.report.site.build import Wanted, write_site
from bench.spec import DatasetSpec
from bench.store.store import Store

HOSTILE = "<img src=x onerror=alert(1)></script><b>&amp;\u2028'\"{{7*7}}" + "o" * 200
WIDTHS = (320, 390, 820, 1440)
WINDOW = {"width": 1280, "height": 900}

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


def thumbnail(place):
    from PIL import Image

    return Image.new("RGB", (24, 24), (40 * place % 256, 90, 120))


def fill(store):
    """Runs of every kind, with names that are hostile wherever a name may be."""
    record_done(store, [make_planned(model, "linear", seed) for model in MODELS[:3] for seed in range(2)])
    record_done(store, [make_planned(replace(MODELS[3], name=f"timm/{HOSTILE}", family=HOSTILE), "full")])
    record_pruned(store, make_planned(MODELS[4], "full"))
    record_ended(store, make_planned(MODELS[1], "full", 7), "failed", ValueError(HOSTILE))
    plan(store, [make_planned(MODELS[5], "scratch")])
    data = DatasetSpec(name=HOSTILE, num_classes=12, fingerprint=f"{12:064x}")
    for seed in range(2):
        record_predicted(store, planned(12, seed=seed, dataset=data), predictions(12, seed=seed, n=300))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A site of such runs, and beside it the report in one file."""
    folder = tmp_path_factory.mktemp("every page")
    names = ClassNames({"label": tuple(f"{HOSTILE} {number}" for number in range(12))})
    with Store.open(folder / "runs.db") as store:
        fill(store)
        asked = f"bench report --title '{HOSTILE}'"
        wanted = Wanted(lambda *_: names, lambda _: thumbnail, HOSTILE, version="1.2.3", command=asked)
        write_site(store, folder / "site", wanted)
        single = folder / "site" / "single.html"
        write_report(store, single, title=HOSTILE, version="1.2.3", command=asked)
        runs = {row.run_id[:16]: row for row in store.rows()}
    return folder / "site", runs


def run_of(runs, **wanted):
    return next(run for run, row in runs.items() if wanted.items() <= row._asdict().items())


KINDS = {
    "overview": lambda _: "index.html",
    "single file": lambda _: "single.html",
    "run": lambda runs: f"runs/{run_of(runs, dataset=HOSTILE)}.html",
    "run without predictions": lambda runs: f"runs/{run_of(runs, family=HOSTILE)}.html",
    "failed run": lambda runs: f"runs/{run_of(runs, status='failed')}.html",
    "compare": lambda _: "compare.html",
    "compare two": lambda runs: f"compare.html?runs={','.join(r for r in runs if runs[r].dataset == HOSTILE)}",
    "sweeps": lambda _: "sweeps.html",
    "sweep": lambda _: "sweeps/1.html",
    "methods": lambda _: "methods.html",
}


@pytest.fixture(scope="module")
def opened(visit, built):
    """Open a kind of page in a window of its own, once for each colour scheme."""
    site, runs = built
    known = {}

    def open_kind(kind, scheme="light"):
        if (kind, scheme) not in known:
            path, _, query = KINDS[kind](runs).partition("?")
            page = visit(site / path, color_scheme=scheme)
            if query:
                page.goto(f"{(site / path).as_uri()}?{query}")
                page.wait_for_selector(".js-plotly-plot")
            known[kind, scheme] = page
        return known[kind, scheme]

    return open_kind


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_no_serious_violation(opened, kind, scheme):
    page = opened(kind, scheme)
    page.set_viewport_size(WINDOW)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    only = {"runOnly": "color-contrast"} if scheme == "dark" else {}  # all else is the same in both
    # A chart is one image with a name to a screen reader: what it is drawn with is left out, which is much.
    # To preload is to ask the network.
    found = page.evaluate(
        """(only) => axe.run({ exclude: [[".js-plotly-plot > .plot-container"]] },
             { ...only, preload: false, resultTypes: ["violations"] })""",
        only,
    )
    grave = [each for each in found["violations"] if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in grave] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_is_wider_than_its_window(opened, kind):
    page = opened(kind)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        until(page, "document.documentElement.scrollWidth <= innerWidth", 3000)  # charts follow a moment later
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_seen_moves_while_a_page_loads(opened, kind, width):
    page = opened(kind)
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    page.evaluate(
        """() => { globalThis.moved = 0;
             new PerformanceObserver((list) => list.getEntries().forEach((one) => { moved += one.value; }))
               .observe({type: "layout-shift", buffered: true}); }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("moved") < 0.02


INTERACTIVE = """() => [...document.querySelectorAll(
    "a[href], button, select, input, textarea, summary, [tabindex]:not([tabindex='-1'])")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled && each.tabIndex >= 0)"""


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_can_be_used_is_reached_by_keyboard_and_seen_to_be(opened, kind):
    page = opened(kind)
    page.set_viewport_size(WINDOW)
    page.wait_for_timeout(400)  # whatever is drawn again for the new width
    page.evaluate(f"() => {{ ({INTERACTIVE})().forEach((each, place) => {{ each.dataset.place = place; }});"
                  "document.activeElement.blur(); scrollTo(0, 0); }")  # fmt: skip
    count, reached, unseen = page.evaluate(f"({INTERACTIVE})().length"), set(), []
    for _ in range(count + 3):  # after the last, and after a list that folded up, the page itself has the focus
        page.keyboard.press("Tab")
        place, style, width, name = page.evaluate(
            """() => { const at = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(at);
                 return [at.dataset.place, outlineStyle, parseFloat(outlineWidth), at.outerHTML.slice(0, 80)]; }"""
        )
        if place is None:
            continue
        reached.add(int(place))
        if style == "none" or not width:
            unseen.append(name)
    radios = "document.querySelectorAll('input[type=radio]').length"
    assert unseen == []
    assert len(reached) >= count - page.evaluate(radios)  # of a group of radio buttons, one


def test_the_first_stop_leads_past_the_navigation(opened):
    page = opened("methods")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_when_and_how_it_was_made(opened, kind):
    text = opened(kind).inner_text("footer")
    assert text.count("UTC") == 1
    assert "bench 1.2.3 with bench report --title '<img" in text


@pytest.mark.parametrize("kind", KINDS)
def test_printed_it_is_light_and_without_navigation(opened, kind):
    page = opened(kind, "dark")
    page.emulate_media(media="print")
    try:
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator(".above").is_hidden()
    finally:
        page.emulate_media(media="screen")


class Addresses(HTMLParser):
    """What a page leads to and loads, and the places within it."""

    def __init__(self, page):
        super().__init__()
        self.found, self.ids = [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - of any tag
        for name, value in attrs:
            if name in {"href", "src"}:
                self.found.append(value)
            elif name == "id":
                self.ids.add(value)


def test_every_link_of_every_page_leads_somewhere(built):
    site, _ = built
    pages = {path: Addresses(path) for path in site.rglob("*.html")}
    assert len(pages) > 15
    broken = []
    for path, page in pages.items():
        for address in page.found:
            parts = urlsplit(address)
            if parts.scheme == "data":
                continue
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            is_there = not parts.scheme and target.is_file()
            if not is_there or (parts.fragment and parts.fragment not in pages[target].ids):
                broken.append((path.name, address))
    assert broken == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_links_that_scripts_make_lead_somewhere_too(opened, built, kind):
    site, _ = built
    links = opened(kind).evaluate("[...document.links].map((link) => link.href)")
    assert all(link.startswith(site.as_uri()) for link in links)
    assert [link for link in links if not Path(unquote(urlsplit(link).path)).is_file()] == []


def test_the_colours_that_a_reader_chooses_stay_and_charts_follow(visit, built):
    site, runs = built
    page = visit(site / KINDS["run"](runs), color_scheme="light")
    line = "document.querySelector('.js-plotly-plot').data[0].line.color"
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(f"[{line}, {ground}]")
    page.locator("#colours").select_option("dark")
    dark = page.evaluate(f"[{line}, {ground}]")
    assert all(now != before for now, before in zip(dark, light, strict=True))
    with page.expect_navigation():
        page.locator("nav a").first.click()
    assert page.evaluate(ground) == dark[1]
    assert page.locator("#colours").input_value() == "dark"
    page.locator("#colours").select_option("")
    assert page.evaluate(ground) == light[1]


def test_chosen_colours_are_there_before_anything_is_drawn(visit, built):
    site, _ = built
    page = visit(site / "methods.html", color_scheme="light")
    page.locator("#colours").select_option("dark")
    page.add_init_script(
        """new MutationObserver(() => { if (document.body && !globalThis.first)
             globalThis.first = getComputedStyle(document.documentElement).colorScheme; })
           .observe(document, { childList: true, subtree: true });"""
    )
    page.reload()
    assert page.evaluate("globalThis.first") == "dark"


@pytest.mark.parametrize(("find", "shown"), [(lambda _: None, False), (lambda _: thumbnail, True)])
def test_no_image_is_in_the_site_where_none_is_found(tmp_path, find, shown):
    with Store.open(tmp_path / "runs.db") as store:
        record_predicted(store, planned(12), predictions(12, n=300))
        write_site(store, tmp_path / "site", Wanted(lambda *_: ClassNames(), find))
    written = list((tmp_path / "site").rglob("*.*"))
    assert any(path.suffix in {".png", ".jpg", ".webp"} for path in written) is shown
    (page,) = (
        path.read_text(encoding="utf-8")
        for path in written
        if path.parent.name == "runs" and path.suffix == ".html"
    )
    assert ("<img" in page) is shown
    assert "data:image/" not in page
