"""Show a video to a model as labelled frames, and ask about it. Runs with no key.

python examples/summarize_video.py [VIDEO] [QUESTION]

Without a video it renders a small one first: a parcel on its way, with a caption for each stage.
"""

import sys
import tempfile
from pathlib import Path

import av
from langchain_core.messages import HumanMessage
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from langchain_gptv import ChatGPTV, sample_frames, video_block

STAGES = {"ORDER RECEIVED": "navy", "PARCEL PACKED": "darkgreen", "PARCEL DELIVERED": "maroon"}
FPS, SECONDS = 5, 3


def main(video: str | Path | None = None, question: str = "What text do you read?") -> str:
    """Print which moments are sent, and the answer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(video or render(Path(folder) / "parcel.mp4"))
        for frame in sample_frames(path, 3, strategy="scenes"):
            print(f"  {frame.label}  frame {frame.frame_index}")
        block = video_block(path, count=3, strategy="scenes")
    model = ChatGPTV(model="gptv-local")  # or model="gpt-5.4", with OPENAI_API_KEY set
    answer = model.invoke([HumanMessage([{"type": "text", "text": question}, block])])
    print(answer.text)
    return answer.text


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
