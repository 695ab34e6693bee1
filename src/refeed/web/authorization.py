"""The Authorization header of a request -> accepted, or the response that refuses it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from flask import Response, request

from .rate_limit import RateLimiter, client_address
from .responses import error_response

_WRONG_TOKENS_A_MINUTE = 10


class TokenCheck:
    """Accepts one of the tokens, by Bearer or as the password of Basic. Each client address may try few wrong ones.

    Safe to use from several threads.
    """

    def __init__(self, tokens: Sequence[str], proxies: int, *, scheme: str) -> None:
        """`proxies` is `http.proxies`. `scheme` is the one that a refusal asks for."""
        self._digests = [sha256(token.encode()).digest() for token in tokens]
        self._proxies = proxies
        self._challenge = f'{scheme} realm="refeed"'
        self._wrong = RateLimiter(_WRONG_TOKENS_A_MINUTE, 60)

    def refuse(self) -> Response | None:
        """The response to the current request if its token is missing or wrong; None if it is right."""
        found = self.find_token()
        return found if isinstance(found, Response) else None

    def find_token(self) -> int | Response:
        """The number of the token that the current request has; the response to it if that is missing or wrong."""
        given = request.authorization
        token = (given.token or given.password or "") if given is not None else ""
        # Digests have the same length for every token, so that the time reveals nothing.
        digest = sha256(token.encode()).digest()
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        if any(matches):
            return matches.index(True)
        wait = self._wrong.acquire(client_address(request.environ, self._proxies)) if token else 0
        if wait:
            return error_response(429, "Too many wrong tokens. Retry later.", retry_after=wait)
        response = error_response(401, f"Send the token: Authorization: {self._challenge.partition(' ')[0]} TOKEN.")
        response.headers["WWW-Authenticate"] = self._challenge
        return response
