"""One network on several processes: copied to each, or its weights divided among them.

`data`: every process has the whole network, reads its share of each step, and the gradients are averaged
(torch's DistributedDataParallel; Li et al. 2020, arXiv 2006.15704). `sharded`: every process keeps a part
of each weight, of its gradient and of the optimiser's memory, and they gather a block's weights when it is
their turn (torch's FSDP; Zhao et al. 2023, arXiv 2304.11277; ZeRO 3 of Rajbhandari et al. 2020,
arXiv 1910.02054): for networks that one device does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import Any, Literal

from warmstart.training.ranks import Ranks

Parallel = Literal["data", "sharded"]


class Placement:
    """How a network stands on one process or several; whoever runs it does so inside `call`."""

    def __init__(self, ranks: Ranks, module: Any, *, sharded: bool) -> None:
        self.ranks, self.sharded = ranks, sharded
        self._module = module

    def call(self, compute: Callable[[], Any]) -> Any:
        """What `compute` gives, the network's weights being there and its gradients watched."""
        return compute() if self._module is None else self._module(compute)

    def look(self, compute: Callable[[], Any]) -> Any:
        """What `compute` gives without gradients, on every process where the weights are divided.

        Elsewhere the first process alone computes, and the others have None.
        """
        if not self.sharded:
            return compute() if self.ranks.first else None
        found = self._module(compute)
        self._module.reshard()
        return found

    def quiet(self) -> AbstractContextManager[Any]:
        """For as long as this lasts gradients add up without being sent: others are still to come."""
        waits = self._module is not None and not self.sharded
        return self._module.no_sync() if waits else nullcontext()

    @property
    def speaks(self) -> bool:
        """Whether this process takes part in writing weights: all do where they are divided."""
        return self.ranks.first or self.sharded

    @property
    def shares(self) -> int:
        """By how many the gradients are divided after they are added up."""
        return 1 if self._module is None else self.ranks.count


@contextmanager
def spread(ranks: Ranks, model: Any, how: Parallel) -> Iterator[Placement]:
    """The network on all the processes; afterwards every one has it whole again."""
    torch = ranks.torch
    if ranks.count == 1:
        yield Placement(ranks, None, sharded=False)
    elif how == "data":
        from torch.nn.parallel import DistributedDataParallel

        # Heads that a job leaves aside have no gradient, which the reducer must look for.
        module = DistributedDataParallel(_caller(torch, model), find_unused_parameters=True)
        yield Placement(ranks, module, sharded=False)
    else:
        with _sharded(ranks, model) as module:
            yield Placement(ranks, module, sharded=True)


def _caller(torch: ModuleType, model: Any) -> Any:
    """A module around the network that runs whatever it is given, so that hooks see every way of use."""

    class Caller(torch.nn.Module):  # type: ignore[misc, name-defined]  # torch is not read by mypy here
        def __init__(self) -> None:
            super().__init__()
            self.network = model

        def forward(self, compute: Callable[[], Any]) -> Any:
            return compute()

    return Caller()


@contextmanager
def _sharded(ranks: Ranks, model: Any) -> Iterator[Any]:
    """Divide the weights, block by block; put the network back as it was, with its new values."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    torch = ranks.torch
    before = [(module, type(module), _hooks(module)) for module in model.modules()]
    mesh = init_device_mesh(ranks.device.type, (ranks.count,))
    caller = _caller(torch, model)
    for block in _blocks(torch, model):
        fully_shard(block, mesh=mesh)
    fully_shard(caller, mesh=mesh)
    try:
        yield caller
        _gather(torch, model)
    finally:
        for module, kind, hooks in before:
            module.__class__ = kind
            for name, found in hooks.items():
                own = getattr(module, name)
                own.clear()
                own.update(found)


def _blocks(torch: ModuleType, model: Any) -> list[Any]:
    """The repeated layers of a transformer, those inside others first."""
    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    blocks = dict.fromkeys(
        block for found in lists for block in found if any(True for _ in block.parameters())
    )
    return list(reversed(blocks))


def _hooks(module: Any) -> dict[str, Any]:
    return {
        name: value.copy()
        for name, value in vars(module).items()
        if isinstance(value, dict) and "_hooks" in name
    }


def _gather(torch: ModuleType, model: Any) -> None:
    """Make whole parameters of the divided ones; those that were one stay one."""
    whole: dict[int, Any] = {}
    kept = []
    for module in model.modules():
        for name, weights in list(module._parameters.items()):  # no public way to replace one
            if weights is None or not hasattr(weights, "full_tensor"):
                continue
            if id(weights) not in whole:
                full = torch.nn.Parameter(weights.detach().full_tensor(), weights.requires_grad)
                whole[id(weights)] = full
                kept.append(weights)  # while it lives its id is no other's
            module._parameters[name] = whole[id(weights)]
