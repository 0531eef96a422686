"""Records as people see them: lists, pages, search and export buttons. Importing this registers them all."""

from reconciliation.admin import home, lists, money, people, work

__all__ = ["home", "lists", "money", "people", "work"]
