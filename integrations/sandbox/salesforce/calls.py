"""One call of the API as its handlers see it: who calls, the org, the version, and how rows are saved for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from integrations.sandbox.salesforce.access import Session
from integrations.sandbox.salesforce.errors import Refused, missing
from integrations.sandbox.salesforce.misbehaviour import row_fault
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.saving import Saver
from integrations.sandbox.salesforce.schema import SObject

if TYPE_CHECKING:
    from integrations.sandbox.salesforce.control import Control


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is what follows `/services/data/v62.0/`, without slashes at its ends."""

    control: "Control"
    request: Request
    session: Session
    version: str
    path: str
    method: str

    @property
    def org(self) -> Org:
        return self.control.org

    @property
    def base(self) -> str:
        return f"/services/data/v{self.version}"

    def url_of(self, sobject: SObject, row_id: str) -> str:
        return f"{self.base}/sobjects/{sobject.name}/{row_id}"

    def saver(self) -> Saver:
        header = self.request.headers.get("Sforce-Duplicate-Rule-Header", "").lower().replace(" ", "")
        fault = row_fault(self.control.faults_on, self.method, self.request.path)
        return Saver(
            self.org, self.session.user_id, row_fault=fault, allow_duplicates="allowsave=true" in header
        )

    def sobject(self, name: str) -> SObject:
        """Raises Refused NOT_FOUND."""
        found = self.org.schema.find(name)
        if found is None:
            raise missing()
        return found

    def allow(self, *methods: str) -> None:
        """Raises Refused 405."""
        if self.method not in methods:
            allowed = ",".join(("HEAD", *methods))
            sentence = f"HTTP Method '{self.method}' not allowed. Allowed are {allowed}"
            raise Refused("METHOD_NOT_ALLOWED", sentence)
