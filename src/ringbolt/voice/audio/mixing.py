"""Which mix of the channels is heard: the usual one, unless it cancels what is in them.

A stereo file whose channels are in opposite phase is silent when they are added, one whose second
channel is empty is half as loud. The channels are compared in blocks of 100 ms and four bands.
"""

from __future__ import annotations

from typing import Any, Final

import numpy

Array = numpy.ndarray[Any, Any]

BLOCK: Final = 800
"""Samples of 8 kHz."""

_PLACES: Final = {
    "2.1": "FFx",
    "3.0": "FFC",
    "3.1": "FFCx",
    "4.0": "FFCs",
    "quad": "FFss",
    "5.0": "FFCss",
    "5.1": "FFCxss",
    "6.1": "FFCxsss",
    "7.0": "FFCssss",
    "7.1": "FFCxssss",
}
"""FFmpeg's layouts: front left and right, centre, low frequencies, and the others."""

_USUAL: Final = {"C": 1.0, "F": 0.707, "s": 0.5, "x": 0.0}
"""Weights of the channels of films (ITU-R BS.775), before they are made to add up to one."""

_RATE: Final = 8000
_BANDS_HZ: Final = ((100, 300), (300, 800), (800, 1800), (1800, 3400))
"""Compared one by one: a rumble or music in phase must not hide that a voice is not."""

_HANNING: Final = 2 / 0.375
"""Makes power of the sums of squares of one half of a spectrum."""

_AUDIBLE: Final = 1e-7
"""Power of a block and band that counts, of 1: -70 dB."""

_NEAR: Final = 1e-3
"""What is quieter than the loudest by more than this does not count either."""

_LOST: Final = 0.1
"""A block is lost if the mix has less than this part of the power of the loudest channel."""

_FEW: Final = 0.03
"""The usual mix is kept if it loses less than this part."""

_SILENT: Final = 1e-3
"""A channel with less than this part of the power of the strongest is not used."""

_MUCH_QUIETER_DB: Final = 5.0


def usual_weights(layout: str, count: int) -> Array:
    """The weights of ``count`` channels, equal ones for a ``layout`` that is not known."""
    places = _PLACES.get(layout.removesuffix("(side)"), "")
    if len(places) != count:
        return numpy.full(count, 1 / count)
    weights = numpy.array([_USUAL[place] for place in places])
    shares: Array = weights / weights.sum()
    return shares


class ChannelMeter:
    """Compares the channels (float, 8 kHz) as they come."""

    def __init__(self, usual: Array) -> None:
        self._usual = usual
        self._rest: Array = numpy.zeros((len(usual), 0), dtype=numpy.float32)
        self._powers: list[Array] = []

    def add(self, channels: Array) -> None:
        """``channels``: one row each."""
        samples = numpy.concatenate([self._rest, channels], axis=1)
        count = samples.shape[1] // BLOCK
        self._rest = samples[:, count * BLOCK :]
        if count:
            self._measure(samples[:, : count * BLOCK], count)

    def is_usual(self, weights: Array) -> bool:
        return bool(numpy.array_equal(weights, self._usual))

    def best(self) -> Array:
        """The weights of the mix that loses the least of what is in the channels."""
        if self._rest.shape[1] >= BLOCK // 4 or not self._powers:
            self._measure(self._rest, 1)
            self._rest = self._rest[:, :0]
        powers = numpy.concatenate(self._powers) * numpy.outer(self._usual > 0, self._usual > 0)
        loudest = numpy.diagonal(powers, axis1=1, axis2=2).max(axis=1)
        is_audible = loudest > max(_AUDIBLE, float(loudest.max()) * _NEAR)
        if not is_audible.any():
            return self._usual
        powers, loudest = powers[is_audible], loudest[is_audible]
        chosen, lost, loss_db = self._usual, *_loss(self._usual, powers, loudest)
        for other in self._others(powers):
            other_lost, other_db = _loss(other, powers, loudest)
            is_cancelled = lost > 2 * other_lost + _FEW * len(loudest)
            is_quiet = other_lost <= lost and loss_db - other_db > _MUCH_QUIETER_DB
            if is_cancelled or is_quiet:
                chosen, lost, loss_db = other, other_lost, other_db
        return chosen

    def _measure(self, samples: Array, count: int) -> None:
        """Add the covariance of the channels in each of ``count`` blocks, band by band."""
        blocks = samples.reshape(len(samples), count, -1).transpose(1, 0, 2)
        size = blocks.shape[2]
        spectra = numpy.fft.rfft(blocks * numpy.hanning(size), axis=2)
        for low, high in _BANDS_HZ:
            band = spectra[:, :, low * size // _RATE : high * size // _RATE]
            covariance = (band @ band.conj().transpose(0, 2, 1)).real
            self._powers.append(covariance * _HANNING / size**2)

    def _others(self, powers: Array) -> list[Array]:
        """Other mixes, the preferred ones first: without silent channels; that one louder, for
        channels of which few sound at once; each channel alone; all, those that are opposed to the
        strongest with the other sign."""
        whole = powers.sum(axis=0)
        strength = numpy.diagonal(whole)
        is_used = strength > strength.max() * _SILENT
        weights = self._usual * is_used
        used = weights / weights.sum()
        signs = numpy.where(whole[int(strength.argmax())] < 0, -1.0, 1.0)
        alone = numpy.eye(len(self._usual))[is_used]
        return [used, is_used / numpy.sqrt(is_used.sum()), *alone, signs * used]


def _loss(weights: Array, powers: Array, loudest: Array) -> tuple[int, float]:
    """In how many blocks the mix loses what the loudest channel has, and by how many dB it is
    quieter in the others."""
    mixed = numpy.maximum(numpy.einsum("i,bij,j->b", weights, powers, weights), 0)
    part = mixed / loudest
    is_lost = part < _LOST
    kept = numpy.minimum(part[~is_lost], 1.0)
    quieter = float(-10 * numpy.log10(kept).mean()) if len(kept) else 60.0
    return int(is_lost.sum()), round(quieter, 1)
