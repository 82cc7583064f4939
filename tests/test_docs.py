"""What documents say of the code: blocks run, links and citations lead somewhere, the table of modules is true."""

import ast
import re
from pathlib import Path

import matplotlib as mpl
import pytest

from sk_shallow import ShallowNetClassifier
from sk_shallow.textbook import ERRATA

mpl.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sk_shallow"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
PIP = "test -x .venv/bin/python || python3 -m venv .venv; .venv/bin/python -m pip install -q -e "
ONE_LINERS = [
    f"{PIP}. && .venv/bin/python examples/quickstart.py",
    f'{PIP}".[test]" && .venv/bin/python -m pytest -q',
]


def blocks(page, language):
    """Return the code of a page's fences in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def name(path):
    """Return a path as it stands below the root."""
    return str(path.relative_to(ROOT))


RUNNING = [ROOT / "README.md", *sorted(set(ROOT.glob("docs/*.md")) - {ROOT / "docs/equations.md"})]


@pytest.mark.parametrize("page", [page for page in RUNNING if blocks(page, "python")], ids=name)
def test_python_blocks_run_in_order(page, tmp_path, monkeypatch):
    if any("sklearn.callback" in block for block in blocks(page, "python")):
        pytest.importorskip("sklearn.callback")
    monkeypatch.chdir(tmp_path)
    found, names = blocks(page, "python"), {}
    for number, block in enumerate(found):
        exec(compile(block, f"{page}, block {number}", "exec"), names)
    plt.close("all")


def test_readme_sets_up_and_tests_by_one_line_each():
    assert [block.splitlines() for block in blocks(ROOT / "README.md", "sh")[:2]] == [
        [line] for line in ONE_LINERS
    ]


def test_the_link_of_the_representation_leads_to_the_page_of_the_estimator():
    link = ShallowNetClassifier()._get_doc_link()
    assert link == "https://sk-shallow.readthedocs.io/en/stable/api/sk_shallow.ShallowNetClassifier.html"
    api = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert re.search(r"autosummary::\n +:toctree: api\n(?: +:.*\n)*\n +ShallowNetClassifier\n", api)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    links += re.findall(r"literalinclude} (\S+)", page.read_text(encoding="utf-8"))
    files = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    made = {"examples/index", *(f"examples/{example.stem}" for example in (ROOT / "examples").glob("plot_*.py"))}
    made = made if page.parent.name == "docs" else set()
    assert [file for file in files if file and file not in made and not (page.parent / file).exists()] == []


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=name)
def test_cited_files_exist(path):
    cited = re.findall(r"(?<![\w/.-])[\w/.-]+\.(?:md|py)\b", path.read_text(encoding="utf-8"))
    homes = (ROOT, PACKAGE, path.parent)
    assert [file for file in cited if not any((home / file).is_file() for home in homes)] == []


def imported(path):
    """Return the modules of the package that a file imports, by the first part of their names."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    dotted = [node.module.split(".") for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {parts[1] for parts in dotted if parts[0] == "sk_shallow" and len(parts) > 1}


def test_the_table_of_modules_names_every_module_below_those_that_it_imports():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("| module | holds |\n|---|---|\n")[2].partition("\n\n")[0]
    order = [module for row in table.splitlines() for module in re.findall(r"`(\w+)`", row.split("|")[1])]
    homes = {path: path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in SOURCES}
    homes.pop(PACKAGE / "__init__.py")
    assert sorted(order) == sorted(set(homes.values()))
    for path, module in homes.items():
        above = order[: order.index(module) + 1]
        assert imported(path) <= set(above), f"{module} stands above what it imports"


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda erratum: f"{erratum.document} {erratum.printed}")
def test_the_page_on_the_documents_has_each_misprint(erratum):
    page = (ROOT / "docs/backpropagation.md").read_text(encoding="utf-8").replace("\\", "")
    assert f"| `{erratum.document}` | {erratum.printed} | {erratum.correct} | {erratum.why} |" in page


def test_every_example_has_a_question_and_a_picture_and_stands_in_the_gallery():
    examples = sorted((ROOT / "examples").glob("*.py"))
    assert len(examples) >= 13
    for example in examples:
        text = example.read_text(encoding="utf-8")
        title = text.split("\n")[1:3]
        assert len(title[0]) <= len(title[1]), example
        assert set(title[1]) == {"="}, example
        assert example.name == "quickstart.py" or (example.name.startswith("plot_") and "plt.show()" in text)
