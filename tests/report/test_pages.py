import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.html import embedded_json
from bench.report.pages import Lost, Report, render
from bench.report.query import Query
from bench.report.tables import leaderboard

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028'\"{{7*7}}"


def page(rows, **fields):
    return render(Report(title=fields.pop("title", "Which?"), boards=leaderboard(rows, Query()), **fields))


def data(html):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1])


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.scripts, self.attributes = [], 0, []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_embedded_json_is_the_same_data_and_cannot_end_its_script(value):
    text = embedded_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_html_in_any_name_stays_text():
    row = done_row(
        backbone=f"timm/{HOSTILE}", dataset=HOSTILE, strategy=HOSTILE, family=HOSTILE, hardware=HOSTILE,
        weights_tag=HOSTILE, recipe_name=HOSTILE, target=HOSTILE,
    )  # fmt: skip
    other = row._replace(hardware="other", run_id="b", group_id="b", weights_tag="w", recipe_name="r")
    html = page(
        [row, other], title=HOSTILE, lost=[Lost(row, HOSTILE)], lost_count=1, filters=HOSTILE, made=HOSTILE,
        versions={HOSTILE: HOSTILE}, overlaps={HOSTILE: (HOSTILE,)}, statuses={HOSTILE: 1},
    )  # fmt: skip
    elements = Elements(html)
    assert elements.tags.count("script") == 4
    assert "img" not in elements.tags
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert "{{7*7}}" in html
    assert data(html)["boards"][0]["names"] == [f"timm/{HOSTILE}"] * 2


def test_the_page_names_no_other_file():
    html = page([done_row(model) for model in MODELS])
    own = html.split("<script>/**")[0] + html.rsplit("<script>", 1)[1]
    links = re.findall(r"""(?:src|href)=["']?([^"' >]+)""", own)
    assert {link for link in links if not link.startswith("#m-")} == {"data:,"}
    assert "@import" not in own
    assert "connect-src" not in own
    assert "default-src 'none'" in own


def test_every_row_is_in_the_table_and_in_the_data():
    rows = [done_row(model, strategy) for model in MODELS for strategy in ("linear", "full")]
    html = page(rows)
    assert html.count("<tr data-i=") == len(rows) == len(data(html)["boards"][0]["names"])


def test_missing_values_are_dashes_in_the_table_and_null_in_the_data():
    row = done_row(
        stored_bytes=None, latency_1_s=None, latency_batch_s=None, test_top1=float("nan"), test_n=None, epochs=None
    )
    html = page([row])
    values = data(html)["boards"][0]["values"]
    assert values["stored_bytes"] == values["test_top1"] == [None]
    assert values["latency_1_s"] == [[None]]
    assert "nan" not in html.split("<script>/**")[0].lower()


def test_zero_runs_make_a_page_without_scripts():
    html = page([])
    assert "Nothing is finished yet" in html
    assert "plotly" not in html


def test_only_failures_are_listed_with_their_reason():
    row = done_row(status="failed", val_top1=None)
    html = page([row], lost=[Lost(row, "The weights file is damaged.")], lost_count=1)
    assert "Nothing is finished yet" in html
    assert "The weights file is damaged." in html
    assert row.run_id[:12] in html


def test_seeds_stand_beside_the_accuracies_also_where_more_names_are_shown():
    rows = [done_row(group_id="a", recipe_name="short"), done_row(group_id="b", recipe_name="long", run_id="b")]
    for html in (page(rows), page(rows[:1])):
        keys = re.findall(r'data-key="(\w+)"', html)
        assert keys[keys.index("test_top1") + 1] == "seeds"


def test_each_dataset_has_its_answer_and_board():
    html = page([done_row(MODELS[0]), done_row(MODELS[1], dataset="digits")])
    assert html.count('<section class="answer" data-board=') == 2
    assert html.count('<section class="board" data-board=') == 2


def test_one_class_renders():
    assert "take tf_efficientnet_lite1, linear." in page([done_row(num_classes=1, test_top1=1.0, val_top1=1.0)])


def test_what_never_ranks_is_marked_in_the_heading():
    heads = re.findall(r'data-key="(\w+)"[^>]*title="([^"]*)"', page([done_row()]))
    assert {key for key, title in heads if "never used to rank" in title} == {
        "last_test_top1",
        "best_on_test_top1",
    }


def test_several_hardwares_are_in_the_data_apart():
    html = page([done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)])
    assert data(html)["boards"][0]["machines"] == [CPU, GPU]


@pytest.mark.parametrize("part", ["report.css", "plot.js", "page.js"])
def test_the_parts_are_in_the_one_file(part):
    from importlib.resources import files

    text = files("bench.report").joinpath("templates", part).read_text(encoding="utf-8")
    assert text.strip() in page([done_row()])
