"""Log-in at an identity provider, by OpenID Connect.

The route: the log-in page's button → the provider's own log-in → back with a code → a signed token that says who it was
→ the person tied to that `sub`, or, the first time, the one person here with that verified e-mail. Nobody is made this
way, and nobody gets a right by it: a person is invited first.
"""

from typing import Any

import jwt
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from portal import audit
from portal.entrance.adapters import refuse
from portal.models import User

SIGNED_WITH = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
"""Keys whose public half the provider publishes; never one that both sides hold, and never none."""
REFUSED = "{name} did not let you in, or its answer could not be read. Try again."
NOBODY = "Nobody here has the e-mail that {name} vouches for. Ask whoever invites people here to enter it."

audit.register_action("person.sso_linked", "is known to the identity provider from now on")
audit.register_action("log_in.sso_refused", "was not let in by the identity provider's word: {note}")


class SignedTokens(OpenIDConnectOAuth2Adapter):
    """Checks the token's signature always; django-allauth trusts TLS where it fetched the token itself."""

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            if jwt.get_unverified_header(id_token).get("alg") not in SIGNED_WITH:
                raise OAuth2Error("The token is not signed with a published key.")
            said: dict[str, Any] = jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=self.openid_config["jwks_uri"],
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise OAuth2Error("The token cannot be read.") from error
        return said

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The provider sent no token that says who it was.")
        return super().complete_login(request, app, token, **kwargs)


class SocialAdapter(DefaultSocialAccountAdapter):
    """Decides whom an answer of the provider stands for."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie the answer to a person, or refuse it."""
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            raise ImmediateHttpResponse(refuse(request, REFUSED.format(name=settings.OIDC_NAME.capitalize())))
        said = sociallogin.account.extra_data.get("id_token") or {}
        if not sociallogin.is_existing:
            person = person_vouched_for(said)
            if person is None:
                audit.record("log_in.sso_refused", note="no one person has that verified e-mail")
                raise ImmediateHttpResponse(refuse(request, NOBODY.format(name=settings.OIDC_NAME)))
            sociallogin.connect(request, person)
            audit.record("person.sso_linked", person, actor=person)

    def on_authentication_error(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        audit.record("log_in.sso_refused", note="the answer was refused")
        raise ImmediateHttpResponse(refuse(request, REFUSED.format(name=settings.OIDC_NAME.capitalize())))


def person_vouched_for(said: dict[str, Any]) -> User | None:
    """The one active person with the e-mail that the provider has verified; None where there are none or several."""
    email = said.get("email")
    if not email or said.get("email_verified") is not True:
        return None
    found = User.objects.filter(email__iexact=email, is_active=True)[:2]
    return found[0] if len(found) == 1 else None


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _answer(OAuth2LoginView, request, provider_id)


def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _answer(OAuth2CallbackView, request, provider_id)


def _answer(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        reply: HttpResponse = view.adapter_view(SignedTokens(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return reply
