"""Which weights of a pretrained network are trained: all, the top, or a few new ones beside them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, Self

from warmstart.core.component import Component
from warmstart.core.errors import ArtifactError, ConfigError
from warmstart.core.extras import load_extra, load_torch
from warmstart.core.tunable import tunable
from warmstart.encoders.backbone import Backbone, Kind
from warmstart.encoders.bottleneck import (
    insert_bottlenecks,
    read_bottlenecks,
    transformer_layers,
    write_bottlenecks,
)
from warmstart.encoders.model_folder import read_json_file

Method = Literal[
    "full", "top", "lora", "dora", "adalora", "ia3", "prefix", "prompt", "p-tuning", "bottleneck"
]

MERGED: Final[frozenset[Method]] = frozenset({"full", "top", "lora", "dora", "adalora", "ia3"})
"""The methods that leave a network of the same form, which serves at the same cost."""

PROMPTS: Final[frozenset[Method]] = frozenset({"prefix", "prompt", "p-tuning"})
SETTINGS_FILE, BOTTLENECK_FILE = "tuning.json", "bottlenecks.safetensors"

_TASKS: Final[dict[Kind, str]] = {
    "encoder": "FEATURE_EXTRACTION",
    "masked": "FEATURE_EXTRACTION",
    "causal": "CAUSAL_LM",
}
_ORTHOGONAL: Final = 0.1
"""What AdaLoRA's penalty on factors that are not orthogonal counts."""


