"""A headless chromium that types and presses what a person would on the lab providers' pages. Used by browser.py."""

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException

import pages

PROGRAM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = [
    "--headless=new", "--no-sandbox",  # as root there is no sandbox
    "--window-size=900,900", "--lang=en", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--password-store=basic",
]

# All in one look: a page that changes between two would be taken for another.
LOOK = """
const visible = selector => [...document.querySelectorAll(selector)].filter(it => it.checkVisibility() && !it.disabled)
const buttons = visible("button, input[type=submit]").map(it => [(it.innerText || it.value).trim(), it])
return {
    outcome: document.querySelector("#done")?.dataset.outcome,
    address: location.href, isLoaded: document.readyState == "complete",
    name: visible("input[name=username]")[0], password: visible("input[type=password]")[0],
    submit: visible("form [type=submit]")[0],
    asks: visible("li label").length > 0, scopes: visible("input[id^=grant-]:not(:checked)"),
    buttons: Object.fromEntries(buttons),
}
"""


def sign_in(address, person, *, profile, shots, within):
    """Goes through the pages from `address` to the listener's result; that page's HTML."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that chromium is ended then too
    with tempfile.TemporaryDirectory(prefix="pair-lab-", ignore_cleanup_errors=True) as scratch, adopted_orphans():
        driver = webdriver.Chrome(
            options(profile), webdriver.ChromeService(DRIVER, env={**os.environ, "TMPDIR": scratch}))
        try:
            return Window(driver, shots, time.monotonic() + within).sign_in(address, person)
        except WebDriverException as error:
            raise pages.DeadEnd(f"chromium: {error.msg}") from error
        finally:
            driver.quit()


def options(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = PROGRAM
    for flag in FLAGS:
        options.add_argument(flag)
    if profile:
        options.add_argument(f"--user-data-dir={Path(profile).absolute()}")
    return options


@contextlib.contextmanager
def adopted_orphans(within=10):
    """Waits at the end for all processes started meanwhile: chromium's go on for a while when their parent is gone."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
    try:
        yield
    finally:
        deadline = time.monotonic() + within
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(0.02)


class Window:
    """A person before the browser, until the deadline."""

    def __init__(self, driver, shots, deadline):
        self.driver, self.shots, self.deadline, self.taken = driver, shots, deadline, 0

    def sign_in(self, address, person):
        redirect = pages.parameters(address)["redirect_uri"]
        self.driver.get(address)
        while True:
            ended = self.wait(lambda: self.step(person, redirect), "a page that the lab knows")
            if ended != "next":
                self.picture(ended)
                return self.driver.page_source

    def step(self, person, redirect):
        """Does what the page asks for: `next` or how it ended; nothing while the page is none that we know."""
        page = self.driver.execute_script(LOOK)
        button = page["buttons"].get
        if page["outcome"]:
            return page["outcome"]
        if page["isLoaded"] and page["address"].startswith((redirect, "chrome-error:")):
            self.picture("nothing")
            raise pages.DeadEnd("chromium: nothing listens at the redirect URI, or it shows no result page")
        if page["password"]:
            page["name"].clear()
            page["name"].send_keys(person.name)
            page["password"].send_keys(person.password)
            return self.press(page["submit"], "login")
        if person.denies and button("Cancel"):
            return self.press(button("Cancel"), "consent")
        if person.denies and button("Logout"):  # glewlwyd has no way to say no, and the listener hears nothing
            self.press(button("Logout"), "consent")
            return "logged-out"
        if button("Grant access") and page["asks"]:  # glewlwyd shows the button before it knows of any scope
            for scope in page["scopes"]:
                scope.click()
            return self.press(button("Grant access"), "consent")
        if button("Authorize"):
            return self.press(button("Authorize"), "consent")
        if button("Continue"):
            return self.press(button("Continue"), "continue")
        return None

    # What a person does

    def press(self, button, name):
        self.picture(name)
        button.click()
        self.wait(lambda: is_gone(button), f"something after the {name} page; it stays")
        return "next"

    def picture(self, name):
        if self.shots:
            self.taken += 1
            Path(self.shots).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(os.path.join(self.shots, f"{self.taken:02}-{name}.png"))

    def wait(self, condition, what):
        while True:
            try:
                if value := condition():
                    return value
            except StaleElementReferenceException:
                pass  # the page changed while we looked at it
            if time.monotonic() > self.deadline:
                self.picture("time-out")
                raise pages.DeadEnd(f"chromium: waited in vain for {what}: {self.driver.current_url.partition('?')[0]}")
            time.sleep(0.02)


def is_gone(element):
    try:
        return not element.is_displayed()
    except StaleElementReferenceException:
        return True
