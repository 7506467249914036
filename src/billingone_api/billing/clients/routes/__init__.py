"""The clients' doors: what each brings in, whose a third party's record is, what was decided."""

from fastapi import APIRouter

from billingone_api.billing.clients.routes import mapping, portfolio

router = APIRouter()
# Fixed paths stand before those with a client's id.
router.include_router(mapping.router)
router.include_router(portfolio.router)
