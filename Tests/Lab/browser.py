"""A stand-in for a person's browser: signs in at a provider, and follows the redirect to whoever listens.

    lab browser light URL       the light provider's forms by HTTP alone
    lab browser chromium URL    any of the lab's providers in a headless chromium (scripts/install-deps browser)

To be used as $BROWSER. URL is an authorization request with a loopback redirect_uri. It ends when the last page is
there, whatever that says, and prints nothing but what is asked for here. The environment says what the person does:

    OIDC_USER=NAME          who signs in (default: alice)
    OIDC_PASSWORD=PW        default: NAME-pw
    OIDC_DENY=1             does not consent (glewlwyd knows no such answer: logs out there, and nobody hears of it)
    OIDC_PAGE=FILE          where the last page's HTML goes
    OIDC_VERBOSE=1          a line to stderr for each page of the listener

    OIDC_COOKIES=FILE       light: keeps the provider's session for another sign-in
    OIDC_STOP_AT_REDIRECT=1 light: prints the address that the provider sends the browser to, and does not go there
    OIDC_TAMPER=WHAT        light: what reaches the listener besides or instead of the provider's answer:
{tampers}
                            the page of what comes first goes to FILE.first

    OIDC_PROFILE=FOLDER     chromium: keeps its profile, and so the session, for another sign-in
    OIDC_SHOTS=FOLDER       chromium: a picture of each page, 01-login.png and so on
    OIDC_TIMEOUT=SECONDS    chromium: for the whole way (default: 60)
"""

import base64
import hashlib
import http.cookiejar
import os
import sys
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import requests

import pages

#: What browsers send when a person follows a link.
NAVIGATION = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) lab",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-User": "?1",
}

#: What they send when a script of another page fetches.
FETCH = {
    "Accept": "*/*", "Origin": "http://attacker.example", "Referer": "http://attacker.example/",
    "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-User": None, "Upgrade-Insecure-Requests": None,
}


class SignIn:
    """The way from an authorization request, through the provider's pages, to whoever listens at its redirect URI."""

    def __init__(self, session, person, request):
        self.session, self.person, self.request = session, person, request

    def answer(self, request=None):
        """The address that the provider redirects to, without going there."""
        request = request or self.request
        return pages.authorize(self.session, request, pages.parameters(request)["redirect_uri"], self.person)

    def other_answer(self):
        """The provider's answer to a request of somebody else's."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(b"another verifier").digest()).rstrip(b"=").decode()
        return self.answer(changed(self.request, state="other", nonce="other", code_challenge=challenge))

    def visit(self, address, headers=None, method="GET"):
        """What the listener answers."""
        response = self.session.request(method, address, headers=headers, allow_redirects=False, timeout=60)
        if os.environ.get("OIDC_VERBOSE"):
            print(f"{method} {address.partition('?')[0]}: {response.status_code}", file=sys.stderr)
        return response


def changed(address, **parameters):
    """The address with other parameters in its query."""
    return f"{address.partition('?')[0]}?{urlencode({**pages.parameters(address), **parameters})}"


# What reaches the listener; each returns its answers, the one to the person's browser last


def honestly(sign_in):
    return [sign_in.visit(sign_in.answer())]


def tamper_state(sign_in):
    """a wrong state first"""
    answer = sign_in.answer()
    return [sign_in.visit(changed(answer, state="A" * 43)), sign_in.visit(answer)]


def tamper_code(sign_in):
    """the code of another sign-in"""
    code = pages.parameters(sign_in.other_answer())["code"]
    return [sign_in.visit(changed(sign_in.answer(), code=code))]


def tamper_iss(sign_in):
    """the name of another provider"""
    return [sign_in.visit(changed(sign_in.answer(), iss="https://other.example"))]


def tamper_origin(sign_in):
    """a fetch by another page's script first, with all of the right answer"""
    answer = sign_in.answer()
    return [sign_in.visit(answer, FETCH), sign_in.visit(answer)]


def tamper_host(sign_in):
    """the right answer by another name of this machine first, as after DNS rebinding"""
    answer = sign_in.answer()
    return [sign_in.visit(answer, {"Host": f"attacker.example:{urlsplit(answer).port}"}), sign_in.visit(answer)]


def tamper_post(sign_in):
    """the right answer by POST first"""
    answer = sign_in.answer()
    return [sign_in.visit(answer, method="POST"), sign_in.visit(answer)]


def tamper_never(sign_in):
    """nothing: the person signs in and never returns"""
    sign_in.answer()
    return []


TAMPERS = {name.removeprefix("tamper_"): do for name, do in globals().items() if name.startswith("tamper_")}


def light(address, person):
    """The HTML of the listener's pages, the last one last."""
    session = requests.Session()
    session.headers = NAVIGATION
    if os.environ.get("OIDC_STOP_AT_REDIRECT"):
        print(SignIn(session, person, address).answer())
        return []
    if file := os.environ.get("OIDC_COOKIES"):
        session.cookies = http.cookiejar.LWPCookieJar(file)
        if Path(file).exists():
            session.cookies.load(ignore_discard=True)
    reach = TAMPERS.get(os.environ.get("OIDC_TAMPER"), honestly)
    answers = []
    # The listener may send the browser on: to the provider once more, or to a page of its own.
    for _ in range(3):
        sign_in = SignIn(session, person, address)
        answers += reach(sign_in) if "redirect_uri" in pages.parameters(address) else [sign_in.visit(address)]
        if not answers or not answers[-1].is_redirect:
            break
        address = urljoin(answers[-1].url, answers[-1].headers["Location"])
    if file:
        session.cookies.save(ignore_discard=True)
    return [answer.text for answer in answers]


def chromium(address, person):
    """The HTML of the last page."""
    try:
        import chromium  # only here: the light one does without selenium
    except ModuleNotFoundError as missing:
        sys.exit(f"browser: needs {missing.name}: scripts/install-deps browser")
    return [chromium.sign_in(
        address, person, profile=os.environ.get("OIDC_PROFILE"), shots=os.environ.get("OIDC_SHOTS"),
        within=float(os.environ.get("OIDC_TIMEOUT", 60)))]


def main():
    usage = __doc__.format(tampers="\n".join(f"{'':28}{name:8}{do.__doc__}" for name, do in TAMPERS.items()))
    match sys.argv[1:]:
        case ["light" | "chromium" as kind, address]:
            browse = {"light": light, "chromium": chromium}[kind]
        case ["--help"]:
            return print(usage)
        case _:
            sys.exit(usage)
    if os.environ.get("OIDC_TAMPER") not in {None, "", *TAMPERS}:
        sys.exit(usage)
    person = pages.Person(
        os.environ.get("OIDC_USER", "alice"), os.environ.get("OIDC_PASSWORD", ""), bool(os.environ.get("OIDC_DENY")))
    try:
        seen = browse(address, person)
    except pages.DeadEnd as error:
        sys.exit(f"browser: {error}")
    except requests.RequestException as error:
        sys.exit(f"browser: {type(error).__name__} at {error.request.url.partition('?')[0]}")
    if seen and (file := os.environ.get("OIDC_PAGE")):
        Path(file).write_text(seen[-1])
        if len(seen) > 1:
            Path(f"{file}.first").write_text(seen[0])


if __name__ == "__main__":
    main()
