"""What a page links to, its reader may open: no link of a page leads any role to a page that refuses them."""

from html.parser import HTMLParser

import pytest

from tests.admin.objects import OBJECTS
from tests.admin.test_every_page import ROLES, WALKED, address
from tests.admin.visits import Visitor

REFUSED = (401, 403, 404)


class Links(HTMLParser):
    """Addresses of this portal that a page's links lead to: one full link for each."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def handle_starttag(self, tag, attrs):
        where = dict(attrs).get("href") or ""
        if tag == "a" and where.startswith("/admin/"):
            self.found.setdefault(where.partition("#")[0].partition("?")[0], where)


def links_of(html):
    parser = Links()
    parser.feed(html)
    return parser.found


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("name", ROLES)
def test_no_link_leads_to_a_page_that_refuses_its_reader(name, request, tenant, client_for):
    rows = {label: OBJECTS[label](tenant) for label in WALKED}
    visitor = Visitor(client_for(request.getfixturevalue(name)), name, forbidden=None)
    pages = [address(label, "change", row.pk) for label, row in rows.items()]
    pages += [address(label, "changelist") for label in rows]
    replies = {page: visitor.get(page) for page in pages}
    answers, wrong = {page: reply.status_code for page, reply in replies.items()}, set()
    for page in [page for page, status in answers.items() if status == 200]:
        for link, in_full in links_of(replies[page].body).items():
            if link not in answers:
                answers[link] = visitor.client.get(in_full).status_code
            if answers[link] in REFUSED:
                wrong.add((page, link, answers[link]))
    assert len(answers) > 20
    assert not wrong, "\n".join(f"{page} leads to {link}: {status}" for page, link, status in sorted(wrong))
