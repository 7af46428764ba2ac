"""Vision as tools that an agent calls: handles in, short text and typed artifacts out."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.tools.again import LookAgain as LookAgain
    from langchain_gptv.tools.again import SeenAgain as SeenAgain
    from langchain_gptv.tools.again import alook_again as alook_again
    from langchain_gptv.tools.again import look_again as look_again
    from langchain_gptv.tools.ask import AskImage as AskImage
    from langchain_gptv.tools.ask import ImageAnswer as ImageAnswer
    from langchain_gptv.tools.ask import aask_image as aask_image
    from langchain_gptv.tools.ask import ask_image as ask_image
    from langchain_gptv.tools.base import VisionResult as VisionResult
    from langchain_gptv.tools.base import VisionTool as VisionTool
    from langchain_gptv.tools.base import default_observer as default_observer
    from langchain_gptv.tools.compare import CompareImages as CompareImages
    from langchain_gptv.tools.compare import Comparison as Comparison
    from langchain_gptv.tools.compare import Difference as Difference
    from langchain_gptv.tools.compare import acompare_images as acompare_images
    from langchain_gptv.tools.compare import compare_images as compare_images
    from langchain_gptv.tools.describe import DescribeImage as DescribeImage
    from langchain_gptv.tools.describe import Description as Description
    from langchain_gptv.tools.describe import adescribe_image as adescribe_image
    from langchain_gptv.tools.describe import describe_image as describe_image
    from langchain_gptv.tools.extract import ExtractData as ExtractData
    from langchain_gptv.tools.extract import Extraction as Extraction
    from langchain_gptv.tools.extract import aextract_data as aextract_data
    from langchain_gptv.tools.extract import extract_data as extract_data
    from langchain_gptv.tools.extraction.checks import SumCheck as SumCheck
    from langchain_gptv.tools.extraction.checks import check_sums as check_sums
    from langchain_gptv.tools.extraction.evidence import ValueEvidence as ValueEvidence
    from langchain_gptv.tools.extraction.models import Chart as Chart
    from langchain_gptv.tools.extraction.models import ChartPoint as ChartPoint
    from langchain_gptv.tools.extraction.models import Form as Form
    from langchain_gptv.tools.extraction.models import FormField as FormField
    from langchain_gptv.tools.extraction.models import NotPrinted as NotPrinted
    from langchain_gptv.tools.extraction.models import Receipt as Receipt
    from langchain_gptv.tools.extraction.models import ReceiptItem as ReceiptItem
    from langchain_gptv.tools.extraction.models import Series as Series
    from langchain_gptv.tools.extraction.models import Table as Table
    from langchain_gptv.tools.extraction.models import TableCell as TableCell
    from langchain_gptv.tools.info import ImageFacts as ImageFacts
    from langchain_gptv.tools.info import ImageInfo as ImageInfo
    from langchain_gptv.tools.info import aimage_info as aimage_info
    from langchain_gptv.tools.info import image_info as image_info
    from langchain_gptv.tools.locating import Locate as Locate
    from langchain_gptv.tools.locating import Located as Located
    from langchain_gptv.tools.locating import LocatedBox as LocatedBox
    from langchain_gptv.tools.locating import alocate as alocate
    from langchain_gptv.tools.locating import locate as locate
    from langchain_gptv.tools.moments import FoundMoments as FoundMoments
    from langchain_gptv.tools.moments import MomentSearch as MomentSearch
    from langchain_gptv.tools.moments import afind_moments as afind_moments
    from langchain_gptv.tools.moments import find_moments as find_moments
    from langchain_gptv.tools.read import ReadLine as ReadLine
    from langchain_gptv.tools.read import ReadText as ReadText
    from langchain_gptv.tools.read import TextReading as TextReading
    from langchain_gptv.tools.read import aread_text as aread_text
    from langchain_gptv.tools.read import read_text as read_text
    from langchain_gptv.tools.regions import parse_region as parse_region
    from langchain_gptv.tools.spending import SearchBudget as SearchBudget
    from langchain_gptv.tools.toolkit import VisionToolkit as VisionToolkit
    from langchain_gptv.tools.watch import VideoAnswer as VideoAnswer
    from langchain_gptv.tools.watch import VideoMoment as VideoMoment
    from langchain_gptv.tools.watch import Watching as Watching
    from langchain_gptv.tools.watch import WatchVideo as WatchVideo
    from langchain_gptv.tools.watch import awatch_video as awatch_video
    from langchain_gptv.tools.watch import watch_video as watch_video
    from langchain_gptv.tools.zoom import Zoomed as Zoomed
    from langchain_gptv.tools.zoom import ZoomImage as ZoomImage
    from langchain_gptv.tools.zoom import azoom_image as azoom_image
    from langchain_gptv.tools.zoom import zoom_image as zoom_image

_EXPORTS = {
    "AskImage": "ask",
    "Chart": "extraction.models",
    "ChartPoint": "extraction.models",
    "CompareImages": "compare",
    "Comparison": "compare",
    "DescribeImage": "describe",
    "Description": "describe",
    "Difference": "compare",
    "ExtractData": "extract",
    "Extraction": "extract",
    "Form": "extraction.models",
    "FormField": "extraction.models",
    "FoundMoments": "moments",
    "ImageAnswer": "ask",
    "ImageFacts": "info",
    "ImageInfo": "info",
    "Locate": "locating",
    "Located": "locating",
    "LocatedBox": "locating",
    "LookAgain": "again",
    "MomentSearch": "moments",
    "NotPrinted": "extraction.models",
    "ReadLine": "read",
    "ReadText": "read",
    "Receipt": "extraction.models",
    "ReceiptItem": "extraction.models",
    "SearchBudget": "spending",
    "SeenAgain": "again",
    "Series": "extraction.models",
    "SumCheck": "extraction.checks",
    "Table": "extraction.models",
    "TableCell": "extraction.models",
    "TextReading": "read",
    "ValueEvidence": "extraction.evidence",
    "VideoAnswer": "watch",
    "VideoMoment": "watch",
    "VisionResult": "base",
    "VisionTool": "base",
    "VisionToolkit": "toolkit",
    "WatchVideo": "watch",
    "Watching": "watch",
    "ZoomImage": "zoom",
    "Zoomed": "zoom",
    "aask_image": "ask",
    "acompare_images": "compare",
    "adescribe_image": "describe",
    "aextract_data": "extract",
    "afind_moments": "moments",
    "aimage_info": "info",
    "alocate": "locating",
    "alook_again": "again",
    "aread_text": "read",
    "ask_image": "ask",
    "awatch_video": "watch",
    "azoom_image": "zoom",
    "check_sums": "extraction.checks",
    "compare_images": "compare",
    "default_observer": "base",
    "describe_image": "describe",
    "extract_data": "extract",
    "find_moments": "moments",
    "image_info": "info",
    "locate": "locating",
    "look_again": "again",
    "parse_region": "regions",
    "read_text": "read",
    "watch_video": "watch",
    "zoom_image": "zoom",
}
__all__ = [
    "AskImage",
    "Chart",
    "ChartPoint",
    "CompareImages",
    "Comparison",
    "DescribeImage",
    "Description",
    "Difference",
    "ExtractData",
    "Extraction",
    "Form",
    "FormField",
    "FoundMoments",
    "ImageAnswer",
    "ImageFacts",
    "ImageInfo",
    "Locate",
    "Located",
    "LocatedBox",
    "LookAgain",
    "MomentSearch",
    "NotPrinted",
    "ReadLine",
    "ReadText",
    "Receipt",
    "ReceiptItem",
    "SearchBudget",
    "SeenAgain",
    "Series",
    "SumCheck",
    "Table",
    "TableCell",
    "TextReading",
    "ValueEvidence",
    "VideoAnswer",
    "VideoMoment",
    "VisionResult",
    "VisionTool",
    "VisionToolkit",
    "WatchVideo",
    "Watching",
    "ZoomImage",
    "Zoomed",
    "aask_image",
    "acompare_images",
    "adescribe_image",
    "aextract_data",
    "afind_moments",
    "aimage_info",
    "alocate",
    "alook_again",
    "aread_text",
    "ask_image",
    "awatch_video",
    "azoom_image",
    "check_sums",
    "compare_images",
    "default_observer",
    "describe_image",
    "extract_data",
    "find_moments",
    "image_info",
    "locate",
    "look_again",
    "parse_region",
    "read_text",
    "watch_video",
    "zoom_image",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
