"""One question about many pictures: each answer is kept as it comes, none is paid for twice.

Read in this order: `journal` (the file of results), `items` and `questions` (what is asked of
what), `asking` (one item), `runner` (all of them); `submitting` and `collecting` are
OpenAI's Batch API, at half the price.
"""

from langchain_gptv.batch.collecting import batch_status as batch_status
from langchain_gptv.batch.collecting import collect_batch as collect_batch
from langchain_gptv.batch.items import Item as Item
from langchain_gptv.batch.items import load_items as load_items
from langchain_gptv.batch.journal import Journal as Journal
from langchain_gptv.batch.results import BatchResult as BatchResult
from langchain_gptv.batch.runner import arun_batch as arun_batch
from langchain_gptv.batch.runner import run_batch as run_batch
from langchain_gptv.batch.submitting import submit_batch as submit_batch

__all__ = [
    "BatchResult",
    "Item",
    "Journal",
    "arun_batch",
    "batch_status",
    "collect_batch",
    "load_items",
    "run_batch",
    "submit_batch",
]
