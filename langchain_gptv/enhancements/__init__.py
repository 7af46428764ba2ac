"""OCR and object grounding beside any model, as Azure's vision enhancements had it.

Read in this order: `settings` (what is asked for), `looking` (who looks at the picture, once),
`beside` (what was seen, as text beside the image), `grounding` (the answer tied to boxes).
"""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.enhancements.azure_vectors import (
        AzureVisionEmbeddings as AzureVisionEmbeddings,
    )
    from langchain_gptv.enhancements.azure_vision import AzureVision as AzureVision
    from langchain_gptv.enhancements.grounding import draw_grounding as draw_grounding
    from langchain_gptv.enhancements.grounding import grounded_spans as grounded_spans
    from langchain_gptv.enhancements.image_analysis import ImageAnalysis as ImageAnalysis
    from langchain_gptv.enhancements.settings import Enhancements as Enhancements
    from langchain_gptv.enhancements.video_index import Ingestion as Ingestion
    from langchain_gptv.enhancements.video_index import VideoDocument as VideoDocument
    from langchain_gptv.enhancements.video_index import VideoHit as VideoHit
    from langchain_gptv.enhancements.video_index import VideoIndex as VideoIndex

_EXPORTS = {
    "AzureVision": "azure_vision",
    "AzureVisionEmbeddings": "azure_vectors",
    "Enhancements": "settings",
    "ImageAnalysis": "image_analysis",
    "Ingestion": "video_index",
    "VideoDocument": "video_index",
    "VideoHit": "video_index",
    "VideoIndex": "video_index",
    "draw_grounding": "grounding",
    "grounded_spans": "grounding",
}
__all__ = [
    "AzureVision",
    "AzureVisionEmbeddings",
    "Enhancements",
    "ImageAnalysis",
    "Ingestion",
    "VideoDocument",
    "VideoHit",
    "VideoIndex",
    "draw_grounding",
    "grounded_spans",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
