"""Opens the parts that the settings name; it imports the kinds of parts, but no adapter."""

from __future__ import annotations

from ringbolt.bootstrap.cards import load_prices, load_rate_card, load_text_costs
from ringbolt.bootstrap.parts import (
    context_of,
    open_alone,
    open_node,
    open_speaker,
    why_unusable,
)
from ringbolt.bootstrap.secret_check import SecretDiffers, check_secret, keep_secret
from ringbolt.bootstrap.shop import OpenShop, open_shop, refuse_unlimited_real_money

__all__ = [
    "OpenShop",
    "SecretDiffers",
    "check_secret",
    "context_of",
    "keep_secret",
    "load_prices",
    "load_rate_card",
    "load_text_costs",
    "open_alone",
    "open_node",
    "open_shop",
    "open_speaker",
    "refuse_unlimited_real_money",
    "why_unusable",
]
