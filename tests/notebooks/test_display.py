"""What a notebook shows, as HTML."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from src.notebooks.display import draw, play, show
from src.notebooks.opening import open_dataset
from src.utils.config import ROOT
from src.utils.errors import DatasetError


def cells(html: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}[^>]*>([^<]*)</{tag}>", html)


def test_table() -> None:
    table = pd.DataFrame(
        {
            "<who>": ["<a>", "b"],
            "n_clips": [1234, 5],
            "long minutes": [1234.567, np.nan],
            "bona-fide share": [0.5, 0.25],
        }
    )
    html = show(table, bona_fide_share="{:.0%}").to_html()
    assert cells(html, "th") == ["&lt;who&gt;", "n clips", "long minutes", "bona-fide share"]
    first, second = ["&lt;a&gt;", "1,234", "1,234.57", "50%"], ["b", "5", "–", "25%"]
    assert cells(html, "td") == first + second
    assert "caption" not in html


def test_long_table_is_cut() -> None:
    html = show(pd.DataFrame({"n": range(1500)}), rows=4).to_html()
    assert cells(html, "td") == ["0", "1", "2", "3"]
    assert cells(html, "caption") == ["and 1,496 rows more"]


def test_figure() -> None:
    def plot(what: bytes, path: Path) -> None:
        path.write_bytes(what)

    html = draw(plot, b"\x89PNG of something", about='a "figure"')._repr_html_()
    assert base64.b64encode(b"\x89PNG of something").decode() in html
    assert 'alt="a &#34;figure&#34;"' in html


def test_sound_is_short_and_cut_off_at_full_scale() -> None:
    wave = np.full(5 * 48_000, 2.0, np.float32)
    html = play({"<loud>": wave}, 48_000)._repr_html_()
    assert "&lt;loud&gt;" in html
    [data] = re.findall(r"base64,([^']+)'", html)
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert rate == 16_000
    assert len(heard) == 3 * rate
    assert np.abs(heard[1000:-1000]).max() <= 1


def test_data_set_starts_at_the_repository(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_dataset("src").root == ROOT / "src"
    assert open_dataset(str(tmp_path)).root == tmp_path
    with pytest.raises(DatasetError, match=r"no data set at .*nowhere; run `make demo` first"):
        open_dataset("nowhere")
