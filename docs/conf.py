"""Configuration of the documentation build."""

from sk_shallow import __version__

project = "sk_shallow"
copyright = "2026, the sk_shallow developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
]
templates_path = ["_templates"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_templates"]
html_theme = "furo"
html_title = "sk_shallow"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False
autosummary_generate = True
autodoc_typehints = "none"
