"""Pictures under short handles, in memory, on disk, or in any LangChain store."""

from langchain_gptv.store.files import FileStore
from langchain_gptv.store.handles import handle_of, is_handle, reference, root_of, video_handle
from langchain_gptv.store.images import ImageStore
from langchain_gptv.store.records import Crop

__all__ = [
    "Crop",
    "FileStore",
    "ImageStore",
    "handle_of",
    "is_handle",
    "reference",
    "root_of",
    "video_handle",
]
