"""What the sampler runs on."""

from __future__ import annotations

import jax


def describe_devices() -> tuple[str, bool]:
    """The devices in words, and whether they are accelerators.

    >>> name, accelerated = describe_devices()
    >>> accelerated == ("cpu" not in name)
    True
    """
    devices = jax.devices()
    kinds = sorted({d.device_kind for d in devices})
    return f"{len(devices)} x {', '.join(kinds)}", devices[0].platform != "cpu"
