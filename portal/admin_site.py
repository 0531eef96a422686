"""Trunkline's admin site."""

from django.contrib import admin


class TrunklineAdminSite(admin.AdminSite):
    site_header = "Trunkline"
    site_title = "Trunkline"
