"""Videos: frames of a file, those that answer a query, and many of them on one sheet."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.vision.video.embedding import EmbeddingScorer as EmbeddingScorer
    from langchain_gptv.vision.video.file import VideoSource as VideoSource
    from langchain_gptv.vision.video.frames import Frame as Frame
    from langchain_gptv.vision.video.sampling import Strategy as Strategy
    from langchain_gptv.vision.video.sampling import sample_frames as sample_frames
    from langchain_gptv.vision.video.scoring import FrameScorer as FrameScorer
    from langchain_gptv.vision.video.scoring import ObserverScorer as ObserverScorer
    from langchain_gptv.vision.video.scoring import select_frames as select_frames
    from langchain_gptv.vision.video.sheets import contact_sheet as contact_sheet

_EXPORTS = {
    "EmbeddingScorer": "embedding",
    "Frame": "frames",
    "FrameScorer": "scoring",
    "ObserverScorer": "scoring",
    "Strategy": "sampling",
    "VideoSource": "file",
    "contact_sheet": "sheets",
    "sample_frames": "sampling",
    "select_frames": "scoring",
}
__all__ = [
    "EmbeddingScorer",
    "Frame",
    "FrameScorer",
    "ObserverScorer",
    "Strategy",
    "VideoSource",
    "contact_sheet",
    "sample_frames",
    "select_frames",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
