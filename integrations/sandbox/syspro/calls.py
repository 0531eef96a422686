"""One call of a business object: whose session, which company, what its documents said."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.sandbox.syspro.company import Company
from integrations.sandbox.syspro.sessions import Session


@dataclass(frozen=True, slots=True)
class Call:
    """`others`: who is logged on, the caller too; `spoils_ledger`: the posting into the general ledger fails; `strict`:
    unknown elements are refused."""

    company: Company
    session: Session
    object: str
    verb: str
    parameters: str
    document: str
    others: Callable[[], list[Session]]
    spoils_ledger: bool = False
    strict: bool = False

    @property
    def today(self) -> str:
        """The posting date: the ClientDate of the logon, or the server's."""
        return self.session.today or self.company.today().isoformat()
