"""The two shapes of the sandbox's data.

`shop`: a believable merchant, everything by seed. `exact`: N customers with one location, one job and one
invoice each and nothing else, so that a benchmark knows its counts.
"""

import gc
from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import bills, purchasing, reference_lists, supplies
from integrations.sandbox.servicetitan.customers import Customers
from integrations.sandbox.servicetitan.resources import ALL
from integrations.sandbox.servicetitan.store import Store
from integrations.sandbox.servicetitan.work import Work


def build(shape: str, customers: int, seed: int, now: float, tenant: int) -> tuple[Store, "Shop"]:
    store = Store([resource.name for resource in ALL])
    shop = Shop(store, shape, seed, times.from_seconds(now), tenant)
    collecting = gc.isenabled()
    gc.disable()  # hundreds of thousands of rows that all stay: every pass over them would be for nothing
    try:
        shop.add(customers)
    finally:
        if collecting:
            gc.enable()
    return store, shop


class Shop:
    """Adds customers with all that belongs to them to a store."""

    def __init__(self, store: Store, shape: str, seed: int, start: int, tenant: int) -> None:
        if shape not in {"shop", "exact"}:
            raise ValueError(f"There is no shape {shape!r}: take shop or exact.")
        self.shape, random = shape, Random(f"shop:{seed}")
        self.lists = reference_lists.build(store, random, start, tenant)
        supplies.build(store, Random(f"supplies:{seed}"), start)
        purchasing.build(store, Random(f"purchasing:{seed}"), start)
        bills.build(store, Random(f"bills:{seed}"), start)
        self.customers = Customers(store, random, start, self.lists)
        self.work = Work(store, random, start, self.lists, seed)
        self.number = 0

    def add(self, count: int) -> list[int]:
        """Add customers; returns their ids."""
        added = []
        for _ in range(count):
            self.number += 1
            homes = self.customers.add(self.number, plain=self.shape == "exact")
            added.append(homes[0].customer["id"])
            for home in homes:
                if self.shape == "exact":
                    self.work.job(home, plain=True)
                else:
                    self.work.at(home)
        self.work.billing.settle_customers()
        return added
