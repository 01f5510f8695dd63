"""The documentation site: it builds without a warning, shows every public name, and every page is near the first."""

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from sphinx.util.inventory import InventoryFile

import lehr
from lehr import spec
from lehr.schedules.recipes import RECIPES
from lehr.schedules.shapes import SHAPES

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages; a warning is an error, and the cells of the tutorial are run."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-b", "html", DOCS, out],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def gallery():
    sys.path.insert(0, str(DOCS))
    from lehr_site import gallery

    return gallery


def links_of(page):
    """The pages of the site that a page links to."""
    targets = re.findall(r'<a[^>]* href="([^"#][^":]*)"', page.read_text("utf-8"))
    return {(page.parent / urldefrag(target).url).resolve() for target in targets}


def test_every_page_is_two_clicks_away_and_every_link_leads_somewhere(site):
    near = {site / "index.html"}
    for _ in range(2):
        near |= {target for page in near for target in links_of(page) if target.suffix == ".html"}
    assert all(page.exists() for page in near)
    own = {"genindex.html", "py-modindex.html", "search.html"}
    assert {page for page in site.rglob("*.html") if page.name not in own and "_static" not in page.parts} <= near
    broken = {target for page in near for target in links_of(page) if not target.exists()}
    assert broken == set()


def test_every_public_name_is_in_the_reference(site):
    """The classes and functions of each public module; the recipes are in the gallery."""
    with (site / "objects.inv").open("rb") as file:
        known = {name for kind in InventoryFile.load(file, "", lambda base, uri: uri).values() for name in kind}
    modules = {name: value for name in lehr.__all__ if inspect.ismodule(value := getattr(lehr, name))}
    expected = {f"lehr.{name}" for name in lehr.__all__ if name not in modules}
    for name, module in modules.items():
        public = getattr(module, "__all__", None) or [own for own in vars(module) if not own.startswith("_")]
        values = {own: getattr(module, own) for own in public}
        ours = (own for own, value in values.items() if getattr(value, "__module__", "").startswith("lehr."))
        expected |= {f"lehr.{name}.{own}" for own in ours if not inspect.ismodule(values[own])}
    assert len(expected) > 100
    assert expected - known == set()


def test_the_gallery_has_each_recipe_and_shape(site, gallery):
    with (DOCS / "lehr_site" / "gallery.toml").open("rb") as file:
        entries = tomllib.load(file)
    assert set(entries["recipes"]) == set(RECIPES)
    for name, entry in entries["recipes"].items():
        schedule = spec.from_text(entry["spec"])
        assert eval(gallery.call(entry["spec"]), {"lehr": lehr}) == schedule
        page = (site / "gallery" / f"{name}.html").read_text("utf-8")
        assert f"lehr.{name}" in page
        assert "https://" in page.split("When people use it")[1]
    shapes = (site / "gallery" / "shapes.html").read_text("utf-8")
    assert all(f"shape-{name}-dark.svg" in shapes for name in SHAPES)


def test_formulas_need_no_script(site):
    page = (site / "gallery" / "wsd.html").read_text("utf-8")
    assert "<math" in page
    assert "mathjax.js" not in page.lower()
    assert "\\eta" not in page


def test_the_tutorial_shows_what_its_cells_made(site):
    page = (site / "tutorial.html").read_text("utf-8")
    assert page.count("<svg") >= 5
    assert "[588, 1960, 2156]" in page
    assert "the loss is flat" in page
