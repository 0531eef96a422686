"""A small identity provider: discovery, keys, tokens; it says of its one person whatever a test wants."""

import json
import secrets
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT = ("trunkline", "client-secret-of-the-portal")


class IdentityProvider:
    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signed_by, self.algorithm, self.claims, self.codes, self.wrong = self.key, "RS256", {}, {}, {}
        self.server = make_server("127.0.0.1", 0, Request.application(self.answer), threaded=True)
        self.issuer = f"http://127.0.0.1:{self.server.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        pages = {
            "/.well-known/openid-configuration": self.discovery,
            "/keys": self.keys,
            "/token": self.token,
        }
        return Response(json.dumps(pages[request.path](request)), content_type="application/json")

    def discovery(self, request):
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {
            "issuer": self.issuer,
            "userinfo_endpoint": f"{self.issuer}/nobody-asks",
            **{name: f"{self.issuer}/{path}" for name, path in names.items()},
        }

    def keys(self, request):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}

    def token(self, request):
        asked = self.codes.pop(request.form["code"])
        assert (request.form["client_id"], request.form["client_secret"]) == CLIENT
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + 60,
            **self.claims,
            **self.wrong,
        }
        assert request.form["redirect_uri"] == asked["redirect_uri"][0]
        return {
            "access_token": secrets.token_hex(8),
            "token_type": "Bearer",
            "id_token": jwt.encode(said, self.signed_by, self.algorithm, headers={"kid": "one"}),
        }

    def authorize(self, address):
        """What its log-in page does: back to the portal with a code. Gives path and query."""
        asked = parse_qs(urlsplit(address).query)
        code = secrets.token_hex(8)
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"][0])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state'][0]})}"
