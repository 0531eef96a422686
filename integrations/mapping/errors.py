"""What is wrong with one row, in words for the person who looks at it."""

_LONGEST_PREVIEW = 80


class MappingError(ValueError):
    """A row cannot be mapped. `str()` of it is for a person; the parts are stored beside it.

    It concerns one row alone: the rest of its page goes on.
    """

    reason = "mapping"

    def __init__(self, field: str, remote: str, transform: str, value: object, problem: str) -> None:
        self.field = field
        self.remote = remote
        self.transform = transform
        self.preview = preview(value)
        self.message = (
            f"{remote} is {self.preview}, which {problem}, so {field} cannot be filled. Correct it at the source, "
            f"or change this line of the field mapping (transform {transform})."
        )
        super().__init__(self.message)


def preview(value: object) -> str:
    """The value as a person may see it, cut short."""
    text = "empty" if value is None else repr(value)
    return text if len(text) <= _LONGEST_PREVIEW else f"{text[:_LONGEST_PREVIEW]}…"
