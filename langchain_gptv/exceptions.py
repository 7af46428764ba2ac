"""Every error this package raises, in one tree.

    GPTVError
    ├── ImageError (ValueError)              the picture itself
    │   ├── ImageNotFoundError (FileNotFoundError)
    │   ├── UnsupportedImageError            a type, page or frame that is not accepted
    │   ├── CorruptImageError                truncated or damaged
    │   ├── ImageTooLargeError               over a limit of pixels or bytes
    │   └── ImageFetchError (ConnectionError)   its URL does not answer, or not in time
    ├── PlanError (ValueError)               what was asked for cannot be sent
    │   ├── DetailNotSupportedError
    │   ├── LimitError                       too many images or bytes for one request
    │   └── BudgetError                      no size or detail fits the budget
    ├── SourceNotAllowedError (PermissionError)
    ├── UnknownModelError (ValueError)
    ├── ProfileError (ValueError)            a file of model facts is not as it must be
    ├── MissingKeyError (LookupError)        a remote model, and no key for it
    ├── MissingExtraError (ImportError)      an optional dependency is not installed
    ├── MessageError (ValueError)            a content block that cannot be sent
    ├── CassetteError (ValueError)           a file of recorded exchanges is not as it must be
    └── LocalEngineError (RuntimeError)      the embedded engine could not run
        └── CannotFillError (ValueError)     what was seen does not fill the schema

    GPTVWarning (UserWarning)
    └── UnknownModelWarning                  an upper bound was used in place of a fact

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


class ImageFetchError(ImageError, ConnectionError):
    """The URL of an image does not answer, or not with a file, or not in time.

    Attributes:
        url: Without its query, which may hold a token.
    """

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url


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


class MissingExtraError(GPTVError, ImportError):
    """An optional dependency is not installed.

    Attributes:
        extra: The extra that brings it, as in `pip install "langchain-gptv[extra]"`.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs the extra "{extra}": pip install "langchain-gptv[{extra}]"')
        self.extra = extra


class MessageError(GPTVError, ValueError):
    """A content block cannot be sent, and says which and why."""


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
