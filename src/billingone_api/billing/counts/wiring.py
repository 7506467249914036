"""PostgreSQL stands behind counts."""

from typing import Annotated

from fastapi import Depends

from billingone_api.billing.counts.adapters import superops
from billingone_api.billing.counts.adapters.postgres import PostgresCounts
from billingone_api.billing.counts.ports import CountRegister
from billingone_api.request import TheProcess, Work

count_superops = superops.count_superops


async def count_register(work: Work, process: TheProcess) -> CountRegister:
    return PostgresCounts(work, at=process.clock.now())


TheCountRegister = Annotated[CountRegister, Depends(count_register)]
