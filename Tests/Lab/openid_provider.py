"""A real OpenID provider in one file: Django with django-oauth-toolkit. Started by provider.py, not by hand.

    openid_provider.py FOLDER set-up | serve

FOLDER holds port, key.pem (signs) and retired-*.pem (still published), and, read at each request, id-token-life
(seconds) and oddities (oddities.py).
Code flow with PKCE, refresh tokens that rotate and are good for once, RS256; returns the nonce and the groups.
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlencode

import django
from django.conf import settings

import oddities
import people

folder = Path(sys.argv[1])
port = int((folder / "port").read_text())
issuer = f"http://127.0.0.1:{port}"

CLIENT = "pair-cli"

#: Where the client may be answered, at any port (RFC 8252 §7.3).
REDIRECTS = [
    f"http://{host}{path}"
    for host in ("127.0.0.1", "localhost", "[::1]") for path in ("/callback", "/login-callback", "/")
]

APPS = ["auth", "contenttypes", "sessions", "messages"]
settings.configure(
    SECRET_KEY="for the lab only",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="openid_provider",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3"),
        # Sign-ins at the same time wait for each other, where by default one would end in `database is locked`.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"},
    }},
    INSTALLED_APPS=[f"django.contrib.{app}" for app in APPS] + ["oauth2_provider"],
    # Tables straight from the models: running every migration takes six seconds.
    MIGRATION_MODULES={app: None for app in [*APPS, "oauth2_provider"]},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # the slow ones guard nothing here
    MIDDLEWARE=[
        "openid_provider.Oddities",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    LOGGING={  # what broke, to the log, where by default it would be mailed to an admin
        "version": 1, "disable_existing_loggers": False, "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR"}},
    },
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
        "PKCE_REQUIRED": True,
        "ALLOW_LOCALHOST_LOOPBACK": True,
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
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider import urls as oauth_urls  # noqa: E402
from oauth2_provider.exceptions import OAuthToolkitError  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402
from oauth2_provider.settings import oauth2_settings  # noqa: E402
from oauth2_provider.views import AuthorizationView  # noqa: E402
from oauthlib.openid.connect.core.exceptions import ConsentRequired, LoginRequired  # noqa: E402


def is_odd(name):
    return name in oddities.read(folder)


class Validator(OAuth2Validator):
    """Adds the claims that Spaces decide on, whatever scope was asked for."""

    oidc_claim_scope = None

    def get_additional_claims(self, request):
        user = request.user
        return {
            "email": user.email,
            "email_verified": user.username not in people.UNVERIFIED,
            "groups": sorted(user.groups.values_list("name", flat=True)),
        }

    def finalize_id_token(self, id_token, token, token_handler, request):
        if request.nonce and is_odd("other-nonce"):
            id_token["nonce"] = request.nonce = request.nonce[::-1]
        if is_odd("no-nonce"):
            id_token.pop("nonce", None)
            request.nonce = None
        return super().finalize_id_token(id_token, token, token_handler, request)

    def refresh_id_token(self, request):
        return not is_odd("no-refresh-id-token")

    def validate_silent_login(self, request):
        return self.leaves_it_to_the_view(request)

    def validate_silent_authorization(self, request):
        return self.leaves_it_to_the_view(request)

    def leaves_it_to_the_view(self, request):
        """django-oauth-toolkit 3.4.1 lacks both of the above: without them prompt=none is always an error 500."""
        if is_odd("prompt-none-dies"):
            raise NotImplementedError
        return True


class Authorization(AuthorizationView):
    """Answers prompt=none without ever showing a page. OpenID Connect Core §3.1.2.6"""

    def handle_no_permission(self):
        return self.refuse(LoginRequired) if self.is_silent() else super().handle_no_permission()

    def render_to_response(self, context, **more):
        if self.is_silent() and "error" not in context:
            return self.refuse(ConsentRequired)
        return super().render_to_response(context, **more)

    def is_silent(self):
        return self.request.method == "GET" and self.request.GET.get("prompt") == "none"

    def refuse(self, error):
        try:
            _, request = self.validate_authorization_request(self.request)
        except OAuthToolkitError as invalid:
            return self.error_response(invalid, None)
        reason = error(state=request["state"])
        return self.error_response(OAuthToolkitError(reason, request["redirect_uri"]), request["request"].client)


class Oddities:
    """Middleware: what FOLDER says of this very request."""

    def __init__(self, respond):
        self.respond = respond

    def __call__(self, request):
        odd = oddities.read(folder)
        oauth2_settings.ID_TOKEN_EXPIRE_SECONDS = int((folder / "id-token-life").read_text())
        oauth2_settings.REQUEST_APPROVAL_PROMPT = "auto" if "remember-consent" in odd else "force"
        oauth2_settings.COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS = "issue-iss" in odd
        if request.path == "/token/":
            return token_error(request, odd) or without_refresh_token(self.respond(request), odd)
        response = self.respond(request)
        if "issue-iss" in odd:
            add_issuer(response)
        return response


def token_error(request, odd):
    if "token-error-empty" in odd:
        bare = HttpResponse(status=400)
        del bare.headers["Content-Type"]
        return bare
    if "token-error-html" in odd:
        return HttpResponse("<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>", status=502)
    if "token-html" in odd:
        return HttpResponse("<!doctype html><title>Welcome</title><h1>Log in to this network</h1>")
    if "refuse-refresh" in odd and request.POST.get("grant_type") == "refresh_token":
        return JsonResponse({"error": "invalid_grant", "error_description": "the session has ended"}, status=400)
    return None


def without_refresh_token(response, odd):
    if "no-refresh-token" in odd and response.status_code == 200:
        response.content = json.dumps({
            name: value for name, value in json.loads(response.content).items() if name != "refresh_token"})
    return response


def add_issuer(response):
    """django-oauth-toolkit names the issuer in good answers alone; RFC 9207 §2 wants it in errors too."""
    location = response.headers.get("Location", "/")
    if not location.startswith("/") and "iss=" not in location:
        response.headers["Location"] = f"{location}&{urlencode({'iss': issuer})}"


urlpatterns = [
    path("login/", LoginView.as_view(template_name="login.html")),
    path("authorize/", Authorization.as_view()),
    path("", include((oauth_urls.urlpatterns, "oauth2_provider"), namespace="oauth2_provider")),
]


def set_up():
    call_command("migrate", run_syncdb=True, verbosity=0)
    for name, email, groups in people.PEOPLE:
        user = User.objects.create_user(name, email, people.password(name))
        user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    Application.objects.create(
        client_id=CLIENT, name=CLIENT, client_type="public", authorization_grant_type="authorization-code",
        redirect_uris=" ".join(REDIRECTS), algorithm="RS256")


if __name__ == "__main__":
    if sys.argv[2] == "set-up":
        set_up()
    else:
        run("127.0.0.1", port, get_wsgi_application(), threading=True)
