"""A ServiceTitan sandbox that is started again from a file."""

import pytest

from integrations.sandbox.servicetitan import keeping


def test_a_file_that_is_no_kept_shop_is_refused(make, tmp_path):
    sandbox, wrong = make().sandbox, tmp_path / "shop.json"
    assert not keeping.load(sandbox.control, wrong)
    for text in ("{}", "[]", "nothing"):
        wrong.write_text(text)
        with pytest.raises(ValueError, match="no kept shop"):
            keeping.load(sandbox.control, wrong)


def test_a_kept_shop_goes_on_where_it_stood(make, tmp_path):
    one, kept = make(customers=4), tmp_path / "shop.json"
    before, place = one.feed("jpm/export/jobs")
    made = one.sandbox.control.store["jobs"]
    job = before[0]["id"]
    one.sandbox.control.dispatch(job)
    keeping.save(one.sandbox.control, kept)

    again = make(customers=9)
    assert keeping.load(again.sandbox.control, kept)
    assert again.sandbox.control.stats()["rows"] == one.sandbox.control.stats()["rows"]
    [moved], _ = again.feed("jpm/export/jobs", place, includeRecentChanges="true")
    assert (moved["id"], moved["jobStatus"]) == (job, "Dispatched")
    assert again.sandbox.control.store["jobs"].new_id() == made.new_id()
