"""Every error this package raises, in one tree.

    GPTVError
    ├── ImageError (ValueError)              the picture itself
    │   ├── ImageNotFoundError (FileNotFoundError)
    │   ├── UnsupportedImageError            a type, page or frame that is not accepted
    │   ├── CorruptImageError                truncated or damaged
    │   ├── ImageTooLargeError               over a limit of pixels or bytes
    │   ├── EncryptedPDFError                a PDF that needs a password
    │   └── ImageFetchError (ConnectionError)   its URL does not answer, or not in time
    ├── VideoError (ValueError)              the video itself
    │   ├── VideoNotFoundError (FileNotFoundError)
    │   ├── NoVideoStreamError               sound alone, or no frame at all
    │   ├── EncryptedVideoError
    │   ├── CorruptVideoError                truncated, damaged, or no video file
    │   ├── VideoRangeError                  `between` lies outside
    │   ├── VideoLimitError                  more pixels or frames than are decoded
    │   └── VideoTimeoutError (TimeoutError)    no frame in time
    ├── TranscriptError (ValueError)         subtitles that cannot be read, or no times in them
    ├── PlanError (ValueError)               what was asked for cannot be sent
    │   ├── DetailNotSupportedError
    │   ├── LimitError                       too many images or bytes for one request
    │   └── BudgetError                      no size or detail fits the budget
    ├── SourceNotAllowedError (PermissionError)
    ├── UnknownModelError (ValueError)
    ├── ProfileError (ValueError)            a file of model facts is not as it must be
    ├── MissingKeyError (LookupError)        a remote model, and no key for it
    ├── UnknownImageError (LookupError)      a handle that the store does not hold
    ├── MissingExtraError (ImportError)      an optional dependency is not installed
    ├── MessageError (ValueError)            a content block that cannot be sent
    ├── RegionError (ValueError)             a part of a picture that is none
    ├── ReplyError (ValueError)              a model's answer is not in the form asked for
    ├── EnhancementError (RuntimeError)      what goes beside an answer could not be had
    │   ├── VisionServiceError               Azure AI Vision refused the request
    │   │   ├── VisionAccessError (PermissionError)     wrong key, or no right to it
    │   │   └── UnsupportedFeatureError (ValueError)    not in this region or language
    │   ├── UnsuitableImageError (ImageError)           no picture that the service takes
    │   ├── VisionConnectionError (ConnectionError)     it does not answer
    │   └── EnhancementTimeoutError (TimeoutError)      not in time
    ├── CassetteError (ValueError)           a file of recorded exchanges is not as it must be
    ├── RetrievalError (ConnectionError)     what documents are searched in does not answer
    ├── BatchError (ValueError)              what to ask of many pictures cannot be asked
    ├── JournalError (OSError)               a file of results cannot be read or written
    │   └── JournalLockedError (BlockingIOError)    another run writes it
    └── LocalEngineError (RuntimeError)      the embedded engine could not run
        └── CannotFillError (ValueError)     what was seen does not fill the schema

    GPTVWarning (UserWarning)
    ├── UnknownModelWarning                  an upper bound was used in place of a fact
    └── TruncatedVideoWarning                frames come from the part that is there

Messages name the value, the rule and the way out. Each class also inherits the builtin that a
caller would catch. Errors of the API pass through as langchain-openai's own classes.
"""


class GPTVError(Exception):
    """The root of every error that this package raises on purpose."""


class ImageError(GPTVError, ValueError):
    """The picture cannot be used."""


class ImageNotFoundError(ImageError, FileNotFoundError):
    """There is no file at the path."""


class UnsupportedImageError(ImageError):
    """The bytes are no image of a type that is accepted, or have no such page or frame."""


class CorruptImageError(ImageError):
    """The image is truncated or damaged."""


class ImageTooLargeError(ImageError):
    """The image is over a limit of pixels or bytes.

    Attributes:
        value: What the image has.
        limit: What is allowed.
    """

    def __init__(self, message: str, *, value: int, limit: int) -> None:
        super().__init__(message)
        self.value = value
        self.limit = limit


class EncryptedPDFError(ImageError):
    """The PDF needs a password, or another one."""


class ImageFetchError(ImageError, ConnectionError):
    """The URL of an image does not answer, or not with a file, or not in time.

    Attributes:
        url: Without its query, which may hold a token.
    """

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url


class VideoError(GPTVError, ValueError):
    """The video cannot be used."""


class VideoNotFoundError(VideoError, FileNotFoundError):
    """There is no file at the path."""


class NoVideoStreamError(VideoError):
    """The file has no pictures: sound alone, or a stream without a single frame."""


class EncryptedVideoError(VideoError):
    """The frames are encrypted, and the key is elsewhere."""


class CorruptVideoError(VideoError):
    """The file is truncated or damaged so that nothing can be decoded, or it is no video."""


class VideoRangeError(VideoError):
    """The part that was asked for lies outside the video.

    Attributes:
        between: The part, in seconds.
        start_s: Where the video begins.
        end_s: Where it ends.
    """

    def __init__(
        self, message: str, *, between: tuple[float, float], start_s: float, end_s: float
    ) -> None:
        super().__init__(message)
        self.between = between
        self.start_s = start_s
        self.end_s = end_s


class VideoLimitError(VideoError):
    """The video asks for more than its decoder is given: in pixels, or in its table of contents.

    Attributes:
        width: Pixels of a frame; 0 when it is not about them.
        height: Pixels.
    """

    def __init__(self, message: str, *, width: int = 0, height: int = 0) -> None:
        super().__init__(message)
        self.width = width
        self.height = height


