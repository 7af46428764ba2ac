"""What a person sees: pictures, boxes, plans and costs as HTML for notebooks and pages.

Everything returns a `View`: the last line of a notebook cell shows it, `print` gives its text, and
`save` writes a page that needs nothing else. No scripts, light and dark, alt text throughout.
"""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.display.diffs import show_diff as show_diff
    from langchain_gptv.display.frames import show_frames as show_frames
    from langchain_gptv.display.grounding import show_grounding as show_grounding
    from langchain_gptv.display.pictures import show as show
    from langchain_gptv.display.plans import show_plan as show_plan
    from langchain_gptv.display.usage import show_usage as show_usage
    from langchain_gptv.display.view import View as View

_EXPORTS = {
    "View": "view",
    "show": "pictures",
    "show_diff": "diffs",
    "show_frames": "frames",
    "show_grounding": "grounding",
    "show_plan": "plans",
    "show_usage": "usage",
}
__all__ = [
    "View",
    "show",
    "show_diff",
    "show_frames",
    "show_grounding",
    "show_plan",
    "show_usage",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
