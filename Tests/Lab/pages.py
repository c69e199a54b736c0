"""What a person does on the light provider's pages, by HTTP alone. Used by sign_in.py and browser.py."""

import html.parser
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import people


class DeadEnd(Exception):
    """The provider's pages do not lead where they should."""


@dataclass
class Person:
    """Who sits in front of the browser, and what they answer when the provider asks for their consent."""

    name: str
    password: str = ""
    denies: bool = False

    def __post_init__(self):
        self.password = self.password or people.password(self.name)


class Form(html.parser.HTMLParser):
    """The input fields of a page's form with the values they came with."""

    def __init__(self, page):
        super().__init__()
        self.fields = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "input" and attributes.get("name") and attributes.get("type") != "submit":
            self.fields[attributes["name"]] = attributes.get("value") or ""


def parameters(address):
    """The query's parameters; of several with one name the first."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def authorize(session, address, redirect, person):
    """Follows the provider's pages until it redirects to `redirect`; that address, with its answer in the query."""
    response = session.get(address, allow_redirects=False)
    for _ in range(10):
        if response.is_redirect:
            target = urljoin(response.url, response.headers["Location"])
            if target.partition("?")[0] == redirect:
                return target
            response = session.get(target, allow_redirects=False)
        elif not response.ok:
            raise DeadEnd(f"the provider answered {response.status_code} {' '.join(response.text.split())[:300]}")
        else:
            response = session.post(
                response.url, data=answers(response.text, person), headers={"Referer": response.url},
                allow_redirects=False)
    raise DeadEnd("the provider's pages lead nowhere")


def answers(page, person):
    """The fields of the login or consent form, filled in."""
    fields = Form(page).fields
    if "password" in fields:
        if fields["username"]:
            raise DeadEnd(f"the provider does not accept {person.name}'s password")
        fields.update(username=person.name, password=person.password)
    elif "client_id" not in fields:
        raise DeadEnd("the provider's page is neither for login nor for consent")
    elif not person.denies:
        fields["allow"] = "Authorize"
    return fields
