"""Videos in messages: forms, timelines, budgets, transcripts, and what is refused."""

import asyncio
import base64
import http.server
import io
import json
import threading
from itertools import pairwise

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from clips import render_clip  # noqa: E402
from langchain_core.messages import HumanMessage, ToolMessage  # noqa: E402
from leaving import CHAT_ANSWER  # noqa: E402

from langchain_gptv import (  # noqa: E402
    ChatGPTV,
    ImageSources,
    OpenAITranscriber,
    TranscriptLine,
    get_profile,
    load_transcript,
    normalize_messages,
    prepare_images,
    video_block,
)
from langchain_gptv.exceptions import LimitError, MessageError, TranscriptError  # noqa: E402
from langchain_gptv.transcripts import extract_audio  # noqa: E402

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

SRT = """1
00:00:01,000 --> 00:00:02,000
Hello <i>there</i>

2
00:00:05,000 --> 00:00:05,500
Bye
"""
VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello there\n\n00:05.000 --> 00:05.500\nBye"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds without sound."""
    return render_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def content(*blocks, **settings):
    """Return the content of a message with these blocks, in the normal form."""
    return normalize_messages([HumanMessage(list(blocks))], **settings)[0].content


def texts(blocks):
    """Return the texts among blocks."""
    return [block["text"] for block in blocks if block["type"] == "text"]


def test_a_block_is_plain_data_and_becomes_a_timeline(clip):
    """A headline, then for each frame its time and the frame at detail low; twice is the same."""
    block = json.loads(json.dumps(video_block(clip, count=3)))
    blocks = content("What happens?", block)
    assert texts(blocks) == [
        "What happens?",
        "Video 'clip.mp4', 3 frames from 00:01.0 to 00:05.0.",
        *("00:01.0", "00:03.0", "00:05.0"),
    ]
    images = [block for block in blocks if block["type"] == "image_url"]
    assert [image["image_url"]["detail"] for image in images] == ["low"] * 3
    assert content(*blocks) == blocks


def _forms(data):
    text = base64.b64encode(data).decode()
    return {
        "base64": {"type": "video", "base64": text, "mime_type": "video/mp4"},
        "data URL": {"type": "video", "url": f"data:video/mp4;base64,{text}"},
        "video_url": {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{text}"}},
        "file": {"type": "file", "mime_type": "video/mp4", "base64": text},
        "media": {"type": "media", "mime_type": "video/mp4", "data": data},
        "wrapped": {"type": "non_standard", "value": {"type": "video", "base64": text}},
    }


@pytest.mark.parametrize("form", _forms(b""))
def test_every_form_of_a_video_is_read(clip, form):
    """LangChain's standard block, those of other providers, and bytes give the same frames."""
    block = {**_forms(clip.read_bytes())[form]}
    holder = block["value"] if form == "wrapped" else block
    holder["extras"] = {"count": 2}
    assert texts(content(block))[1:] == ["00:01.5", "00:04.5"]


def test_a_path_needs_a_root(clip):
    """Content may name a file only inside the roots that the developer allows."""
    block = {"type": "video", "path": str(clip), "extras": {"count": 2, "between": [0, 4]}}
    allowed = ImageSources(roots=[clip.parent])
    assert texts(content(block, sources=allowed))[1:] == ["00:01.0", "00:03.0"]
    with pytest.raises(MessageError, match=r"content\[0\].*outside the allowed roots"):
        content(block)


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "video"}, "without url, base64 or path"),
        ({"type": "video", "file_id": "file-1"}, "uploaded video"),
        ({"type": "video", "base64": "no base64!"}, "no base64, URL or path"),
        ({"type": "video", "base64": "AAAA"}, "no video file, or is truncated"),
        ({"type": "video", "base64": "AAAA", "extras": {"count": "many"}}, "count='many'"),
        ({"type": "video", "base64": "AAAA", "extras": {"detail": "x"}}, "detail='x'"),
        ({"type": "video", "extras": {"timeline": [{"url": "x"}]}}, "as video_block"),
    ],
)
def test_what_is_no_video_is_refused_by_its_place(block, problem):
    """The error names message and block, before any request leaves."""
    with pytest.raises(MessageError, match=rf"messages\[0\]\.content\[1\].*{problem}"):
        content("Look.", block)


