"""What the sandboxes' tests have, for the attacks as well."""

from tests.integrations.conftest import (  # noqa: F401
    connect_to,
    connection,
    found_company,
    impatient,
    sandbox,
    shop,
    syspro,
)
