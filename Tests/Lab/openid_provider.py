"""A real OpenID provider in one file: Django with django-oauth-toolkit. Started by provider.py, not by hand.

    openid_provider.py FOLDER set-up | serve

FOLDER holds port, id-token-life (seconds), key.pem (signs) and retired-*.pem (still published).
Code flow with PKCE, refresh tokens that rotate, RS256; returns the nonce and the groups.
"""

import sys
from pathlib import Path

import django
from django.conf import settings

folder = Path(sys.argv[1])
port = int((folder / "port").read_text())
issuer = f"http://127.0.0.1:{port}"

#: Who can sign in; the password is NAME-pw. `carol` is of another domain, `dave` never proved his address.
PEOPLE = [
    ("alice", "alice@example.org", ["dev", "ops"]),
    ("bob", "bob@example.org", ["dev"]),
    ("carol", "carol@other.example", ["sales"]),
    ("dave", "dave@example.org", ["dev"]),
]
UNVERIFIED = {"dave"}
CLIENT = "pair-cli"

APPS = ["auth", "contenttypes", "sessions", "messages"]
settings.configure(
    SECRET_KEY="for the lab only",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="openid_provider",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}},
    INSTALLED_APPS=[f"django.contrib.{app}" for app in APPS] + ["oauth2_provider"],
    # Tables straight from the models: running every migration takes six seconds.
    MIGRATION_MODULES={app: None for app in [*APPS, "oauth2_provider"]},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # the slow ones guard nothing here
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(Path(__file__).parent / "templates")],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    LOGIN_URL="/login/",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": issuer,
        "OIDC_RSA_PRIVATE_KEY": (folder / "key.pem").read_text(),
        "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [old.read_text() for old in sorted(folder.glob("retired-*.pem"))],
        "OAUTH2_VALIDATOR_CLASS": "openid_provider.Validator",
        "ID_TOKEN_EXPIRE_SECONDS": int((folder / "id-token-life").read_text()),
        "PKCE_REQUIRED": True,
        "ROTATE_REFRESH_TOKEN": True,
        "SCOPES": {"openid": "who you are", "email": "e-mail", "groups": "groups", "offline_access": "renewal"},
    },
)
sys.modules["openid_provider"] = sys.modules[__name__]  # the names that the settings above refer to
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402 (needs the settings)
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import run  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider import urls as oauth_urls  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402


class Validator(OAuth2Validator):
    """Adds the claims that Spaces decide on, whatever scope was asked for."""

    oidc_claim_scope = None

    def get_additional_claims(self, request):
        user = request.user
        return {
            "email": user.email,
            "email_verified": user.username not in UNVERIFIED,
            "groups": sorted(user.groups.values_list("name", flat=True)),
        }


urlpatterns = [
    path("login/", LoginView.as_view(template_name="login.html")),
    path("", include((oauth_urls.urlpatterns, "oauth2_provider"), namespace="oauth2_provider")),
]


def set_up():
    call_command("migrate", run_syncdb=True, verbosity=0)
    for name, email, groups in PEOPLE:
        user = User.objects.create_user(name, email, f"{name}-pw")
        user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    Application.objects.create(
        client_id=CLIENT, name=CLIENT, client_type="public", authorization_grant_type="authorization-code",
        redirect_uris="http://127.0.0.1/callback",  # any port of it, RFC 8252 §7.3
        algorithm="RS256")


if __name__ == "__main__":
    if sys.argv[2] == "set-up":
        set_up()
    else:
        run("127.0.0.1", port, get_wsgi_application(), threading=True)
