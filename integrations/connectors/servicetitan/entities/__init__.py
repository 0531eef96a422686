"""What is read from ServiceTitan: one declaration per entity, in the order in which parents precede children."""

from collections.abc import Mapping

from integrations.connectors.entity import Entity
from integrations.connectors.servicetitan.entities.crm import (
    BOOKING,
    CUSTOMER,
    CUSTOMER_CONTACT,
    LEAD,
    LOCATION,
    LOCATION_CONTACT,
)
from integrations.connectors.servicetitan.entities.home import EQUIPMENT, MEMBERSHIP
from integrations.connectors.servicetitan.entities.inventory import ADJUSTMENT, VENDOR
from integrations.connectors.servicetitan.entities.jobs import (
    APPOINTMENT,
    ASSIGNMENT,
    CANCELLATION,
    JOB,
    NOTE,
)
from integrations.connectors.servicetitan.entities.lists import LISTS
from integrations.connectors.servicetitan.entities.money import (
    AP_BILL,
    ESTIMATE,
    INVOICE,
    PAYMENT,
    PURCHASE_BILL,
)
from integrations.connectors.servicetitan.entities.opinions import REVIEW, TECHNICIAN_RATING
from integrations.connectors.servicetitan.entities.purchasing import PURCHASE_ORDER, PURCHASE_ORDER_LINE

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        *LISTS,
        CUSTOMER,
        LOCATION,
        CUSTOMER_CONTACT,
        LOCATION_CONTACT,
        LEAD,
        JOB,
        BOOKING,
        NOTE,
        CANCELLATION,
        APPOINTMENT,
        ASSIGNMENT,
        INVOICE,
        PAYMENT,
        ESTIMATE,
        MEMBERSHIP,
        EQUIPMENT,
        VENDOR,
        AP_BILL,
        PURCHASE_BILL,
        ADJUSTMENT,
        PURCHASE_ORDER,
        PURCHASE_ORDER_LINE,
        TECHNICIAN_RATING,
        REVIEW,
    )
}
