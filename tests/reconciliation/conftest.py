"""A source for rows to come from."""

import pytest

from reconciliation.models import Source
from tests.reconciliation import shop


@pytest.fixture
def source(tenant) -> Source:
    return shop.source(tenant)
