"""Cassettes for chains that see: recorded exchanges with the pictures as short digests.

In a `conftest.py`, beside pytest-recording:

    @pytest.fixture
    def vcr_config():
        return langchain_gptv.testing.vcr_config()

Outside pytest, `make_vcr().use_cassette("cassettes/receipt.yaml")`.
"""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.testing.config import make_vcr as make_vcr
    from langchain_gptv.testing.config import vcr_config as vcr_config
    from langchain_gptv.testing.digests import digest_base64 as digest_base64
    from langchain_gptv.testing.scrub import scrub_text as scrub_text

_EXPORTS = {
    "digest_base64": "digests",
    "make_vcr": "config",
    "scrub_text": "scrub",
    "vcr_config": "config",
}
__all__ = ["digest_base64", "make_vcr", "scrub_text", "vcr_config"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
