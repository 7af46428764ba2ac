"""Pages, figures, photos and scenes as LangChain documents, and as context for a prompt.

Every loader gives the same kind of `Document`. Its `page_content` is text to search by; its picture
lies in an `ImageStore`, and the metadata holds the handle. All values are strings, integers and
floats, which every vector store takes; pixels and base64 are never among them.

Always there:

- `doc_id` (str): the same for the same bytes and place; also `Document.id`. It stays on
  the chunks of a text splitter, so that they lead back to their page.
- `source` (str): the path of the file. `sha256` (str): the digest of its bytes.
- `kind` (str): "page" (of a PDF or a TIFF), "figure" (of a page), "photo" or "scene".
- `image` (str): the handle of the picture in the store. `width`, `height` (int): its pixels.
- `text_from` (str): where `page_content` comes from: "embedded", "ocr", "describe", or "none"
  when it is empty.

Where they apply:

- `page` (int): from 1, of pages and figures. `page_count` (int): of the file.
- `boxes` (str): of embedded and OCR text, where its lines are: JSON of one `[x1, y1, x2, y2]` for
  each line of `page_content`, in pixels of the picture. The caption of a figure has the whole of
  it. Read it with `text_lines(document)`.
- `parent` (str): of a figure, the `doc_id` of its page. `figure` (int): its number on the page,
  from 1. `box` (str): JSON `[x1, y1, x2, y2]` of the figure in pixels of the page's picture; read
  it with `figure_box(document)`. Its `image` is a crop of the page's: `store.crop_of` knows it too.
- `timestamp_s` (float): of a scene, when it is shown.
"""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.rag.answers import CitedAnswer as CitedAnswer
    from langchain_gptv.rag.answers import Claim as Claim
    from langchain_gptv.rag.answers import acited_answer as acited_answer
    from langchain_gptv.rag.answers import cited_answer as cited_answer
    from langchain_gptv.rag.cache import LoaderCache as LoaderCache
    from langchain_gptv.rag.chain import MultimodalRAG as MultimodalRAG
    from langchain_gptv.rag.context import PlannedContext as PlannedContext
    from langchain_gptv.rag.context import Source as Source
    from langchain_gptv.rag.context import aimage_context as aimage_context
    from langchain_gptv.rag.context import image_context as image_context
    from langchain_gptv.rag.context import plan_context as plan_context
    from langchain_gptv.rag.describing import Describer as Describer
    from langchain_gptv.rag.documents import Failure as Failure
    from langchain_gptv.rag.documents import Progress as Progress
    from langchain_gptv.rag.documents import figure_box as figure_box
    from langchain_gptv.rag.documents import text_lines as text_lines
    from langchain_gptv.rag.evidence import Citation as Citation
    from langchain_gptv.rag.images import ImageLoader as ImageLoader
    from langchain_gptv.rag.index import FolderIndex as FolderIndex
    from langchain_gptv.rag.index_results import Found as Found
    from langchain_gptv.rag.index_results import IndexReport as IndexReport
    from langchain_gptv.rag.loading import LoaderOptions as LoaderOptions
    from langchain_gptv.rag.parents import DocumentStore as DocumentStore
    from langchain_gptv.rag.parser import VisionParser as VisionParser
    from langchain_gptv.rag.pdf import PageReader as PageReader
    from langchain_gptv.rag.pdf import PDFPageLoader as PDFPageLoader
    from langchain_gptv.rag.pictures import ImageEmbedding as ImageEmbedding
    from langchain_gptv.rag.pictures import PictureEmbeddings as PictureEmbeddings
    from langchain_gptv.rag.ranking import fuse_rankings as fuse_rankings
    from langchain_gptv.rag.retriever import PageImageRetriever as PageImageRetriever
    from langchain_gptv.rag.vectors import HashedEmbeddings as HashedEmbeddings
    from langchain_gptv.rag.video import SceneReader as SceneReader
    from langchain_gptv.rag.video import VideoLoader as VideoLoader

_EXPORTS = {
    "Citation": "evidence",
    "CitedAnswer": "answers",
    "Claim": "answers",
    "Describer": "describing",
    "DocumentStore": "parents",
    "Failure": "documents",
    "FolderIndex": "index",
    "Found": "index_results",
    "HashedEmbeddings": "vectors",
    "ImageEmbedding": "pictures",
    "ImageLoader": "images",
    "IndexReport": "index_results",
    "LoaderCache": "cache",
    "LoaderOptions": "loading",
    "MultimodalRAG": "chain",
    "PDFPageLoader": "pdf",
    "PageImageRetriever": "retriever",
    "PageReader": "pdf",
    "PictureEmbeddings": "pictures",
    "PlannedContext": "context",
    "Progress": "documents",
    "SceneReader": "video",
    "Source": "context",
    "VideoLoader": "video",
    "VisionParser": "parser",
    "acited_answer": "answers",
    "aimage_context": "context",
    "cited_answer": "answers",
    "figure_box": "documents",
    "fuse_rankings": "ranking",
    "image_context": "context",
    "plan_context": "context",
    "text_lines": "documents",
}
__all__ = [
    "Citation",
    "CitedAnswer",
    "Claim",
    "Describer",
    "DocumentStore",
    "Failure",
    "FolderIndex",
    "Found",
    "HashedEmbeddings",
    "ImageEmbedding",
    "ImageLoader",
    "IndexReport",
    "LoaderCache",
    "LoaderOptions",
    "MultimodalRAG",
    "PDFPageLoader",
    "PageImageRetriever",
    "PageReader",
    "PictureEmbeddings",
    "PlannedContext",
    "Progress",
    "SceneReader",
    "Source",
    "VideoLoader",
    "VisionParser",
    "acited_answer",
    "aimage_context",
    "cited_answer",
    "figure_box",
    "fuse_rankings",
    "image_context",
    "plan_context",
    "text_lines",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
