"""Azure's multimodal embeddings over HTTP to a server on loopback, and frames judged by them."""

import io
import json

import PIL.Image
import pytest
from azure_sites import KEY, AzureSite, Reply, serving
from langchain_core.embeddings import Embeddings

from langchain_gptv import Frame, Image
from langchain_gptv.enhancements.azure_vectors import AzureVisionEmbeddings
from langchain_gptv.exceptions import (
    PlanError,
    UnsuitableImageError,
    VisionAccessError,
    VisionConnectionError,
)
from langchain_gptv.vision.video import EmbeddingScorer, select_frames

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


class VectorSite(AzureSite):
    """`vectorizeText` and `vectorizeImage` of a model that knows colours: a vector of R, G, B."""

    def answer(self, asked):
        if asked.query != {"api-version": "2024-02-01", "model-version": "2023-04-15"}:
            return Reply(400, {"error": {"code": "InvalidRequest", "message": "model-version"}})
        if asked.path == "/computervision/retrieval:vectorizeText":
            word = next(w for w in asked.json["text"].split() if w in COLORS)
            return self._vector(COLORS[word])
        assert asked.path == "/computervision/retrieval:vectorizeImage"
        assert asked.headers["content-type"] == "application/octet-stream"
        with PIL.Image.open(io.BytesIO(asked.body)) as picture:
            return self._vector(picture.convert("RGB").resize((1, 1)).getpixel((0, 0)))

    def _vector(self, color):
        return Reply(
            200, {"modelVersion": "2023-04-15", "vector": [value / 255 for value in color]}
        )


@pytest.fixture
def site():
    """A server of its own for each test."""
    with serving(VectorSite()) as running:
        yield running


@pytest.fixture
def embeddings(site):
    """With a good key."""
    return AzureVisionEmbeddings(site.endpoint, key=KEY)


def frames(*colors):
    """One second apart."""
    return [
        Frame(float(at), at, Image.from_pil(PIL.Image.new("RGB", (64, 48), color)))
        for at, color in enumerate(colors)
    ]


def test_the_frame_nearest_to_the_words_is_the_best(embeddings, site):
    """A cosine each, best first; frames that look the same are sent once."""
    found = select_frames(
        frames("red", "green", "green", "blue"), "a blue car", scorer=EmbeddingScorer(embeddings)
    )
    assert found[0].frame_index == 3
    assert found[0].score == pytest.approx(1, abs=0.02)
    assert len([asked for asked in site.asked if asked.path.endswith("vectorizeImage")]) == 3


def test_a_frame_below_the_mark_does_not_show_it(embeddings):
    """With `at_least` nothing is chosen where nothing is near enough."""
    scorer = EmbeddingScorer(embeddings, at_least=0.9)
    assert select_frames(frames("red", "green"), "a blue car", scorer=scorer) == []


async def test_async_gives_the_same_vectors(embeddings):
    """Texts and pictures, several at once, in their order."""
    assert isinstance(embeddings, Embeddings)
    assert await embeddings.aembed_query("red") == embeddings.embed_query("red") == [1, 0, 0]
    texts = ["red", "blue"]
    assert await embeddings.aembed_documents(texts) == embeddings.embed_documents(texts)
    pictures = [PIL.Image.new("RGB", (2000, 20), color) for color in COLORS]
    vectors = embeddings.embed_images(pictures)
    assert await embeddings.aembed_images(pictures) == vectors
    assert vectors == [
        pytest.approx(value, abs=0.02) for value in ([1, 0, 0], [0, 0.5, 0], [0, 0, 1])
    ]


def test_large_pictures_are_sent_small(embeddings, site):
    """1024 pixels are more than the service's model sees."""
    embeddings.embed_images([PIL.Image.new("RGB", (3000, 1500), "red")])
    with PIL.Image.open(io.BytesIO(site.asked[0].body)) as sent:
        assert sent.size == (1024, 512)


@pytest.mark.parametrize("text", ["", "word " * 71])
def test_a_text_that_the_service_refuses_is_not_sent(embeddings, site, text):
    """1 to 70 words."""
    with pytest.raises(PlanError, match="vectorizeText takes 1 to 70"):
        embeddings.embed_query(text)
    assert site.asked == []


def test_a_picture_that_is_too_small_is_not_sent(embeddings, site):
    """10 pixels on each side at least."""
    with pytest.raises(UnsuitableImageError, match="5 x 50 pixels; vectorizeImage takes"):
        embeddings.embed_images([PIL.Image.new("RGB", (5, 50))])
    assert site.asked == []


def test_faults_of_the_service_are_errors_of_ours(site, embeddings):
    """A wrong key, and an answer without a vector."""
    with pytest.raises(VisionAccessError, match="401"):
        AzureVisionEmbeddings(site.endpoint, key="wrong").embed_query("red")
    site.fault = Reply(200, {"value": []})
    with pytest.raises(VisionConnectionError, match="has no vector"):
        embeddings.embed_query("red")


def test_embeddings_of_other_makers_are_given_paths():
    """`embed_image` gets a list of paths, as vector stores give it; without it it is an error."""

    class Others:
        def embed_query(self, text):
            return [float(value) for value in json.loads(text)]

        def embed_image(self, uris):
            return [PIL.Image.open(uri).resize((1, 1)).getpixel((0, 0)) for uri in uris]

    found = select_frames(frames("red", "blue"), "[0, 0, 1]", scorer=EmbeddingScorer(Others()))
    assert found[0].frame_index == 1
    with pytest.raises(TypeError, match="neither embed_images nor embed_image"):
        EmbeddingScorer(object())
