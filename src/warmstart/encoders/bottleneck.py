"""Bottleneck adapters (Houlsby et al. 2019, arXiv 1902.00751; after each layer, as Pfeiffer et al. 2021).

The library `adapters` holds transformers back at 4.57, so these forty lines are our own.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Final

from warmstart.core.errors import ConfigError

ATTRIBUTE: Final = "bottlenecks"
"""Where a network keeps its adapters."""


def transformer_layers(model: Any) -> Any:
    """The stack of layers of a transformer: its longest list of modules of one class.

    Errors: `ConfigError` where there is none.
    """
    lists = [module for module in model.modules() if type(module).__name__ == "ModuleList"]
    stacks = [found for found in lists if len({type(layer) for layer in found}) == 1]
    if not stacks:
        raise ConfigError(
            expected="a transformer, with a stack of layers",
            found=type(model).__name__,
            todo="Tune it with method 'full' or 'lora'.",
        )
    return max(stacks, key=len)


def insert_bottlenecks(torch: ModuleType, model: Any, width: int) -> None:
    """Add to the output of every layer what a narrow network makes of it; at first that is nothing."""
    layers = transformer_layers(model)
    dim = int(model.config.hidden_size)
    adapters = torch.nn.ModuleList(_adapter(torch, dim, width) for _ in layers)
    setattr(model, ATTRIBUTE, adapters.to(next(model.parameters()).device))
    for layer, adapter in zip(layers, adapters, strict=True):
        layer.register_forward_hook(_hook(adapter))


def _adapter(torch: ModuleType, dim: int, width: int) -> Any:
    narrow, wide = torch.nn.Linear(dim, width), torch.nn.Linear(width, dim)
    torch.nn.init.normal_(narrow.weight, std=0.02)
    torch.nn.init.zeros_(wide.weight)
    torch.nn.init.zeros_(wide.bias)
    return torch.nn.Sequential(torch.nn.LayerNorm(dim), narrow, torch.nn.GELU(), wide)


def _hook(adapter: Any) -> Any:
    def add(_layer: Any, _inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return (output[0] + adapter(output[0]), *output[1:])
        return output + adapter(output)

    return add


def write_bottlenecks(model: Any, path: Path) -> None:
    """Write the adapters alone, as safetensors."""
    from safetensors.torch import save_file

    save_file(
        {name: value.contiguous() for name, value in getattr(model, ATTRIBUTE).state_dict().items()}, path
    )


def read_bottlenecks(model: Any, path: Path) -> None:
    """Put adapters back into a network that has some of the same shape."""
    from safetensors.torch import load_file

    getattr(model, ATTRIBUTE).load_state_dict(load_file(path))
