"""The addresses of logging in. Of django-allauth's own only those that are used: no sign-up, no log-in by e-mail.

They keep django-allauth's names, by which it finds them.
"""

from django.urls import path

from portal.entrance import pages, sso

urlpatterns = [
    path("admin/login/", pages.log_in, name="account_login"),
    path("log-in/second-factor/", pages.SecondFactor.as_view(), name="mfa_authenticate"),
    path("log-in/passkey/", pages.LogInByPasskey.as_view(), name="mfa_login_webauthn"),
    path("log-in/<slug:provider_id>/", sso.begin, name="openid_connect_login"),
    path("log-in/<slug:provider_id>/back/", sso.come_back, name="openid_connect_callback"),
    path("me/log-in/", pages.Factors.as_view(), name="mfa_index"),
    path("me/log-in/app/", pages.AddApp.as_view(), name="mfa_activate_totp"),
    path("me/log-in/app/remove/", pages.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("me/log-in/passkey/", pages.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("me/log-in/passkey/<int:pk>/remove/", pages.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("me/log-in/codes/", pages.Codes.as_view(), name="mfa_view_recovery_codes"),
    path("me/log-in/codes/new/", pages.NewCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("me/sessions/", pages.Sessions.as_view(), name="usersessions_list"),
]
