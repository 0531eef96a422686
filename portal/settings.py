"""Settings, read from the environment (and from `.env` in the checkout, where there is one).

Without any of it Trunkline runs on one machine: SQLite and django-q2's ORM broker. `DATABASE_URL` and `REDIS_URL`
alone take it to PostgreSQL and to workers on several hosts. `SECRET_KEY` and `FIELD_KEYS` have no default.
"""

import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
EXPORT_DIR = VAR_DIR / "exports"
EXPORT_DIR.mkdir(parents=True, exist_ok=True)
EXPORT_DAYS = env.int("EXPORT_DAYS", default=7)
"""So long an export written in the background is kept."""
RETENTION_DAYS: dict[str, int] = env.json("RETENTION_DAYS", default={})
"""For how many days rows of a table are kept, where not by default: `{"integrations.run": 30}`; see `manage.py prune`."""
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_MB", default=20) * 1_000_000
"""The largest file of customers that the admin takes."""


def required(name: str, how: str) -> str:
    """The value of an environment variable that has no safe default."""
    value = env.str(name, default="")
    if not value and sys.argv[1:2] == ["new_field_key"]:
        return "not set yet"  # the command that makes a key must run before there is one
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. {how} Put it into the environment or into {BASE_DIR / '.env'}."
        )
    return value


SECRET_KEY = required("SECRET_KEY", "It signs sessions and queued work; any 50 random characters will do.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
FIELD_KEYS = [
    key.strip()
    for key in required(
        "FIELD_KEYS", "It encrypts stored credentials; `manage.py new_field_key` makes one."
    ).split(",")
    if key.strip()
]

DEBUG = env.bool("DEBUG", default=False)
INSECURE_HTTP = env.bool("INSECURE_HTTP", default=False)
"""True only for a demo or a test on this machine: the portal is then served over plain http."""
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CUSTOM_API_HOSTS: list[str] = env.list("CUSTOM_API_HOSTS", default=[])
"""`host:port` of every API host beyond the vendors' own that a connection may name. DEBUG adds nothing to it."""
CONNECTOR_APPS: dict[str, dict[str, str]] = env.json("CONNECTOR_APPS", default={})
"""The operator's own apps at systems where people log in, as JSON: system -> `client_id` and `client_secret`.

Without one, each connection is given the id and secret of an app of its merchant's.
"""
LINK_CALLBACK_URL = env.str("LINK_CALLBACK_URL", default="")
"""Where systems send people back after a log-in there: https://…/linked/. Empty: this portal as it was called."""
_CALLBACK = urlsplit(LINK_CALLBACK_URL)
PORTAL_URL = env.str(
    "PORTAL_URL", default=f"{_CALLBACK.scheme}://{_CALLBACK.netloc}" if _CALLBACK.netloc else ""
)
"""Where people reach the portal, https://portal.example: what links in e-mails and alerts begin with."""
ALERT_EMAILS: list[str] = env.list("ALERT_EMAILS", default=[])
"""Who hears of the platform's own alerts from the start, without a rule being made for it."""
WRITE_IN_BULK_ABOVE = env.int("WRITE_IN_BULK_ABOVE", default=2000)
"""From so many records on that wait for one system, where it has a bulk API, they go there as one job."""
WEBHOOK_ALLOWED_HOSTS: list[str] = env.list("WEBHOOK_ALLOWED_HOSTS", default=[])
"""`host:port` of addresses inside private networks, or without TLS, that webhooks may be sent to all the same."""
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
"""What Prometheus shows at /metrics; without it there is no such page."""
API_CALLS_A_MINUTE = env.int("API_CALLS_A_MINUTE", default=300)
"""So many calls a minute are taken from one API client."""

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_q",
    "reconciliation",
    "integrations",
    "import_export",  # behind ours: it brings a command named `export` too, and the first one wins
]

MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "integrations.api.middleware.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.SessionLimitMiddleware",
    "portal.middleware.CurrentRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.entrance.demand.SecondFactorMiddleware",
    "portal.entrance.again.ConfirmMiddleware",
    "portal.middleware.UnreadableSecretMiddleware",
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'trunkline.sqlite3'}")}
_database = DATABASES["default"]
ON_SQLITE = _database["ENGINE"].endswith("sqlite3")
if ON_SQLITE:
    # A file for tests too: in memory, SQLite lets no second thread wait for the first one's transaction.
    _database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    _database["OPTIONS"] = {
        # A transaction that means to write takes the lock at once: upgrading a read lock later fails without waiting.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # FULL, because a committed "this was sent" that a power cut takes back would be sent twice; NORMAL loses it.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-24576; PRAGMA temp_store=MEMORY;"
        ),
    }
