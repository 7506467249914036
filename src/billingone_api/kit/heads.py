"""HEAD wherever there is GET (RFC 9110, 9.3.2): the same answer without its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Asks for what GET would answer, and ends the answer where its body would begin.

    What streams hears from the server that nobody listens any more.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        # A scope of its own, for the server looks into the first one; which route it was is told.
        asked = {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, send_head)
        finally:
            scope.update({**asked, "method": "HEAD"})
