"""The door: the only place that opens a path or a URL that message content or a model names."""

from langchain_gptv.sources.door import CODE_SOURCES, NO_SOURCES, FetchUrls, ImageSources

__all__ = ["CODE_SOURCES", "NO_SOURCES", "FetchUrls", "ImageSources"]
