"""What the build of the site makes by itself: the gallery, the reference, the changelog, and the links of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import changelog, formulas, gallery, reference, sources

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the pages before Sphinx looks for them, and mend what differs between the repository and the site."""
    app.connect("builder-inited", lambda app: gallery.write(app.srcdir / "gallery"))
    app.connect("builder-inited", lambda app: reference.write(app.srcdir / "reference"))
    app.connect("builder-inited", lambda app: changelog.write(app.srcdir / "changelog.md"))
    app.connect("source-read", sources.mended)
    formulas.setup(app)
    return {"parallel_read_safe": True}
