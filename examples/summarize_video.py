"""Ask about a video: frames of it go to a model, and the answer names the moments. Needs no key.

python examples/summarize_video.py [VIDEO] [QUESTION] [QUERY]

Without a video it renders a small one first: a parcel on its way, with a caption for each stage.
"""

import sys
import tempfile
from pathlib import Path

import av
from langchain_core.messages import HumanMessage
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from langchain_gptv import ChatGPTV, ImageStore, video_block
from langchain_gptv.tools import VideoAnswer, Watching, watch_video

STAGES = {"ORDER RECEIVED": "navy", "PARCEL PACKED": "darkgreen", "PARCEL DELIVERED": "maroon"}
FPS, SECONDS = 5, 3


def main(
    video: str | Path | None = None,
    question: str = "What text do you read?",
    query: str = "parcel delivered",
) -> VideoAnswer:
    """Print an answer about the scenes, and one about the frames that show `query`."""
    model = ChatGPTV(model="gptv-local")  # or model="gpt-5.4", with OPENAI_API_KEY set
    with tempfile.TemporaryDirectory() as folder:
        path = Path(video or render(Path(folder) / "parcel.mp4"))
        # In a message: a frame of each scene, with its time and what is said around it.
        block = video_block(path, count=3, strategy="scenes")
        asked = HumanMessage([{"type": "text", "text": question}, block])
        print(model.invoke([asked]).text)
        # Or in one call, looking where the video shows something, with handles of the frames.
        watching = Watching(count=2, strategy="query", query=query)
        seen = watch_video(path, question, llm=model, watching=watching, store=ImageStore())
    for frame in seen.frames:
        print(f"  {frame.label}  {frame.score:.0%}  {frame.image}")
    print(seen.answer)
    return seen


def render(path: Path) -> Path:
    """Write a clip of nine seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for caption, color in STAGES.items():
            picture = PILImage.new("RGB", (640, 360), color)
            font = ImageFont.load_default(size=52)
            ImageDraw.Draw(picture).text((320, 180), caption, "white", font, anchor="mm")
            for _ in range(FPS * SECONDS):
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
