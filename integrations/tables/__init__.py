"""Mapping tables: what stands in accounting for a merchant's items, units, job types, technicians and vendors.

A table is data (`catalogue`); its rows are `TableRow`. A flow looks keys up in them and waits for those that are missing.
"""
