"""Run the notebooks of examples/notebooks again and save what they say.

python scripts/run_notebooks.py
"""

from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"


def main() -> None:
    """Run each from top to bottom; an error stops it and saves nothing."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        where = {"metadata": {"path": str(FOLDER)}}
        nbclient.NotebookClient(notebook, timeout=120, resources=where).execute()
        for cell in notebook.cells:
            cell.get("metadata", {}).pop("execution", None)  # times would differ with every run
        notebook.metadata["language_info"] = {"name": "python"}  # not of which version
        nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main()
