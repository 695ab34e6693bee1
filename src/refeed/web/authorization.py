"""The Authorization header of a request -> accepted, or the response that refuses it."""

from __future__ import annotations

import hmac
from hashlib import sha256

from flask import Response, request

from .rate_limit import RateLimiter, client_address
from .responses import error_response

_WRONG_TOKENS_A_MINUTE = 10


class TokenCheck:
    """Accepts one token, by Bearer or as the password of Basic. Each client address may try few wrong ones.

    Safe to use from several threads.
    """

    def __init__(self, token: str, proxies: int, *, scheme: str) -> None:
        """`proxies` is `http.proxies`. `scheme` is the one that a refusal asks for."""
        self._digest = sha256(token.encode()).digest()
        self._proxies = proxies
        self._challenge = f'{scheme} realm="refeed"'
        self._wrong = RateLimiter(_WRONG_TOKENS_A_MINUTE, 60)

    def refuse(self) -> Response | None:
        """The response to the current request if its token is missing or wrong; None if it is right."""
        given = request.authorization
        token = (given.token or given.password or "") if given is not None else ""
        # Digests have the same length for every token, so that the time reveals nothing.
        if hmac.compare_digest(sha256(token.encode()).digest(), self._digest):
            return None
        wait = self._wrong.acquire(client_address(request.environ, self._proxies)) if token else 0
        if wait:
            return error_response(429, "Too many wrong tokens. Retry later.", retry_after=wait)
        response = error_response(401, f"Send the token: Authorization: {self._challenge.partition(' ')[0]} TOKEN.")
        response.headers["WWW-Authenticate"] = self._challenge
        return response
