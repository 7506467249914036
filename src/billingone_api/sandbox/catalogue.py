"""The products Bluegum IT resells, with their price lists as Pax8 would show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from billingone_api.sandbox.identifiers import Identifiers
from billingone_api.sandbox.wire import Record

_MONTHLY: Final = ("Monthly",)
_ANY_LENGTH: Final = ("Monthly", "Annual", "3-Year")

_MONTHS: Final[Mapping[str, int]] = {
    "Monthly": 1, "Annual": 12, "2-Year": 24, "3-Year": 36, "Quarterly": 3,
}  # fmt: skip
_DISCOUNT: Final[Mapping[str, str]] = {"Annual": "0.95", "2-Year": "0.92", "3-Year": "0.9"}
_RATE_FROM_AUD: Final[Mapping[str, str]] = {"AUD": "1", "USD": "0.655", "NZD": "1.09"}


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its monthly unit price and cost in AUD, before tax.

    `unit` says what a quantity counts, `pricing` is Pax8's word for its price list
    (Mark-Up means billed by usage), `addon_to` the sku it needs underneath.
    """

    sku: str
    vendor: str
    name: str
    price: str
    cost: str
    unit: str = "User"
    terms: tuple[str, ...] = _MONTHLY
    pricing: str = "Flat"
    addon_to: str | None = None
    commits: bool = False

    @property
    def usage_billed(self) -> bool:
        return self.pricing == "Mark-Up"

    @property
    def places(self) -> int:
        """Decimals of its prices: products that are quoted to four keep four."""
        return max(2, len(self.price.partition(".")[2]))

    def price_in(self, currency: str, term: str) -> Decimal:
        """The customer's price per unit and billing term."""
        return _converted(self.price, self.places, currency, term)

    def cost_in(self, currency: str, term: str) -> Decimal:
        """The partner's price per unit and billing term."""
        return _converted(self.cost, max(self.places, 4), currency, term)


@cache
def _converted(monthly: str, places: int, currency: str, term: str) -> Decimal:
    factor = Decimal(_MONTHS.get(term, 1)) * Decimal(_DISCOUNT.get(term, "1"))
    amount = Decimal(monthly) * factor * Decimal(_RATE_FROM_AUD[currency])
    return amount.quantize(Decimal(1).scaleb(-places)).normalize()


def _microsoft(sku: str, name: str, price: str, cost: str, addon_to: str | None = None) -> Product:
    return Product(
        f"MST-NCE-{sku}",
        "Microsoft",
        f"{name} [New Commerce Experience]",
        price,
        cost,
        terms=_ANY_LENGTH,
        addon_to=addon_to and f"MST-NCE-{addon_to}",
        commits=True,
    )


