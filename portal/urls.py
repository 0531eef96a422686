"""The ground floor's addresses: the admin, those of logging in, and those for machines."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from portal import health, metrics
from portal.login import SetPasswordView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("", include("portal.entrance.urls")),
    path("admin/", admin.site.urls),
    path("welcome/<uidb64>/<token>/", SetPasswordView.as_view(), name="set_password"),
    path("api/", include("integrations.api.urls")),
    path("webhooks/", include("integrations.webhooks.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