else:
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="")


def shared_cache() -> dict[str, str]:
    """A cache that every process sees: Redis, the database of several hosts, or files on one machine."""
    if REDIS_URL:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if ON_SQLITE:
        return {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
        }
    return {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}


CACHES = {"default": shared_cache()}

Q_WORKERS = env.int("Q_WORKERS", default=4)
Q_CLUSTER = {
    "name": "trunkline",
    "label": "Worker queue",
    "workers": Q_WORKERS,
    "queue_limit": Q_WORKERS,  # a task's lease starts when it is fetched, so fetch no more than can start
    "timeout": 120,
    "retry": 600,  # above timeout * (queue_limit / workers + 2): else a waiting task is started twice
    "max_attempts": 1,  # our own tables decide what is tried again
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 20,
    "recycle": 200,
    "poll": 0.2,
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# --- People and sessions --------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "portal.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MFA_REQUIRED = env.bool("MFA_REQUIRED", default=True)
"""Everybody who logs in needs a second factor. False only where nothing real can be lost, such as the demo."""
CONFIRM_AFTER = timedelta(minutes=env.int("CONFIRM_MINUTES", default=15))
"""So long after they have said who they are, people change secrets, roles and the like unasked. 0: for ever."""
SESSION_IDLE_LIMIT = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=30))
SESSION_ABSOLUTE_LIMIT = timedelta(hours=env.int("SESSION_ABSOLUTE_HOURS", default=12))
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE_LIMIT.total_seconds())

ACCOUNT_ADAPTER = "portal.entrance.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "portal.entrance.forms.LogInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True  # as long as SESSION_COOKIE_AGE, which has limits of its own
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False  # the log-in page decides itself
ACCOUNT_RATE_LIMITS = (
    False  # portal.entrance.throttle counts in the database: a cache forgets when it is full
)
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(CONFIRM_AFTER.total_seconds()) or SESSION_COOKIE_AGE
MFA_ADAPTER = "portal.entrance.adapters.FactorAdapter"
MFA_FORMS = {
    "activate_totp": "portal.entrance.forms.ActivateAppForm",
    "authenticate": "portal.entrance.forms.CodeForm",
    "reauthenticate": "portal.entrance.forms.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Trunkline"
MFA_TOTP_TOLERANCE = 1  # clocks of phones; a code still opens only once
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_DIGITS = 10
MFA_ALLOW_UNVERIFIED_EMAIL = True  # whoever invites a person vouches for the address

# --- Log-in by an identity provider (OpenID Connect) ------------------------------------------------------------------

OIDC_ISSUER = env.str("OIDC_ISSUER", default="").rstrip("/")
"""Where people may log in as well: https://login.example.com/…; empty is nowhere."""
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
OIDC_MFA_AMR = set(env.list("OIDC_MFA_AMR", default=["mfa"]))
"""What the provider says in `amr` of those who gave it a second factor: they are not asked for one again."""
SOCIALACCOUNT_ADAPTER = "portal.entrance.sso.SocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # the policy for forms stops a form's redirect to another host
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": env.str("OIDC_CLIENT_ID", default=""),
                "secret": env.str("OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": OIDC_ISSUER, "oauth_pkce_enabled": True, "fetch_userinfo": False},
            }
        ]
        if OIDC_ISSUER
        else []
    }
}

# --- E-mail ---------------------------------------------------------------------------------------------------------

EMAIL_IS_SET = bool(env.str("EMAIL_URL", default=""))
if EMAIL_IS_SET:
    vars().update(env.email_url("EMAIL_URL"))  # smtp+tls://user:password@host:587
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="trunkline@localhost")

# --- The browser ----------------------------------------------------------------------------------------------------

_SECURE = not DEBUG and not INSECURE_HTTP
SECURE_SSL_REDIRECT = _SECURE
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_NAME = "__Host-trunkline" if _SECURE else "trunkline"
CSRF_COOKIE_NAME = "__Host-csrf" if _SECURE else "csrftoken"
DEVICE_COOKIE_NAME = "__Host-device" if _SECURE else "device"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    MIDDLEWARE.insert(0, "portal.middleware.ProxyAddressMiddleware")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _SECURE
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not _SECURE

# --- Words, numbers, times ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = False

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "portal.logs.RedactionFilter"}},
    "formatters": {"line": {"()": "portal.logs.LineFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django-q": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
    },
}