PRODUCTS: Final[tuple[Product, ...]] = (
    _microsoft("BPR-C100", "Microsoft 365 Business Premium", "32.9", "27.64"),
    _microsoft("BST-C100", "Microsoft 365 Business Standard", "18.7", "15.71"),
    _microsoft("BBA-C100", "Microsoft 365 Business Basic", "9", "7.56"),
    _microsoft("APB-C100", "Microsoft 365 Apps for Business", "12.4", "10.4125"),
    _microsoft("E3X-C100", "Microsoft 365 E3", "56.9", "47.8"),
    _microsoft("E5X-C100", "Microsoft 365 E5", "87.1", "73.16"),
    _microsoft("F3X-C100", "Microsoft 365 F3", "12.1", "10.16"),
    _microsoft("EX1-C100", "Exchange Online (Plan 1)", "6", "5.04"),
    _microsoft("EX2-C100", "Exchange Online (Plan 2)", "12", "10.08"),
    _microsoft("VS2-C100", "Visio Plan 2", "22.4", "18.82"),
    _microsoft("PJ3-C100", "Planner and Project Plan 3", "44.9", "37.72"),
    _microsoft("PBI-C100", "Power BI Pro", "21", "17.64"),
    _microsoft("W36-C100", "Windows 365 Business 2 vCPU, 8 GB, 128 GB", "63.3", "53.17"),
    _microsoft("COP-C100", "Microsoft 365 Copilot", "44.9", "37.72", "BPR-C100"),
    _microsoft("TPS-C100", "Microsoft Teams Phone Standard", "15", "12.6", "BPR-C100"),
    _microsoft("DFB-C100", "Microsoft Defender for Business", "4.5", "3.78", "BST-C100"),
    _microsoft("AEP-C100", "Microsoft Entra ID P1", "9", "7.56", "BBA-C100"),
    Product(
        "MST-AZR-PLAN", "Microsoft", "Microsoft Azure Plan", "0", "0", "Plan", pricing="Mark-Up"
    ),
    Product(
        "MST-SQL-S2CORE",
        "Microsoft",
        "SQL Server Standard 2 Core",
        "190.25",
        "161.7",
        "Licence",
        ("Annual", "3-Year"),
        commits=True,
    ),
    Product(
        "S1-CTL-A100",
        "SentinelOne",
        "SentinelOne Singularity Control",
        "7.1",
        "5.05",
        "Endpoint",
        ("Monthly", "Annual"),
    ),
    Product(
        "S1-CPL-A100",
        "SentinelOne",
        "SentinelOne Singularity Complete",
        "11.3",
        "8.02",
        "Endpoint",
        ("Monthly", "Annual"),
        "Volume",
    ),
    Product(
        "S1-VIG-A100",
        "SentinelOne",
        "SentinelOne Vigilance Respond",
        "4.2",
        "2.98",
        "Endpoint",
        addon_to="S1-CPL-A100",
    ),
    Product("DAT-SAS-T001", "Datto", "Datto SaaS Protection for Microsoft 365", "5.25", "3.4"),
    Product("DAT-SIR-S5X2", "Datto", "Datto SIRIS 5 X2 Cloud Retention", "489", "402.5", "Site"),
    Product("DAT-RMM-E100", "Datto", "Datto RMM Endpoint", "3.9", "2.6", "Endpoint"),
    Product(
        "ACR-CPC-PG01",
        "Acronis",
        "Acronis Cyber Protect Cloud",
        "0",
        "0",
        "Tenant",
        pricing="Mark-Up",
    ),
    Product("ACR-BKW-W001", "Acronis", "Acronis Backup Workstation", "8.125", "5.6875", "Endpoint"),
    Product("ACR-BKS-S001", "Acronis", "Acronis Backup Server", "41.5", "29.05", "Server"),
    Product(
        "WRT-EPP-E100",
        "Webroot",
        "Webroot SecureAnywhere Business Endpoint Protection",
        "2.4875",
        "1.6125",
        "Endpoint",
        pricing="Tiered",
    ),
    Product("HNT-MDR-E100", "Huntress", "Huntress Managed EDR", "6.2", "4.1", "Endpoint"),
    Product("HNT-ITD-U100", "Huntress", "Huntress Managed ITDR", "3.1", "2.05"),
    Product("PFP-ADV-U100", "Proofpoint", "Proofpoint Essentials Advanced", "5.9", "4.13"),
    Product("KB4-GLD-U100", "KnowBe4", "KnowBe4 Security Awareness Gold", "2.3333", "1.5"),
    Product("KPR-BUS-U100", "Keeper", "Keeper Business", "6", "3.9", terms=("Monthly", "Annual")),
    Product("DSX-BKP-U100", "Dropsuite", "Dropsuite Backup and Archiving", "4.6", "2.9"),
    Product(
        "THL-EPC-E100", "ThreatLocker", "ThreatLocker Endpoint Control", "5", "3.6", "Endpoint"
    ),
    Product("EXC-PRO-U100", "Exclaimer", "Exclaimer Cloud Signatures Pro", "1.9", "1.2375"),
    Product("WSB-RCS-TB01", "Wasabi", "Wasabi Cloud Storage", "0", "0", "TB", pricing="Mark-Up"),
    Product("NRD-MSP-U100", "Nerdio", "Nerdio Manager for MSP", "9.5", "7.1"),
    Product(
        "P8X-MIG-MB01",
        "Pax8",
        "Microsoft 365 Migration (per mailbox)",
        "35",
        "24",
        "Mailbox",
        ("One-Time",),
    ),
    Product(
        "P8X-ONB-S001", "Pax8", "SentinelOne Onboarding", "450", "360", "Site", ("Activation",)
    ),
)

BY_SKU: Final[Mapping[str, Product]] = {product.sku: product for product in PRODUCTS}

# What each seat of a client is counted by: products that stand in for each other, and those
# that speak for a client which has none of these.
LICENSED_BY: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "devices": (
        ("S1-CTL-A100", "S1-CPL-A100"),
        ("HNT-MDR-E100",),
        ("DAT-RMM-E100",),
        ("WRT-EPP-E100",),
    ),
    "users": (("MST-NCE-BPR-C100", "MST-NCE-BST-C100", "MST-NCE-BBA-C100"),),
}


def product_record(product: Product, ids: Identifiers) -> Record:
    """A product as `/products/{id}` shows it."""
    return {
        "id": ids("product", product.sku),
        "name": product.name,
        "vendorName": product.vendor,
        "shortDescription": f"{product.name}, per {product.unit.lower()}.",
        "sku": product.sku,
        "vendorSku": vendor_sku(product),
        "requiresCommitment": product.commits,
        "description": f"{product.name} by {product.vendor}, priced per {product.unit.lower()}.",
    }


def vendor_sku(product: Product) -> str:
    return f"CFQ7TT{product.sku[-8:-5]}:0002" if product.commits else product.sku[:7]


def price_list(product: Product, ids: Identifiers) -> list[Record]:
    """A product's price list as `/products/{id}/pricing` shows it, in the partner's currency."""
    return [_price_list_entry(product, term, ids) for term in product.terms]


def _price_list_entry(product: Product, term: str, ids: Identifiers) -> Record:
    return {
        "productId": ids("product", product.sku),
        "productName": product.name,
        "billingTerm": term,
        "commitmentTerm": "1-Year" if product.commits else "Monthly",
        "commitmentTermInMonths": 12 if product.commits else 1,
        "type": product.pricing,
        "unitOfMeasurement": product.unit,
        "rates": _rates(product, term),
    }


def _rates(product: Product, term: str) -> list[Record]:
    first = {
        "partnerBuyRate": product.cost_in("AUD", term),
        "suggestedRetailPrice": product.price_in("AUD", term),
        "startQuantityRange": 1,
        # Both spellings have been met on the wire.
        "chargeType": "per_unit" if product.vendor == "Webroot" else "Per Unit",
    }
    if product.pricing not in {"Volume", "Tiered"}:
        return [first]
    cheaper = {
        **first,
        "suggestedRetailPrice": (product.price_in("AUD", term) * Decimal("0.9")),
        "startQuantityRange": 51,
        "endQuantityRange": None,
    }
    return [{**first, "endQuantityRange": 50}, cheaper]
