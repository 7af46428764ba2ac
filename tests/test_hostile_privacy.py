"""What never leaves and never shows: places, cameras, keys, and pictures in logs."""

from __future__ import annotations

import base64
import copy
import io
import logging
import pickle

import PIL.Image
import pytest
import web
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from leaving import Wire, leaving, make_model
from pictures import FILE_TYPES, encoded, exif, noise
from PIL.PngImagePlugin import PngInfo

from langchain_gptv import ChatGPTV, Enhancements, Image, ImageSources, human_message, image_block
from langchain_gptv.exceptions import GPTVError
from langchain_gptv.vision.prepare import prepare_to_size

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1", "::1"])

KEY = "sk-planted-0123456789abcdef"
SECRETS = (b"Ada Lovelace", b"PhoneMaker X", b"serial-4711", b"52.52, 13.40", b"home address")
KINDS = [(service, api) for service in ("openai", "azure") for api in ("chat", "responses")]


def photo(file_type: str, orientation: int = 1, size: tuple[int, int] = (64, 48)) -> bytes:
    """Make a photo that says where, when, by whom and with which device it was taken."""
    tags = exif(orientation, author="Ada Lovelace", gps=True)
    tags[0x010F], tags[0x0110], tags[0xA431] = "PhoneMaker X", "PhoneMaker X", "serial-4711"
    tags.get_ifd(0x8825)[0x1B] = b"52.52, 13.40"
    settings: dict[str, object] = {"exif": tags}
    if file_type in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF"):
        settings["xmp"] = b"<x:xmpmeta>home address</x:xmpmeta>"
    if file_type == "PNG":
        noted = PngInfo()
        noted.add_text("Author", "Ada Lovelace")
        noted.add_itxt("XML:com.adobe.xmp", "home address", zip=False)
        settings["pnginfo"] = noted
    if file_type in ("GIF", "JPEG"):
        settings["comment"] = b"Ada Lovelace, home address"
    if file_type == "BMP":
        settings = {}
    data = encoded(noise(*size), file_type, **settings)
    return data + b"serial-4711" if file_type in ("JPEG", "BMP") else data


def heic() -> bytes:
    """Make a HEIC file as a phone does."""
    pillow_heif = pytest.importorskip("pillow_heif")
    tags = exif(author="Ada Lovelace", gps=True).tobytes()
    buffer = io.BytesIO()
    pillow_heif.from_pillow(noise(64, 48)).save(
        buffer, format="HEIF", exif=tags, xmp=b"<x:xmpmeta>home address</x:xmpmeta>"
    )
    return buffer.getvalue()


def secrets_in(data: bytes) -> list[bytes]:
    """Return which of the secrets stand in some bytes, plainly or as metadata of a picture."""
    found = [secret for secret in SECRETS if secret in data]
    with PIL.Image.open(io.BytesIO(data)) as picture:
        held = {"exif", "xmp", "comment", "photoshop", "Author"} & picture.info.keys()
        return [*found, *(key.encode() for key in held), *map(repr, picture.getexif())]


@pytest.mark.parametrize("way", ["prepared", "sent", "block"])
@pytest.mark.parametrize("file_type", [*FILE_TYPES, "HEIC", "JPEG turned"])
def test_no_place_and_no_device_leaves(file_type, way):
    """In no type that is read, in none of the ways a picture gets into a request."""
    kind = file_type.partition(" ")[0]
    data = heic() if kind == "HEIC" else photo(kind, 6 if "turned" in file_type else 1)
    if kind not in ("BMP", "HEIC", "AVIF"):
        assert secrets_in(data)
    for sent in _sent(data, way):
        assert secrets_in(sent) == []


def _sent(data: bytes, way: str) -> list[bytes]:
    """Return the pictures that leave."""
    if way == "prepared":
        return [prepare_to_size(data).data, prepare_to_size(data, (32, 32), resize="always").data]
    sent, given = [], image_block(data) if way == "block" else {"type": "image", "image": data}
    for service, api in KINDS:
        wire = Wire()
        model = make_model(service, api, wire)
        model.invoke([("user", ["What is it?", given])])
        (message,) = leaving(wire.take()[0])
        inner = message["content"][1]["image_url"]
        url = inner["url"] if isinstance(inner, dict) else inner
        sent.append(base64.b64decode(url.partition(",")[2]))
    return sent


# Keys


