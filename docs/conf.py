"""Configuration of the documentation build."""

import matplotlib as mpl

from sk_shallow import __version__

mpl.use("Agg")

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
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
]
templates_path = ["_templates"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_templates"]
nitpicky = True
# There is no inventory of scikit-learn where nothing can be fetched.
nitpick_ignore = [("py:obj", "sklearn.neural_network.MLPClassifier")]
linkcheck_ignore = ["https?://.*"]

html_theme = "pydata_sphinx_theme"
html_title = "sk_shallow"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 4,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
_SINGLE = (
    "index",
    "getting_started",
    "user_guide",
    "settings",
    "backpropagation",
    "equations",
    "architecture",
    "contributing",
    "changelog",
)
html_sidebars: dict[str, list[str]] = {page: [] for page in _SINGLE}
html_context = {"default_mode": "light"}

numpydoc_class_members_toctree = False
numpydoc_show_class_members = False
autosummary_generate = True
autodoc_typehints = "none"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"quickstart\.py|__init__\.py",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1_000,
    "doc_module": ("sk_shallow",),
    "backreferences_dir": "api/examples",
    "reference_url": {"sk_shallow": None},
    "remove_config_comments": True,
    "within_subsection_order": "ExampleTitleSortKey",
}
suppress_warnings = ["config.cache"]