@dataclass(kw_only=True)
class Tuning(Component):
    """A way of tuning: `apply` prepares a backbone, a `Trainer` trains it, `merge` makes it plain again.

    | method | trains | source |
    |---|---|---|
    | `full` | everything | |
    | `top` | the last `layers` layers | |
    | `lora` | low-rank changes of the attention's matrices | arXiv 2106.09685 |
    | `dora` | the same, direction and length apart | arXiv 2402.09353 |
    | `adalora` | the same, rank given to the matrices that need it | arXiv 2303.10512 |
    | `ia3` | one factor for each key, value and hidden unit | arXiv 2205.05638 |
    | `prefix` | `prompt_tokens` keys and values before every layer's own | arXiv 2101.00190 |
    | `prompt` | `prompt_tokens` vectors before the text | arXiv 2104.08691 |
    | `p-tuning` | the same, from a small network | arXiv 2103.10385 |
    | `bottleneck` | a narrow network after each layer, `rank` wide | arXiv 1902.00751 |

    `rank` and `alpha` are LoRA's. `all_linear` changes every linear layer instead of the attention's.
    *Needs* the extra `adapt`; `full`, `top` and `bottleneck` only `lm`.
    """

    method: Method = tunable("lora", choices=("lora", "full", "top"))  # noqa: RUF009  # a field, made anew
    rank: int = tunable(8, choices=(4, 8, 16, 32))
    alpha: int = 16
    dropout: float = 0.0
    all_linear: bool = False
    layers: int = 2
    prompt_tokens: int = 10

    def __post_init__(self) -> None:
        for name in ("rank", "alpha", "layers", "prompt_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    expected=f"'{name}' of Tuning at least 1",
                    found=str(getattr(self, name)),
                    todo="Leave it out for the default.",
                )

    def apply(self, backbone: Backbone, *, total_steps: int = 100, seed: int = 0) -> None:
        """Prepare the network: freeze what stays, add what is new, drawn from `seed`.

        `total_steps` is for AdaLoRA, which gives rank away as training goes on.
        """
        torch = load_torch("Tuning")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            backbone.model.requires_grad_(self.method == "full")
            if self.method == "top":
                for layer in list(transformer_layers(backbone.model))[-self.layers :]:
                    layer.requires_grad_(True)
            elif self.method == "bottleneck":
                insert_bottlenecks(torch, backbone.model, self.rank)
            elif self.method != "full":
                self._apply_peft(backbone, total_steps)
        backbone.model.eval()

    def _apply_peft(self, backbone: Backbone, total_steps: int) -> None:
        peft = load_extra("peft", what=f"tuning by '{self.method}'", extra="adapt")
        with _calm():
            try:
                backbone.model = peft.get_peft_model(
                    backbone.model, self._config(peft, backbone, total_steps)
                )
            except ValueError as error:
                if self.all_linear or "target_modules" not in str(error):
                    raise
                # A family whose attention peft does not know: every linear layer then.
                config = self._config(peft, backbone, total_steps, targets="all-linear")
                backbone.model = peft.get_peft_model(backbone.model, config)

    def _config(
        self, peft: ModuleType, backbone: Backbone, total_steps: int, targets: str | None = None
    ) -> Any:
        task = _TASKS[backbone.kind]
        if self.method == "ia3":
            return peft.IA3Config(task_type=task)
        if self.method == "prefix":
            return peft.PrefixTuningConfig(task_type=task, num_virtual_tokens=self.prompt_tokens)
        if self.method == "prompt":
            return peft.PromptTuningConfig(task_type=task, num_virtual_tokens=self.prompt_tokens)
        if self.method == "p-tuning":
            return peft.PromptEncoderConfig(
                task_type=task, num_virtual_tokens=self.prompt_tokens, encoder_hidden_size=backbone.dim
            )
        targets = "all-linear" if self.all_linear else targets
        shared = {"task_type": task, "lora_alpha": self.alpha, "target_modules": targets}
        if self.method == "adalora":
            return peft.AdaLoraConfig(
                **shared,
                init_r=self.rank + self.rank // 2,
                target_r=self.rank,
                total_step=max(total_steps, 3),
                tinit=total_steps // 10,
                tfinal=total_steps // 3,
                deltaT=max(total_steps // 50, 1),
                orth_reg_weight=_ORTHOGONAL,
            )
        return peft.LoraConfig(
            **shared, r=self.rank, lora_dropout=self.dropout, use_dora=self.method == "dora"
        )

    def penalty(self, model: Any) -> Any:
        """What a job adds to its loss: AdaLoRA keeps its factors orthogonal; zero for the others."""
        if self.method != "adalora":
            return 0.0
        factors = [
            (name, value)
            for name, value in model.named_parameters()
            if "lora_A" in name or "lora_B" in name
        ]
        return (
            _ORTHOGONAL * sum(_skewness(value, "lora_A" in name) for name, value in factors) / len(factors)
        )

    def after_step(self, model: Any, step: int) -> None:
        """To be called after each step (from 1), while gradients are there: AdaLoRA gives rank away."""
        if self.method == "adalora":
            tuner = adapted(model)
            if step < tuner.peft_config[tuner.trainable_adapter_name].total_step:
                tuner.update_and_allocate(step)

    def get_progress(self, model: Any) -> dict[str, Any]:
        """What AdaLoRA remembers between steps beside the weights, for checkpoints."""
        if self.method != "adalora":
            return {}
        tuner = adapted(model)
        remembered = {
            name: {
                key: value.detach().cpu().numpy()
                for key, value in getattr(tuner.rankallocator, name).items()
            }
            for name in _ALLOCATED
        }
        return {**remembered, "ranks": tuner.peft_config[tuner.trainable_adapter_name].rank_pattern}

    def set_progress(self, model: Any, progress: dict[str, Any]) -> None:
        """Take back what `get_progress` gave."""
        torch = load_torch("Tuning")
        if self.method != "adalora":
            return
        tuner, device = adapted(model), next(model.parameters()).device
        tuner.peft_config[tuner.trainable_adapter_name].rank_pattern = progress["ranks"]
        for name in _ALLOCATED:
            own = {key: torch.tensor(value, device=device) for key, value in progress[name].items()}
            setattr(tuner.rankallocator, name, own)

    @property
    def merges(self) -> bool:
        """Whether the tuned network becomes a plain one of the same form."""
        return self.method in MERGED

    def merge(self, backbone: Backbone) -> None:
        """Make the tuned network a plain one. Errors: `ConfigError` for methods that cannot."""
        if not self.merges:
            raise ConfigError(
                expected="a way of tuning that merges: " + ", ".join(sorted(MERGED)),
                found=f"'{self.method}'",
                todo="Write the adapter beside its base: Tuning.save(backbone, folder).",
            )
        if hasattr(backbone.model, "merge_and_unload"):
            backbone.model = backbone.model.merge_and_unload()
        backbone.model.requires_grad_(True)
        backbone.model.eval()

    def save(self, backbone: Backbone, folder: Path) -> Path:
        """Write what was added, without the base: peft's own files, or those of the bottlenecks."""
        if self.method in {"full", "top"}:
            raise ConfigError(
                expected="a way of tuning that adds weights",
                found=f"'{self.method}', which changes those that were there",
                todo="Write the whole network: Backbone.save(folder).",
            )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SETTINGS_FILE).write_text(json.dumps(self.settings()), encoding="utf-8")
        if self.method == "bottleneck":
            write_bottlenecks(backbone.model, folder / BOTTLENECK_FILE)
        else:
            self._save_peft(backbone.model, folder)
        return folder

    def _save_peft(self, model: Any, folder: Path) -> None:
        """The files that peft writes. AdaLoRA's are whole: cut to rank they would be scaled otherwise."""
        config = model.peft_config[model.active_adapter]
        ranks = getattr(config, "rank_pattern", None)
        if self.method == "adalora":
            config.rank_pattern = None
        with _calm():
            model.save_pretrained(folder, safe_serialization=True)
        if self.method == "adalora":
            config.rank_pattern = ranks

    @classmethod
    def load(cls, backbone: Backbone, folder: Path) -> Self:
        """Put what `save` wrote onto its base again, for answering. Errors: `ArtifactError`."""
        settings = read_json_file(folder / SETTINGS_FILE)
        if not settings:
            raise ArtifactError(
                expected=f"an adapter in {folder}",
                found=f"no {SETTINGS_FILE}",
                todo="Name the folder that Tuning.save wrote.",
            )
        tuning = cls.from_settings(settings)
        if tuning.method == "bottleneck":
            insert_bottlenecks(load_torch("Tuning"), backbone.model, tuning.rank)
            read_bottlenecks(backbone.model, folder / BOTTLENECK_FILE)
        else:
            peft = load_extra("peft", what=f"an adapter of '{tuning.method}'", extra="adapt")
            with _calm():
                backbone.model = peft.PeftModel.from_pretrained(backbone.model, folder)
        backbone.model.eval()
        return tuning


_ALLOCATED: Final = ("ipt", "exp_avg_ipt", "exp_avg_unc")


def adapted(model: Any) -> Any:
    """The AdaLoRA model inside: a job may have put the network into one of its own."""
    for module in model.modules():
        if hasattr(module, "rankallocator"):
            return module
    raise ConfigError(
        expected="a network tuned by 'adalora'", found=type(model).__name__, todo="Call Tuning.apply first."
    )


def _skewness(factor: Any, wide: bool) -> Any:
    """How far a factor of AdaLoRA is from orthogonal, in the Frobenius norm (its equation 4)."""
    product = factor @ factor.T if wide else factor.T @ factor
    return (product - product.new_ones(len(product)).diag()).norm()


@contextmanager
def _calm() -> Iterator[None]:
    """Keep quiet what the libraries say to each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
