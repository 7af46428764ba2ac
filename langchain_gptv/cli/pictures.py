"""Pictures that a command is to write."""

from pathlib import Path

from langchain_gptv.exceptions import PlanError


def check_picture(path: Path) -> None:
    """Refuse a path to which no picture can be written, before a model is asked and paid.

    Raises:
        PlanError: Its folder is not there, or its ending is of no picture.
    """
    import PIL.Image

    PIL.Image.init()
    if PIL.Image.EXTENSION.get(path.suffix.lower()) not in PIL.Image.SAVE:
        raise PlanError(f"'{path}' has the name of no picture. End it in .png or .jpg.")
    if not path.parent.is_dir():
        raise PlanError(f"'{path}': there is no folder '{path.parent}'. Make it first.")
