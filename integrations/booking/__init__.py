"""Booking a job: for somebody on the telephone, or for a program that asks.

The route: what is asked for (`asked`, checked without a database) -> customer found or made, location found or made
(`people`) -> job with its visit (`making`), in one transaction -> it owes a delivery like any other change. The free
times of the shop come from a connected system that tells them (`windows`).
"""
