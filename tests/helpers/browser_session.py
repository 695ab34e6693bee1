"""Pages in a real browser, with the requests and the errors of a session. Imports Playwright."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

from helpers.page_fixtures import PageSite

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="36"><rect width="64" height="36"/></svg>'


@dataclass
class BrowserSession:
    """A browser context, and its errors and requests."""

    context: BrowserContext
    requested: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        page = self.context.new_page()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))
        page.goto(address, wait_until="load")
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.problems.append(message.text)


def open_session(browser: Browser, site: PageSite, **options: Any) -> BrowserSession:
    session = BrowserSession(browser.new_context(**options))

    def route(route: Route, request: Request) -> None:
        session.requested.append(request.url)
        if request.url.startswith(f"{site.address}/"):
            route.continue_()
        elif request.resource_type == "image":
            if "referer" in request.headers:
                session.problems.append(f"{request.url} was sent the referrer {request.headers['referer']}")
            route.fulfill(body=DRAWING, content_type="image/svg+xml")
        else:
            session.problems.append(f"requested {request.url}")
            route.abort()

    session.context.route("**/*", route)
    return session
