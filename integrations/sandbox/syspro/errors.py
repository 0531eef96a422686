"""The ways in which SYSPRO says no: a text instead of XML, or errors beside the elements of a document.

Numbers from the reference are those that were seen on the wire or in samples; SYSPRO's own for payables are not public,
so those in `INVENTED` are made up, and a client must not rely on them.
"""

EXPIRED = (
    "The supplied UserID is invalid. Either you were not logged in; or your session has expired. "
    "You will need to logon again."
)
BASE_DIRECTORY = "Unable to read the SYSPRO base directory registry string BaseDir8"
UNKNOWN_OBJECT = "e.net exception raised: 100000"

DATE, BLANK, DUPLICATE_KEY, STOCK_CODE, NOT_STOCKED, WAREHOUSE_DENIED = (
    100028,
    100030,
    120001,
    240004,
    240008,
    240096,
)
INVENTED = range(190_000, 200_000)
LENGTH, NUMBER, CHOICE, MISSING, ON_HOLD = 190_001, 190_002, 190_003, 190_004, 190_005
EXISTS, BALANCE, PERIOD, RULE = 190_006, 190_007, 190_008, 190_009


class EnetError(Exception):
    """The whole call is answered with `ERROR: ` and this text, under HTTP status 200."""


class Infrastructure(Exception):
    """The call never reaches e.net: an HTTP status of the web server."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status, self.title = status, title


class Rejected(Exception):
    """One item of a document is not posted; what is wrong is kept with its reading."""