def test_a_video_behind_a_url_is_fetched_through_the_door(clip, caplog):
    """With fetch_urls it is fetched and sampled; without, the error says how; never unasked."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(clip.parent))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        host = f"127.0.0.1:{server.server_port}"
        block = video_block(f"http://{host}/clip.mp4", count=2)
        allowed = ImageSources(hosts=[host], schemes=["http"])
        step = prepare_images("gpt-4o", sources=allowed, fetch_urls=True)
        told = texts(step.invoke([HumanMessage([block])])[0].content)
        assert told == ["Video 'clip.mp4', 2 frames from 00:01.5 to 00:04.5.", "00:01.5", "00:04.5"]
        with pytest.raises(MessageError, match=r"content\[0\].*allowed: https"):
            prepare_images("gpt-4o", fetch_urls=True).invoke([HumanMessage([block])])
        with pytest.raises(MessageError, match="behind a URL.*fetch_urls=True"):
            prepare_images("gpt-4o", sources=allowed).invoke([HumanMessage([block])])
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("policy", [{"max_tokens": 600}, {"max_tokens": 600, "on_limit": "fit"}])
def test_a_budget_leaves_frames_out_evenly(clip, policy):
    """600 tokens hold 7 frames of 85; every part keeps one, and the headline says so."""
    ready = prepare_images("gpt-4o", **policy).invoke([HumanMessage(["?", video_block(clip)])])
    told = texts(ready[0].content)
    assert "7 of 20 frames" in told[1]
    assert len(told) == 9
    times = [float(text[3:]) for text in told[2:]]
    assert max(b - a for a, b in pairwise(times)) <= 1.3


def test_what_is_said_beside_a_left_out_frame_stays(clip):
    """A line moves to the frame that stays; none is lost."""
    lines = [TranscriptLine(at, at + 0.2, f"word{at}") for at in range(6)]
    block = video_block(clip, transcript=lines)
    ready = prepare_images("gpt-4o", max_tokens=200).invoke([HumanMessage([block])])
    told = " ".join(texts(ready[0].content)[1:])
    assert [word for word in told.split() if word.startswith("word")] == [
        f"word{at}" for at in range(6)
    ]


def test_one_video_and_no_images_on_azure_in_2023(clip):
    """Under that profile ten frames are sent, and a second video or an image is refused."""
    profile = get_profile("gpt-4-vision-preview", "azure", as_of="2023-12-01")
    step, video = prepare_images(profile), video_block(clip, count=12)
    ready = step.invoke([HumanMessage(["?", video])])
    assert "10 of 12 frames" in texts(ready[0].content)[1]
    picture = {"type": "image", "url": "https://example.com/a.png"}
    for other in (video, picture):
        with pytest.raises(LimitError, match=r"messages\[0\] has .* took 1 video in a message"):
            step.invoke([HumanMessage([video, other])])
        assert prepare_images("gpt-4o").invoke([HumanMessage([video, other])])


def test_a_video_in_a_tool_answer_moves_to_the_user(clip):
    """Chat Completions looks at no image of a tool, so the frames go to the next user message."""
    step = prepare_images("gpt-4o")
    calls = [{"name": "t", "args": {}, "id": "1"}]
    call = {"role": "assistant", "content": "", "tool_calls": calls}
    tool = ToolMessage([video_block(clip, count=2)], tool_call_id="1")
    ready = step.invoke([("user", "?"), call, tool])
    kinds = [block["type"] for block in ready[-1].content]
    assert kinds.count("image_url") == 2


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("name", ["sample_10s.mov", "sample_10s.mp4", "no_duration.webm"])
def test_real_videos_leave_as_frames(shared, name, mode):
    """The request of ChatGPTV has the labelled frames, called either way."""
    import httpx2

    bodies = []

    def answer(request):
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, json=CHAT_ANSWER)

    transport = httpx2.MockTransport(answer)
    model = ChatGPTV(
        model="gpt-4o",
        api_key="test",
        image_sources=ImageSources(roots=[shared / "videos"]),
        http_client=httpx2.Client(transport=transport),
        http_async_client=httpx2.AsyncClient(transport=transport),
    )
    video = {"type": "video", "path": str(shared / "videos" / name), "extras": {"count": 4}}
    messages = [HumanMessage(["What happens?", video])]
    if mode == "sync":
        model.invoke(messages)
    else:
        asyncio.run(model.ainvoke(messages))
    parts = bodies[0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text"] * 2 + ["text", "image_url"] * 4
    assert {part["image_url"]["detail"] for part in parts if "image_url" in part} == {"low"}


def test_subtitles_inside_a_file_stand_beside_their_frames(shared):
    """The real clip's track is read, and each line is at the frame nearest to its middle."""
    block = video_block(shared / "videos" / "nasa_13013.mp4", count=4)
    told = texts(content(block))
    assert told[2].startswith("00:04.9")
    said = [text.partition(" ")[2] for text in told[1:]]
    assert [line[:9] for line in said] == ["NAR: This", "space tel", "", "at NASA’s"]
    assert "Maryland. This half" in said[3]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("clip.srt", SRT.encode()),
        ("clip.en.srt", SRT.replace("\n", "\r\n").encode("utf-8-sig")),
        ("clip.srt", SRT.encode("utf-16")),
        ("clip.vtt", VTT),
    ],
)
def test_a_transcript_beside_the_file(tmp_path, clip, name, data):
    """An .srt or .vtt of the video's name is read, in each encoding, without its styles."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip.read_bytes())
    (tmp_path / name).write_bytes(data)
    (tmp_path / "clipper.srt").write_text("another's")
    assert texts(content(video_block(path, count=2)))[1:] == ["00:01.5 Hello there", "00:04.5 Bye"]
    assert load_transcript(tmp_path / name)[0] == TranscriptLine(1.0, 2.0, "Hello there")


def test_what_is_no_transcript_is_refused(tmp_path):
    """A wrong type, a file without times and a missing one say so."""
    (tmp_path / "a.srt").write_text("no times in here")
    for name, problem in (("a.txt", "Pass an .srt"), ("a.srt", "no line"), ("b.srt", "No such")):
        with pytest.raises(TranscriptError, match=problem):
            load_transcript(tmp_path / name)


def test_a_transcriber_hears_the_sound(shared, clip):
    """It gets Ogg Opus as long as the video, and what it returns stands at its frame."""
    heard = []

    def transcriber(audio):
        heard.append(audio)
        return [TranscriptLine(8, 9, "later"), TranscriptLine(1, 2, "sooner")]

    path = shared / "videos" / "sample_10s.mp4"
    told = texts(content(video_block(path, count=2, transcript=transcriber)))
    assert [text.partition(" ")[2] for text in told[1:]] == ["sooner", "later"]
    with av.open(io.BytesIO(heard[0])) as sound:
        assert sound.duration / 1_000_000 == pytest.approx(10, abs=0.3)
    assert extract_audio(clip) == b""
    video_block(clip, count=1, transcript=transcriber)
    assert len(heard) == 1


def test_openai_transcribes(shared):
    """The request names the model and asks for segments; their times come back."""
    import httpx2
    import openai

    bodies = []

    def answer(request):
        bodies.append(request.read())
        segment = {"id": 0, "seek": 0, "start": 1.5, "end": 2.5, "text": " Hi. ", "tokens": []}
        more = {"temperature": 0, "avg_logprob": 0, "compression_ratio": 1, "no_speech_prob": 0}
        body = {"text": "Hi.", "language": "en", "duration": 10, "segments": [{**segment, **more}]}
        return httpx2.Response(200, json=body)

    client = openai.OpenAI(
        api_key="test", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    )
    sound = extract_audio(shared / "videos" / "sample_10s.mp4")
    assert OpenAITranscriber(client)(sound) == [TranscriptLine(1.5, 2.5, "Hi.")]
    assert all(part in bodies[0] for part in (b"whisper-1", b"verbose_json", b"OggS"))
    with pytest.raises(TranscriptError, match="over the 25,000,000"):
        OpenAITranscriber(client)(bytes(25_000_001))


@pytest.mark.usefixtures("engine")
def test_the_example_reads_each_stage(capsys):
    """The script renders a clip, prints what is read in each scene, and finds the last stage."""
    from test_examples import run

    seen = run("summarize_video")
    printed = capsys.readouterr().out
    for caption in ("ORDER RECEIVED", "PARCEL PACKED", "PARCEL DELIVERED"):
        assert caption in printed
    assert "PARCEL DELIVERED" in seen.answer
    assert all(6 <= frame.timestamp_s < 9 for frame in seen.frames)
