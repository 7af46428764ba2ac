"""OCR and object grounding beside any model, as Azure's vision enhancements had it.

Read in this order: `settings` (what is asked for), `looking` (who looks at the picture, once),
`beside` (what was seen, as text beside the image), `grounding` (the answer tied to boxes).
"""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.enhancements.grounding import draw_grounding as draw_grounding
    from langchain_gptv.enhancements.grounding import grounded_spans as grounded_spans
    from langchain_gptv.enhancements.settings import Enhancements as Enhancements
    from langchain_gptv.vision.grounding import GroundedSpan as GroundedSpan

_EXPORTS = {
    "Enhancements": "settings",
    "draw_grounding": "grounding",
    "grounded_spans": "grounding",
}
__all__ = ["Enhancements", "draw_grounding", "grounded_spans"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
