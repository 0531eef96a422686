"""The systems that a merchant can connect: one row each. Adding a system is its folder and its row here."""

from collections.abc import Mapping

from integrations.connectors.salesforce.spec import SALESFORCE
from integrations.connectors.servicetitan.spec import SERVICETITAN
from integrations.connectors.spec import ConnectorSpec
from integrations.connectors.syspro.spec import SYSPRO

CONNECTORS: Mapping[str, ConnectorSpec] = {spec.system: spec for spec in (SERVICETITAN, SALESFORCE, SYSPRO)}
