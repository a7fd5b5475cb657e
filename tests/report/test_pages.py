import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from overview_pages import data_of, overview
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.html import breakable, embedded_json, environment, straight
from bench.report.pages import Lost
from bench.report.site.overview import SCRIPTS

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028'\"{{7*7}}"


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.scripts, self.attributes = [], 0, []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


def without_plotly(html):
    return "".join(part for part in re.split(r"(?=<script>)", html) if len(part) < 1_000_000)


TEXT = st.text().map(straight)


@given(
    st.recursive(st.none() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))
)
def test_embedded_json_is_the_same_data_and_cannot_end_its_script(value):
    text = embedded_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("036.Ruby_throated", "036.Ruby_<wbr>throated"), ("a/b__c_", "a/<wbr>b__<wbr>c_"), ("", ""), ("_", "_"),
        ("<b>_&", "&lt;b&gt;_<wbr>&amp;"),
    ],
)  # fmt: skip
def test_names_break_between_their_words_and_stay_text(name, written):
    assert breakable(name) == written


def test_html_in_any_name_stays_text():
    row = done_row(
        backbone=f"timm/{HOSTILE}", dataset=HOSTILE, strategy=HOSTILE, family=HOSTILE, hardware=HOSTILE,
        weights_tag=HOSTILE, recipe_name=HOSTILE, target=HOSTILE,
    )  # fmt: skip
    other = row._replace(
        hardware="other", run_id="b", group_id="b", weights_tag="w", recipe_name="r", strategy="linear"
    )
    html = overview(
        [row, row._replace(group_id="c"), other], title=HOSTILE, lost=[Lost(row, HOSTILE)], lost_count=1,
        filters=HOSTILE, made=HOSTILE, versions={HOSTILE: HOSTILE}, overlaps={HOSTILE: (HOSTILE,)},
        statuses={HOSTILE: 1},
    )  # fmt: skip
    elements = Elements(html)
    assert elements.tags.count("script") == 4 + len(SCRIPTS)
    assert "img" not in elements.tags
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert "{{7*7}}" in html
    assert data_of(html)["boards"][0]["words"]["backbone"]["names"] == [HOSTILE]


def test_the_page_names_no_other_file():
    own = unescape(without_plotly(overview([done_row(model) for model in MODELS])))
    links = re.findall(r"""(?:src|href)=["']?([^"' >]+)""", own)
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    assert "@import" not in own
    assert "default-src 'none'" in own
    assert "connect-src 'none'" in own


def test_every_row_is_in_the_data_and_none_in_the_document():
    rows = [done_row(model, strategy) for model in MODELS for strategy in ("linear", "full")]
    html = overview(rows)
    assert len(data_of(html)["boards"][0]["seeds"]) == len(rows)
    assert "<thead></thead><tbody></tbody>" in html


def test_no_nan_reaches_the_page():
    html = overview([done_row(test_top1=float("nan"), test_n=None, epochs=None, stored_bytes=None)])
    head = html.split("<script>/**")[0].lower()
    assert not re.findall(r"\bnan\b", re.sub(r"<(script|style)>.*?</\1>", "", head, flags=re.DOTALL))
    assert data_of(html)["boards"][0]["values"]["test_top1"] == [None]


def test_zero_runs_make_a_page_without_scripts_but_those_of_its_head():
    html = overview([])
    assert "Nothing is finished yet" in html
    assert html.partition("</head>")[0].count("<script") == html.count("<script") == 2
    assert "plotly" not in html.lower()


def test_only_failures_are_listed_with_their_reason():
    row = done_row(status="failed", val_top1=None)
    html = overview([row], lost=[Lost(row, "The weights file is damaged.")], lost_count=1)
    assert "Nothing is finished yet" in html
    assert "1 run ended without a result" in html
    assert "The weights file is damaged." in html
    assert row.run_id[:12] in html


def test_each_dataset_has_its_answer_its_data_and_its_notes():
    html = overview([done_row(MODELS[0]), done_row(MODELS[1], dataset="digits")])
    assert html.count('<section class="answer" data-board=') == 2
    assert html.count('<ul class="notes" data-board=') == 2
    assert [board["title"] for board in data_of(html)["boards"]] == ["cub100", "digits"]


def test_one_class_renders():
    assert "take tf_efficientnet_lite1, linear." in overview(
        [done_row(num_classes=1, test_top1=1.0, val_top1=1.0)]
    )


def test_what_never_ranks_is_marked_in_the_heading():
    columns = data_of(overview([done_row()]))["boards"][0]["columns"]
    marked = {column["key"] for column in columns if "never used to rank" in column["label"]}
    assert marked == {column["key"] for column in columns if column["never"]}
    assert marked == {"last_test_top1", "best_on_test_top1"}


def test_several_hardwares_are_in_the_data_apart():
    html = overview([done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)])
    assert data_of(html)["boards"][0]["machines"] == [CPU, GPU]


def test_a_page_of_one_file_compares_nothing():
    html = overview([done_row(seed=seed) for seed in range(2)])
    assert data_of(html)["compare"] == ""
    assert 'id="compare"' not in html


def test_no_name_turns_the_direction_of_a_page():
    turned = "resnet\u202e18"
    assert "\u202e" not in embedded_json([turned]) + environment().from_string("{{ name }}").render(name=turned)
    assert json.loads(embedded_json(["\u05d0 b"])) == ["\u05d0 b"]


@pytest.mark.parametrize("part", ["report.css", "overview.css", *SCRIPTS])
def test_the_parts_are_in_the_one_file(part):
    from importlib.resources import files

    text = files("bench.report").joinpath("templates", part).read_text(encoding="utf-8")
    assert text.strip() in overview([done_row()])
