"""Booking a job by hand: find the customer or enter a new one, then say what, where and when.

The route: `book/` with a text -> customers that it may mean -> `book/?customer=…` (or `new`) -> free times of the day,
asked of the connected system by a button -> booked by `integrations.booking`, once for each form however often it is sent
-> the job's page. It works without any script.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from integrations.admin.booking_form import NEW, BookingForm, WindowsForm
from integrations.admin.subscriptions import person
from integrations.booking import people
from integrations.booking.asked import Refused
from integrations.booking.making import book
from integrations.booking.windows import Offer, offer
from integrations.idempotency import Answer, answered, once
from portal.access import Action, access_of
from portal.models import Tenant
from portal.numbers import number
from portal.own_pages import OwnPages, list_view
from reconciliation.models import Contact, Customer
from reconciliation.phones import read_phone
from reconciliation.search import search_customers

FOUND = 12
LONGEST = 200
BOOKED = "Booked. Below you see when it is sent, and how its status changes."


class BookingPage(OwnPages):
    """Mixed into an admin whose list it stands beside."""

    @list_view("book/", action=Action.BOOK)
    def book(self, request: HttpRequest) -> HttpResponse:
        chosen = request.GET.get("customer", "")
        if chosen and chosen != NEW:
            customer = _customer(request, chosen)
            return self._form(request, customer.tenant, customer)
        tenants = list(access_of(request.user).tenants(Action.BOOK))
        tenant = _tenant(request, tenants)
        if chosen == NEW and tenant is not None:
            return self._form(request, tenant, None)
        return self._find(request, tenants, tenant)

    def _find(self, request: HttpRequest, tenants: list[Tenant], tenant: Tenant | None) -> HttpResponse:
        """Step one: who is it?"""
        text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
        found = _found(tenant, text) if tenant is not None and text else []
        return self.page(
            request, "admin/integrations/book_find.html",
            title="Book a job", text=text, tenants=tenants, chosen=tenant, found=found[:FOUND],
            more=len(found) > FOUND,
            new_url=_address(tenant, NEW, text) if tenant is not None else "",
        )  # fmt: skip

    def _form(self, request: HttpRequest, tenant: Tenant, customer: Customer | None) -> HttpResponse:
        """Step two: what, where and when?"""
        sent = request.POST if request.method == "POST" else None
        form = BookingForm(sent, tenant=tenant, customer=customer, initial=_initial(request, tenant))
        offered = _offered(form, request)
        if offered is not None:
            form.offer(offered)
        known = None
        if sent is not None and "book" in sent and form.is_valid():
            earlier = answered(_asker(request), _key(form))
            known = None if earlier else _known(form)
            if known is None and (done := earlier or _booked(request, form)):
                messages.success(request, BOOKED)
                return redirect("admin:reconciliation_job_change", int(done.body))
        elif sent is not None and "book" not in sent:
            form = _unbound(request, form, offered)
        return self.page(
            request, "admin/integrations/book.html",
            title=f"Book a job for {customer}" if customer else "Book a job for somebody new",
            form=form, chosen=tenant, customer=customer, offered=offered, known=known,
            known_url=_address(tenant, str(known.pk), "") if known else "",
        )  # fmt: skip


def _customer(request: HttpRequest, pk: str) -> Customer:
    """The customer a job may be booked for: 404 outside the person's tenants, 403 where it may not book."""
    access = access_of(request.user)
    rows = access.scope(Customer.objects.select_related("tenant", "merged_into__tenant"))
    found = rows.filter(pk=number(pk)).first()
    if found is None:
        raise Http404("There is no such customer.")
    if not access.may(Action.BOOK, found.tenant):
        raise PermissionDenied
    return found.merged_into or found


def _tenant(request: HttpRequest, tenants: list[Tenant]) -> Tenant | None:
    wanted = request.GET.get("tenant", "")
    if not wanted:
        return tenants[0] if len(tenants) == 1 else None
    found = next((tenant for tenant in tenants if str(tenant.pk) == wanted), None)
    if found is None:
        raise Http404("There is no such tenant.")
    return found


def _found(tenant: Tenant, text: str) -> list[tuple[Customer, str, str]]:
    """Customers that the text may mean, each with its phones and the address of step two. Two queries more."""
    rows = Customer.objects.filter(tenant=tenant, merged_into=None, active=True)
    found = list(search_customers(rows, text, [tenant]).order_by("name_key", "pk")[: FOUND + 1])
    phones: dict[int, list[str]] = {}
    contacts = Contact.objects.filter(customer__in=found, active=True).exclude(kind=Contact.Kind.EMAIL)
    for owner, value in contacts.order_by("pk").values_list("customer_id", "value"):
        phones.setdefault(owner or 0, []).append(value)
    return [(one, ", ".join(phones.get(one.pk, [])[:2]), _address(tenant, str(one.pk), "")) for one in found]


def _address(tenant: Tenant, customer: str, text: str) -> str:
    query: dict[str, Any] = {"tenant": tenant.pk, "customer": customer, **({"q": text} if text else {})}
    return f"{reverse('admin:integrations_connection_book')}?{urlencode(query)}"


def _initial(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """What the text that found nobody says of somebody new: a phone, an e-mail address or a name."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    kind = "email" if "@" in text else "phone" if read_phone(text, tenant.phone_region).usable else "name"
    return {kind: text, "key": uuid.uuid4()}


def _offered(form: BookingForm, request: HttpRequest) -> Offer | None:
    """The day's windows, once a day, a unit and a type of job are chosen; asked for on sending the form alone."""
    if request.method != "POST":
        return None
    first = WindowsForm(request.POST, tenant=form.tenant)
    if not first.is_valid():
        return None
    chosen = first.cleaned_data
    return offer(form.tenant, chosen["business_unit"], chosen["job_type"], chosen["day"])


def _unbound(request: HttpRequest, form: BookingForm, offered: Offer | None) -> BookingForm:
    """The form as it was filled in, without complaints about what is not filled in yet."""
    given = {name: request.POST.get(name, "") for name in form.fields}
    fresh = BookingForm(tenant=form.tenant, customer=form.customer, initial=given)
    if offered is not None:
        fresh.offer(offered)
        if offered.windows:
            fresh.fields["window"].required = False
    return fresh


def _known(form: BookingForm) -> Customer | None:
    """Somebody new who is not: the person is asked before a second record of one customer is made."""
    data = form.cleaned_data
    if form.customer is not None or data["again"]:
        return None
    e164 = read_phone(data["phone"], form.tenant.phone_region).e164
    return people.find(form.tenant, e164, data["email"], data["name"])


def _booked(request: HttpRequest, form: BookingForm) -> Answer | None:
    """Book once for this form's key; None where it is refused, with the reasons on the form."""
    maker = people.Maker(form.tenant, actor=person(request), note="Booked by hand")

    def act() -> Answer:
        return Answer(302, str(book(maker, form.asked()).pk))

    try:
        return once(_asker(request), _key(form), "booking form", act)
    except Refused as error:
        form.show(error.problems)
        return None


def _asker(request: HttpRequest) -> str:
    return f"person:{request.user.pk}"


def _key(form: BookingForm) -> str:
    return str(form.cleaned_data["key"])
