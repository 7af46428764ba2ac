"""Scenes of videos as documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Unpack

from langchain_gptv.rag.documents import Failure, SourceFile, View
from langchain_gptv.rag.file_loaders import FileLoader
from langchain_gptv.rag.files import VIDEO_SUFFIXES, Paths
from langchain_gptv.rag.loading import LoaderOptions
from langchain_gptv.rag.texts import TextMaker
from langchain_gptv.store import ImageStore
from langchain_gptv.vision import sample_frames
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.prepare import prepare_to_size


class VideoLoader(FileLoader):
    """Loads the scenes of video files, each as a frame with its time.

    Args:
        paths: A file, a folder, a pattern such as "clips/**/*.mp4", or several of these.
        max_scenes: Frames of one video at most; a long scene may have several.
        max_side: Pixels of a frame's longer side; a smaller video is not enlarged.
        **options: As in `LoaderOptions`.

    Raises:
        ValueError: An option is not possible.

    Example:
        >>> loader = VideoLoader("clip.mp4", max_scenes=4)  # doctest: +SKIP
        >>> [scene.metadata["timestamp_s"] for scene in loader.load()]  # doctest: +SKIP
        [1.24, 3.8, 6.28, 8.8]
    """

    suffixes = VIDEO_SUFFIXES

    def __init__(
        self,
        paths: Paths,
        *,
        max_scenes: int = 20,
        max_side: int = 1024,
        **options: Unpack[LoaderOptions],
    ) -> None:
        super().__init__(paths, SceneReader(max_scenes, max_side), options)


@dataclass(frozen=True)
class SceneReader:
    """Reads video files; the fields are as in `VideoLoader`."""

    max_scenes: int = 20
    max_side: int = 1024

    def __post_init__(self) -> None:
        if self.max_scenes < 1 or self.max_side < 16:
            raise ValueError(
                f"max_scenes={self.max_scenes} must be 1 or more, and max_side={self.max_side} 16."
            )

    @property
    def settings(self) -> tuple[object, ...]:
        """What its views depend on, beside the file."""
        return "video", self.max_scenes, self.max_side

    def views(
        self, file: SourceFile, store: ImageStore, texts: TextMaker
    ) -> Iterator[View | Failure]:
        """Yield a frame of each scene.

        Raises:
            VideoError: It is no video, is damaged, or has no pictures.
        """
        frames = sample_frames(
            file.data, self.max_scenes, strategy="scenes", max_side=self.max_side
        )
        for frame in frames:
            image = Image(prepare_to_size(frame.image).data, name=frame.image.name)
            handle = store.put_frame(file.sha256, frame.timestamp_s, image)
            more = {"timestamp_s": frame.timestamp_s}
            yield View(file, "scene", frame.label, image, handle, more=more)
