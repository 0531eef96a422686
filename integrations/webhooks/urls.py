"""Where webhooks arrive."""

from django.urls import path

from integrations.webhooks.views import receive

urlpatterns = [path("<slug:system>/<str:token>", receive, name="webhook")]
