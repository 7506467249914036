"""Third parties' webhooks: open to whoever signs them."""

from typing import Final

from fastapi import APIRouter, Request, Response, status

from billingone_api.billing.integrations.wiring.webhooks import SIGNATURE_HEADER, take_xero
from billingone_api.request import process_of

# Third parties have documents of their own: none of this is for callers of the API.
router = APIRouter(prefix="/webhooks", include_in_schema=False)

OPEN: Final = frozenset({"/v1/webhooks/xero"})
"""These ask for no token: a signature over the raw body is asked for in its place."""


@router.post("/xero")
async def xero_webhook(request: Request) -> Response:
    """200 for what Xero signed and 401 for all else, both without a body, as Xero wants it.

    An organisation that nobody reads is answered like one that somebody does.
    """
    body = await request.body()
    signature = request.headers.get(SIGNATURE_HEADER)
    is_theirs = await take_xero(await process_of(request), body, signature=signature)
    return Response(status_code=status.HTTP_200_OK if is_theirs else status.HTTP_401_UNAUTHORIZED)
