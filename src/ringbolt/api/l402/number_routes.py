"""The addresses under ``/v2/l402``, apart from the one that is paid."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit.family import Family
from ringbolt.api.kit.request import Nothing
from ringbolt.api.l402 import number_examples
from ringbolt.api.l402.number_documents import About, CatalogDocument, NumberOrder, Services
from ringbolt.api.l402.number_lists import NumberLists
from ringbolt.api.l402.number_orders import NumberOrders
from ringbolt.api.l402.number_schema import CatalogQuery
from ringbolt.app.shop import Shop

TAG: Final = "numbers by L402"
_CREDENTIAL: Final[dict[str, Any]] = {"security": [{"L402": []}, {"Payment": []}]}


def add_number_orders(family: Family, shop: Shop) -> None:
    """The order's own address, and the free lists."""
    lists, orders = NumberLists(shop), NumberOrders(shop)
    free: dict[str, Any] = {"tag": TAG, "cost": ""}
    add = family.add
    add(
        "GET", "/v2/l402", lists.about, Nothing, About,
        id="numbers_by_l402", answer=number_examples.ABOUT, **free,
    )  # fmt: skip
    add(
        "GET", "/v2/l402/services", lists.services, CatalogQuery, Services,
        id="number_services", answer=number_examples.SERVICES, errors=(503,), **free,
    )  # fmt: skip
    add(
        "GET", "/v2/l402/catalog", lists.catalog, CatalogQuery, CatalogDocument,
        id="number_catalog", answer=number_examples.CATALOG, errors=(503,), **free,
    )  # fmt: skip
    own: dict[str, Any] = {**free, "more": _CREDENTIAL, "answer": number_examples.ORDER}
    add(
        "GET", "/v2/l402/order/{order_id}", orders.status, Nothing, NumberOrder,
        id="number_order", errors=(401, 403, 409), acts=True, **own,
    )  # fmt: skip
    add(
        "POST", "/v2/l402/order/{order_id}/cancel", orders.cancel, Nothing, NumberOrder,
        id="cancel_number_order", errors=(401, 403, 409), ignores_body=True, **own,
    )  # fmt: skip
