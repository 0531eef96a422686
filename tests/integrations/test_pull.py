"""A pull brings a source's rows into records, page by page."""

import pytest

from tests.integrations.syncs import bad, sync_all, totals

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_first_sync_completes_and_a_second_one_changes_nothing(connection):
    first = sync_all(connection)
    assert bad(first) == {}
    second = sync_all(connection)
    assert bad(second) == {}
    assert totals(first.values())["created"] > 100
    assert totals(second.values())["created"] == totals(second.values())["updated"] == 0
