"""Which browsers' pages may call: CORS, whose refusals are problems like all others."""

from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers
from starlette.responses import Response

from billingone_api.kit import problems
from billingone_api.kit.errors import ApiError
from billingone_api.kit.ids import new_id


class OriginRefused(ApiError):
    """A browser asks for a page of an origin that may not call, or in a way that none may."""

    status = 400
    code = "origin_refused"
    title = "Pages of this origin may not make this request"


class Origins(CORSMiddleware):
    """Stands outside of everything, so that every answer a browser gets carries its headers."""

    def preflight_response(self, request_headers: Headers) -> Response:
        judged = super().preflight_response(request_headers)
        if judged.status_code < OriginRefused.status:
            return judged
        request_id = str(new_id())
        refused = OriginRefused(
            bytes(judged.body).decode() + ".",
            headers={**_of_cors(judged), "X-Request-Id": request_id},
        )
        return problems.response(refused, request_id=request_id)


def _of_cors(judged: Response) -> dict[str, str]:
    return {
        name: value
        for name, value in judged.headers.items()
        if name.startswith("access-control-") or name == "vary"
    }
