"""The documentation site: ``make docs``. What of it is made in the build is in ``lehr_site/``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lehr

project, author, copyright = "lehr", "The authors of lehr", "The authors of lehr, MIT licence"
version = release = lehr.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "lehr_site",
]
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
myst_heading_anchors = 3
exclude_patterns = ["_build", "jupyter_execute", "lehr_site"]
suppress_warnings = ["myst.strikethrough"]

default_role = "py:obj"
autodoc_typehints = "none"  # the signature would be longer than the text that explains it
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "lehr"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["lehr.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