class VideoTimeoutError(VideoError, TimeoutError):
    """No frame could be shown in time.

    Attributes:
        seconds: The time that it had.
    """

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class TranscriptError(GPTVError, ValueError):
    """A transcript cannot be read, or a transcriber gives none that can be used."""


class PlanError(GPTVError, ValueError):
    """The images cannot be sent as asked."""


class DetailNotSupportedError(PlanError):
    """The model does not accept this `detail`."""


class LimitError(PlanError):
    """The images are over a limit of one request."""


class BudgetError(PlanError):
    """No size and no `detail` fits the budget."""


class SourceNotAllowedError(GPTVError, PermissionError):
    """A path or a URL that the policy does not allow."""


class UnknownModelError(GPTVError, ValueError):
    """There is no model of that name."""


class ProfileError(GPTVError, ValueError):
    """A file of profiles, or a row of it, is not as it must be."""


class MissingKeyError(GPTVError, LookupError):
    """A remote model was asked for and there is no key for it.

    No `ValueError`: pydantic would swallow that into a `ValidationError`.
    """


class UnknownImageError(GPTVError, LookupError):
    """The store holds no image under the handle, or no longer.

    Attributes:
        handle: What was asked for.
    """

    def __init__(self, message: str, *, handle: str) -> None:
        super().__init__(message)
        self.handle = handle


class MissingExtraError(GPTVError, ImportError):
    """An optional dependency is not installed.

    Attributes:
        extra: The extra that brings it, as in `pip install "langchain-gptv[extra]"`; empty for a
            `package` that no extra brings.
    """

    def __init__(self, what: str, extra: str = "", *, package: str = "") -> None:
        needs = f'the extra "{extra}": pip install "langchain-gptv[{extra}]"'
        super().__init__(
            f"{what} needs {f'{package}: pip install {package}' if package else needs}"
        )
        self.extra = extra


class MessageError(GPTVError, ValueError):
    """A content block cannot be sent, and says which and why."""


class RegionError(GPTVError, ValueError):
    """A part of a picture is no region, inside out, or outside the picture."""


class ReplyError(GPTVError, ValueError):
    """A model's answer is not in the form that was asked for.

    Attributes:
        reply: What it answered.
    """

    def __init__(self, message: str, *, reply: str) -> None:
        super().__init__(message)
        self.reply = reply


class EnhancementError(GPTVError, RuntimeError):
    """What was to be read or found beside the answer could not be had."""


class VisionServiceError(EnhancementError):
    """Azure AI Vision refused a request, or could not do what it says.

    Attributes:
        status_code: Of the HTTP reply.
        code: As the service calls the fault, such as "InvalidImageFormat"; may be empty.
    """

    def __init__(self, message: str, *, status_code: int, code: str = "") -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code


class VisionAccessError(VisionServiceError, PermissionError):
    """The key or the token is wrong, is for another endpoint, or may not do this."""


class UnsupportedFeatureError(VisionServiceError, ValueError):
    """The service does not do this in the region or the language of the request."""


class UnsuitableImageError(EnhancementError, ImageError):
    """The picture is none that the vision service takes, such as one of under 50 pixels."""


class VisionConnectionError(EnhancementError, ConnectionError):
    """The endpoint does not answer, or not as Azure AI Vision does."""


class EnhancementTimeoutError(EnhancementError, TimeoutError):
    """What was to be read or found beside the answer did not come in time."""


class CassetteError(GPTVError, ValueError):
    """A file of recorded exchanges is truncated, foreign, or broken by hand.

    Attributes:
        path: The file; nothing was written to it.
        line: Where, counted from 1.
    """

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}")
        self.path = path
        self.line = line


class RetrievalError(GPTVError, ConnectionError):
    """A vector store, a store of documents or an embedding failed in the middle.

    Attributes:
        doc_ids: Those of the documents that were indexed before.
    """

    def __init__(self, doing: str, error: Exception, *, doc_ids: tuple[str, ...] = ()) -> None:
        done = f" {len(doc_ids)} documents were indexed before." if doc_ids else ""
        said = (str(error).strip().splitlines() or [""])[0].rstrip(".")  # the rest may be SQL
        super().__init__(
            f"Could not {doing}: {type(error).__name__}: {said}.{done} Check that the vector "
            "store and its embedding answer, and try again; what is there already stays as it is."
        )
        self.doc_ids = list(doc_ids)


class BatchError(GPTVError, ValueError):
    """The items, the question or the service of a batch are not as they must be."""


class JournalError(GPTVError, OSError):
    """A file of results holds something else, or the disk is full or fails."""

    def __str__(self) -> str:
        return str(self.strerror)


class JournalLockedError(JournalError, BlockingIOError):
    """Another run has the file of results open."""


class LocalEngineError(GPTVError, RuntimeError):
    """The embedded engine could not run."""


class CannotFillError(LocalEngineError, ValueError):
    """What the embedded engine saw does not fill the schema.

    Attributes:
        path: The property that could not be filled, such as `items[0].price`.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"I cannot fill {path!r}: {reason}")
        self.path = path


class GPTVWarning(UserWarning):
    """The root of this package's warnings."""


class UnknownModelWarning(GPTVWarning):
    """Nothing is known of the model, so an upper bound stands in for the fact."""


class TruncatedVideoWarning(GPTVWarning):
    """The file breaks off, so frames are taken from the part that is there."""