class Trace(BaseCallbackHandler):
    """Keeps all that a tracer is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def on_chat_model_start(self, *args: object, **kwargs: object) -> None:
        """Note the start."""
        self.told.append((args, kwargs))

    def on_llm_end(self, *args: object, **kwargs: object) -> None:
        """Note the end."""
        self.told.append((args, kwargs))


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_key_is_in_no_trace(kind):
    """Neither in what a tracer is told nor in the run that LangSmith would be sent."""
    wire, trace, runs = Wire(), Trace(), RunCollectorCallbackHandler()
    model = make_model(*kind, wire, api_key=KEY)
    model.invoke([human_message("?", noise(20, 20))], config={"callbacks": [trace, runs]})
    seen = repr(trace.told) + "".join(run.model_dump_json() for run in runs.traced_runs)
    assert "A cat." in seen
    assert KEY not in seen


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_key_is_in_no_repr(kind):
    """Of the model, its copy, its bound and structured forms, and its serialised form."""
    model = make_model(*kind, Wire(), api_key=KEY)
    forms = [model, copy.copy(model), model.bind(stop=["x"]), model | str, model.with_retry()]
    shown = [text for form in forms for text in (repr(form), str(form))]
    shown += [repr(model.model_dump()), repr(model.lc_attributes), repr(model._identifying_params)]
    assert [text for text in shown if KEY in text] == []


def test_a_key_is_in_no_error():
    """Of a call that fails, with all that caused it."""
    model = ChatGPTV(model="gpt-5.4", api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=0)
    with pytest.raises(Exception, match="Connection error") as caught:
        model.invoke("?")
    errors, error = [], caught.value
    while error is not None:
        errors.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    assert KEY not in "".join(errors)


def test_secrets_of_a_url_are_in_no_error_and_no_name():
    """A SAS signature and a password stay out of errors and of what an image is called."""
    with web.site() as site:
        sources = ImageSources(hosts=[site.host], schemes={"http"})
        image = sources.fetch(site.url("/photo?sig=s3cret#s3cret"))
        texts = [image.name, repr(image), repr(sources)]
        for path in (
            "/private?sig=s3cret",
            "/page?sig=s3cret",
            "/cut-off?sig=s3cret",
            "/wide?s3cret",
        ):
            tight = ImageSources(hosts=[site.host], schemes={"http"}, max_pixels=10)
            with pytest.raises(GPTVError, match=r"127\.0\.0\.1") as caught:
                tight.fetch(site.url(path))
            texts += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
    assert [text for text in texts if "s3cret" in text] == []


def test_a_copied_door_holds_no_secret():
    """What is pickled for another process shows folders and hosts, nothing else."""
    door = ImageSources(roots=["/data"], hosts=["cdn.example"])
    assert repr(pickle.loads(pickle.dumps(door))) == repr(door)


# Logs


class Seen:
    """An observer of ours, so that enhancements are part of the calls that are logged."""

    def observe(self, image: Image):
        """See nothing."""
        from langchain_gptv.vision.observations import Observation

        return Observation(image.width, image.height)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
async def test_pictures_and_keys_are_in_no_log(kind, caplog):
    """Not even where everything logs all it knows, in whichever way the model is called."""
    wire = Wire()
    model = make_model(*kind, wire, api_key=KEY, enhancements=Enhancements(by=Seen()))
    picture = encoded(noise(120, 80), "PNG")
    part = base64.b64encode(picture).decode()[200:260]
    messages = [human_message("What is it?", picture)]
    with caplog.at_level(logging.DEBUG), _everything_logs():
        model.invoke(messages)
        await model.ainvoke(messages)
        list(model.stream(messages))
        async for _ in model.astream(messages):
            pass
    assert all(part in str(body) for body in wire.take())
    assert caplog.records
    logged = [f"{record.name} {record.getMessage()}" for record in caplog.records]
    assert [line[:200] for line in logged if part in line or KEY in line] == []


class _everything_logs:  # noqa: N801 - reads as a function
    """Lets the loggers of the client libraries speak, which stand above DEBUG by themselves."""

    names = ("openai", "httpx", "httpx2", "httpcore", "httpcore2", "langchain_gptv", "PIL")

    def __enter__(self) -> None:
        self.levels = {name: logging.getLogger(name).level for name in self.names}
        for name in self.names:
            logging.getLogger(name).setLevel(logging.DEBUG)

    def __exit__(self, *_: object) -> None:
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
