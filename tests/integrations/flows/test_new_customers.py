"""A customer of ServiceTitan who books is an Account with a Contact: found where it is there, asked about, or made."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.flows import working
from integrations.models import Delivery, Flow, FlowItem, Run
from integrations.push import owing
from integrations.tasks import work_on_flows
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.matching import refusals
from reconciliation.merging import merge, undo
from reconciliation.models import Contact, Customer, Job, MatchCandidate, Merge, Person
from reconciliation.phones import read_phone
from tests.integrations.flows.cycle import outcomes
from tests.integrations.pushes import change
from tests.reconciliation import shop

NAME = "new_customers"
MAIL, NUMBER, PHONE = "maria@rossi.example", "+15405550188", "(540) 555-0188"


@pytest.fixture
def sales(tenant):
    return shop.source(tenant, "salesforce")


def client(tenant, name="Maria Rossi", email=MAIL, e164=NUMBER, **values) -> Customer:
    """A customer of ServiceTitan who has booked."""
    found = shop.customer(tenant, name, kind="Residential", **values)
    shop.link(found, "customer")
    if email:
        shop.contact(found, email, kind="email")
    if e164:
        shop.contact(found, e164, e164=e164)
    shop.job(tenant, found)
    return found


def account(tenant, sales, name="Rossi household", **values) -> Customer:
    """An Account, with its Contact where `values` say how to reach one."""
    found = shop.customer(tenant, name)
    shop.link(found, "customer", source=sales)
    if values:
        person = shop.person(tenant, found, **{"first_name": "Maria", "last_name": "Rossi", **values})
        shop.link(person, "person", source=sales)
    return found


def item_of(customer: Customer) -> FlowItem:
    return FlowItem.objects.get(record_id=customer.pk)


def booked(tenant, customer: Customer) -> None:
    """Something of the customer changes, and the flow looks at it."""
    edit(
        ENTITIES["job"], Job.objects.filter(customer=customer)[0].pk, {"summary": timezone.now().isoformat()}
    )
    work_on_flows()


@pytest.mark.django_db
class TestHere:
    """What becomes of records; no rule of Salesforce is there, so nothing has to be read first."""

    @pytest.fixture
    def flow(self, tenant):
        return Flow.objects.create(tenant=tenant, name=NAME, since=timezone.now() - timedelta(days=900))

    def test_whoever_has_neither_booked_nor_asked_leaves_no_trace(self, tenant, flow):
        stranger = shop.customer(tenant)
        edit(ENTITIES["customer"], stranger.pk, {"name": "Somebody else"})
        change("customer_contact", shop.contact(stranger, MAIL, kind="email").pk, memo="Wife")
        assert outcomes(flow) == []

    @pytest.mark.parametrize("what", ["job", "lead", "booking"])
    def test_a_booking_or_an_inquiry_makes_a_person(self, tenant, flow, what):
        customer = shop.customer(
            tenant, "Maria Rossi", kind="Residential", street="9 Hill Rd", city="Lynchburg"
        )
        shop.contact(customer, MAIL, kind="email")
        record = {
            "job": lambda: shop.job(tenant, customer),
            "lead": lambda: shop.lead(tenant, customer=customer),
            "booking": lambda: shop.booking(tenant, job=shop.job(tenant, customer)),
        }[what]()
        change(what, record.pk, summary="Drip")
        work_on_flows()
        person = Person.objects.get()
        assert (person.first_name, person.last_name, person.email) == ("Maria", "Rossi", MAIL)
        assert (person.customer, person.street) == (customer, "9 Hill Rd")

    def test_one_that_is_found_by_email_is_merged_and_its_person_brought_up_to_date(
        self, tenant, sales, flow
    ):
        ours, theirs = client(tenant), account(tenant, sales, email=MAIL.upper(), phone="540.555.0100")
        booked(tenant, ours)
        theirs.refresh_from_db()
        assert theirs.merged_into == ours
        person = Person.objects.get()
        assert (person.customer, person.phone) == (ours, PHONE)
        assert Merge.objects.get().note.endswith(f"the same {MAIL}")

    def test_one_that_is_found_by_phone_in_any_spelling_is_merged(self, tenant, sales, flow):
        ours, theirs = client(tenant, email=""), account(tenant, sales, mobile="540/555-0188 cell")
        booked(tenant, ours)
        theirs.refresh_from_db()
        assert theirs.merged_into == ours
        assert Person.objects.count() == 1

    def test_the_main_phone_of_an_account_without_people_finds_it(self, tenant, sales, flow):
        ours, theirs = client(tenant, email=""), account(tenant, sales, "Rossi, M.")
        change("customer", theirs.pk, main_phone="+1 540 555 0188")
        booked(tenant, ours)
        theirs.refresh_from_db()
        assert theirs.merged_into == ours

    def test_an_undo_gives_both_back_and_a_person_has_said_so(self, tenant, sales, flow):
        ours, theirs = client(tenant), account(tenant, sales, email=MAIL)
        booked(tenant, ours)
        undo(Merge.objects.get())
        refusals.refuse(tenant, [ours.pk, theirs.pk])
        booked(tenant, ours)
        theirs.refresh_from_db()
        assert theirs.merged_into is None
        assert Person.objects.filter(customer=theirs).count() == 1

    def test_of_several_a_person_decides_and_nothing_is_made_meanwhile(self, tenant, sales, flow):
        ours = client(tenant)
        one, other = (account(tenant, sales, name, email=MAIL) for name in ("Rossi household", "Rossi, M."))
        booked(tenant, ours)
        item = item_of(ours)
        assert (item.state, item.reason) == ("waiting", "several")
        assert "Rossi household" in item.message and "Rossi, M." in item.message
        asked = MatchCandidate.objects.filter(state="open", asked_for=True)
        assert set(asked.values_list("left_id", "right_id")) == {(ours.pk, one.pk), (ours.pk, other.pk)}
        assert not Person.objects.filter(customer=ours).exists()

    def test_the_answer_lets_it_go_on_by_itself(self, tenant, sales, flow):
        ours = client(tenant)
        one, other = (account(tenant, sales, name, email=MAIL) for name in ("Rossi household", "Rossi, M."))
        booked(tenant, ours)
        refusals.refuse(tenant, [ours.pk, other.pk])
        work_on_flows()
        one.refresh_from_db()
        assert one.merged_into == ours
        assert item_of(ours).state == "updated"

    def test_a_merge_by_hand_is_an_answer_too(self, tenant, sales, flow):
        ours = client(tenant)
        one, other = (account(tenant, sales, name, email=MAIL) for name in ("Rossi household", "Rossi, M."))
        booked(tenant, ours)
        merge(ENTITIES["customer"], ours.pk, [other.pk])
        work_on_flows()
        one.refresh_from_db()
        assert one.merged_into is None
        assert item_of(ours).state in {"made", "updated"}

    def test_said_to_be_nobody_of_them_it_becomes_somebody_new(self, tenant, sales, flow):
        ours = client(tenant)
        for name in ("Rossi household", "Rossi, M."):
            account(tenant, sales, name, email=MAIL)
        booked(tenant, ours)
        refusals.refuse(tenant, [ours.pk, *Customer.objects.exclude(pk=ours.pk).values_list("pk", flat=True)])
        work_on_flows()
        assert Person.objects.filter(customer=ours).count() == 1
        assert item_of(ours).state == "made"

    def test_later_changes_of_how_a_customer_is_reached_follow(self, tenant, flow):
        ours = client(tenant)
        booked(tenant, ours)
        e_mail = Contact.objects.get(kind="email")
        change("customer_contact", e_mail.pk, value="maria@new.example")
        change("customer", ours.pk, name="Maria Bianchi")
        work_on_flows()
        person = Person.objects.get()
        assert (person.email, person.last_name) == ("maria@new.example", "Bianchi")
        assert item_of(ours).state == "updated"

    def test_what_somebody_wrote_of_the_person_stays(self, tenant, flow):
        ours = client(tenant)
        booked(tenant, ours)
        person = Person.objects.get()
        change("person", person.pk, phone="(540) 555-0111", title="Ms. President")
        booked(tenant, ours)
        person.refresh_from_db()
        assert (person.phone, person.title) == ("(540) 555-0111", "Ms. President")

    def test_a_worker_that_dies_after_the_merge_leaves_nothing_half_done(
        self, tenant, sales, flow, monkeypatch
    ):
        ours, theirs = client(tenant), account(tenant, sales, email=MAIL)

        def die(*args):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), monkeypatch.context() as dying:
            dying.setattr(working, "_close", die)
            booked(tenant, ours)
        theirs.refresh_from_db()
        assert (theirs.merged_into, Merge.objects.count()) == (None, 0)
        work_on_flows()
        assert Merge.objects.count() == Person.objects.count() == 1

    def test_many_cost_no_more_queries_than_few(self, tenant, sales, flow):
        counts = []
        for many in (2, 12):
            for n in range(many):
                ours = client(tenant, f"Maria Rossi{many}{n}", f"m{many}{n}@rossi.example", "")
                account(tenant, sales, f"Rossi{many}{n}", email=f"other{many}{n}@rossi.example")
                edit(ENTITIES["job"], Job.objects.get(customer=ours).pk, {"summary": "Drip"})
            with CaptureQueriesContext(database) as queries:
                working.work(flow.pk)
            counts.append(len(queries))
        assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
class TestThere:
    """What stands in the Salesforce sandbox, a cycle later."""

    @pytest.fixture
    def booker(self, both) -> Customer:
        """A customer of ServiceTitan with an e-mail address, a phone and jobs."""
        contacts = Contact.objects.filter(
            active=True, usable=True, customer__active=True, customer__kind="Residential"
        )
        with_mail = set(contacts.filter(kind="email").values_list("customer", flat=True))
        with_phone = set(contacts.filter(kind__in=["phone", "mobile"]).values_list("customer", flat=True))
        booked = set(Job.objects.values_list("customer", flat=True))
        return Customer.objects.get(pk=min(with_mail & with_phone & booked))

    def reach(self, booker, *kinds) -> str:
        return (
            Contact.objects.filter(customer=booker, kind__in=kinds, active=True, usable=True)
            .order_by("pk")[0]
            .value
        )

    def contacts(self, both, booker) -> list[dict]:
        mail = self.reach(booker, "email").casefold()
        return [row for row in both.sf.rows("Contact") if (row["Email"] or "").casefold() == mail]

    def account_of(self, both, row) -> dict:
        return next(one for one in both.sf.rows("Account") if one["Id"] == row["AccountId"])

    def seed(self, both, **contact) -> dict:
        """An Account of the org, with a Contact."""
        made = both.sf.add("Account", {"Name": "Known already"})
        return both.sf.add("Contact", {"LastName": "Somebody", "AccountId": made["Id"], **contact})

    def install(self, both, booker) -> Flow:
        """For this customer alone: the others have no booking since."""
        flow = both.install(NAME)
        FlowItem.objects.exclude(record_id=booker.pk).delete()
        return flow

    def test_somebody_new_is_one_account_and_one_contact(self, both, booker):
        before = len(both.sf.rows("Account"))
        self.install(both, booker)
        both.cycle(2)
        (contact,) = self.contacts(both, booker)
        made = self.account_of(both, contact)
        assert made["Name"] == booker.name
        assert len(both.sf.rows("Account")) == before + 1
        region = both.tenant.phone_region
        texts = (made.get("Phone"), contact.get("Phone"), contact.get("MobilePhone"))
        called = {read_phone(text or "", region).e164 for text in texts}
        assert read_phone(self.reach(booker, "phone", "mobile"), region).e164 in called
        assert not Delivery.objects.filter(state="needs_person").exists()

    def test_one_that_is_there_is_updated_and_not_doubled(self, both, booker):
        there = self.seed(both, Email=self.reach(booker, "email").upper())
        before = len(both.sf.rows("Account")), len(both.sf.rows("Contact"))
        self.install(both, booker)
        both.cycle(3)
        assert (len(both.sf.rows("Account")), len(both.sf.rows("Contact"))) == before
        assert both.sf.row(there["AccountId"])["Name"] == booker.name
        assert both.sf.row(there["Id"])["LastName"] == "Somebody"

    def test_one_that_came_to_be_there_since_the_last_reading_is_read_first(self, both, booker):
        self.install(both, booker)
        there = self.seed(both, Email=self.reach(booker, "email"))
        work_on_flows()
        assert item_of(booker).reason == "reading"
        assert Run.objects.filter(rule__entity="person", state="queued").exists(), "a reading is asked for"
        both.cycle()
        FlowItem.objects.update(next_try_at=timezone.now())  # a minute later
        both.cycle()
        assert len(self.contacts(both, booker)) == 1
        assert both.sf.row(there["AccountId"])["Name"] == booker.name

    def test_of_two_that_may_be_meant_none_is_made_or_written_until_a_person_has_said_which(
        self, both, booker
    ):
        first, second = (self.seed(both, Email=self.reach(booker, "email")) for _ in range(2))
        before = len(both.sf.rows("Account"))
        flow = self.install(both, booker)
        both.cycle(2)
        assert outcomes(flow) == [("waiting", "several")]
        owing.want(both.salesforce.rules.get(entity="customer"), [booker.pk])  # as a deal of theirs would
        both.cycle()
        assert len(both.sf.rows("Account")) == before
        assert Delivery.objects.get(entity="customer", record_id=booker.pk).reason == "held_back"
        other = Customer.objects.get(external_id=second["AccountId"])
        refusals.refuse(both.tenant, [booker.pk, other.pk])
        both.cycle(2)
        assert len(both.sf.rows("Account")) == before
        assert both.sf.row(first["AccountId"])["Name"] == booker.name
        assert both.sf.row(second["AccountId"])["Name"] == "Known already"

    def test_an_undone_merge_gives_the_account_its_own_name_back(self, both, booker):
        there = self.seed(both, Email=self.reach(booker, "email"))
        self.install(both, booker)
        both.cycle(3)
        Flow.objects.update(enabled=False)
        undo(Merge.objects.get())
        both.cycle(2)
        assert both.sf.row(there["AccountId"])["Name"] == "Known already"

    def test_saved_again_and_again_it_stays_one_and_what_is_new_follows(self, both, booker):
        self.install(both, booker)
        both.cycle(2)
        counts = len(both.sf.rows("Account")), len(both.sf.rows("Contact"))
        for surname in ("Rossi", "Bianchi"):
            both.st.change("customers", int(booker.external_id), name=f"Renata {surname}")
            both.cycle()
        assert (len(both.sf.rows("Account")), len(both.sf.rows("Contact"))) == counts
        (contact,) = self.contacts(both, booker)
        assert self.account_of(both, contact)["Name"] == "Renata Bianchi"
        assert contact["LastName"] == "Bianchi"
