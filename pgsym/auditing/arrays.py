"""NumPy, JAX or PyTorch: how arrays are handed to a user's function and read back."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pgsym.errors import MissingExtraError, SamplingError

FRAMEWORKS = ("numpy", "jax", "torch")


class Framework(Protocol):
    """One framework's arrays."""

    name: str

    def put(self, array: NDArray[Any]) -> Any:
        """A NumPy array as one of this framework."""
        ...

    def get(self, array: Any) -> NDArray[np.float64]:
        """A result as float64 NumPy."""
        ...


class NumpyArrays:
    """NumPy itself: float64, int64."""

    name = "numpy"

    def put(self, array: NDArray[Any]) -> Any:
        return array

    def get(self, array: Any) -> NDArray[np.float64]:
        return np.asarray(array, np.float64)


class JaxArrays:
    """JAX, in its default precision: float32 and int32 unless ``jax_enable_x64`` is set."""

    name = "jax"

    def put(self, array: NDArray[Any]) -> Any:
        import jax
        import jax.numpy as jnp

        return jnp.asarray(array.astype(jax.dtypes.canonicalize_dtype(array.dtype)))

    def get(self, array: Any) -> NDArray[np.float64]:
        return np.asarray(array, np.float64)


class TorchArrays:
    """PyTorch: floats in its default precision, int64."""

    name = "torch"

    def __init__(self) -> None:
        self.torch: Any = import_torch()

    def put(self, array: NDArray[Any]) -> Any:
        found = self.torch.from_numpy(np.ascontiguousarray(array))
        return found.to(self.torch.get_default_dtype()) if found.is_floating_point() else found

    def get(self, array: Any) -> NDArray[np.float64]:
        found = array.detach().cpu().numpy() if hasattr(array, "detach") else array
        return np.asarray(found, np.float64)


def import_torch() -> Any:
    """PyTorch, which is not a dependency.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return import_module("torch")
    except ModuleNotFoundError:
        raise MissingExtraError(
            "PyTorch is not installed; torch tensors need it. pip install torch, or use framework='numpy'",
            where="framework",
        ) from None


def arrays_of(framework: str) -> Framework:
    """The arrays of a framework, by name.

    >>> arrays_of("numpy").put(np.zeros(2)).tolist()
    [0.0, 0.0]
    """
    if framework == "numpy":
        return NumpyArrays()
    if framework == "jax":
        return JaxArrays()
    if framework == "torch":
        return TorchArrays()
    raise SamplingError(f"found {framework!r}; must be one of {', '.join(FRAMEWORKS)}", where="framework")
