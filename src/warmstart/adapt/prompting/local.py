"""A causal language model on this machine, through transformers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from warmstart.adapt.prompting.budget import Clock, Meter, SystemClock
from warmstart.adapt.prompting.cached import CachedLanguageModel
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra, load_torch
from warmstart.core.linear import FloatArray
from warmstart.encoders import model_folder
from warmstart.encoders.transformer import without_progress_bars
from warmstart.roles.language_model import Prompt

Dtype = Literal["auto", "float32", "bfloat16"]
Tokens = list[int]

_WEIGHTS = "*.safetensors"
_TEMPLATES = ("*.jinja", "additional_chat_templates/*")
_WHAT = "LocalLanguageModel"


@dataclass(kw_only=True)
class LocalLanguageModel(CachedLanguageModel):
    """Any causal Hugging Face model with safetensors weights, run by torch on this machine.

    *When to use*: where texts must not leave the machine; on a GPU, or with a small model and little to
    ask. It is the one that tells likelihoods of labels for certain. *When not*: a model of billions of
    weights on a CPU; a server such as llama.cpp or Ollama behind `EndpointLanguageModel` is faster there.

    `model` is a folder or a Hub name, `revision` a branch, tag or commit of the latter. Models with a chat
    template are asked by it, others get plain text and are read up to the end of the line. Prompts
    beyond `max_length` tokens lose examples, the first ones first. `device` is "auto" (CUDA, then Apple's
    MPS, then the CPU) or a torch device; `dtype` "auto" is bfloat16 on CUDA, float32 elsewhere.
    `max_seconds` counts time spent asking. Weights in pickle files are refused, and code that comes with
    a model is never run. Labels are scored with one pass over the prompt, which all of them share.

    *Needs* the extra `lm`. *Cost*: on one CPU core about three seconds per billion weights and 100 tokens
    of prompt, in float32.
    """

    model: str = ""
    revision: str | None = None
    device: str = "auto"
    dtype: Dtype = "auto"
    batch_size: int = 8
    max_length: int = 2048
    max_seconds: float = 600.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1 or self.max_length < 1:
            raise ConfigError(
                expected="'batch_size' and 'max_length' of at least 1",
                found=f"{self.batch_size} and {self.max_length}",
                todo="Leave them out for the defaults.",
            )
        self._clock: Clock = SystemClock()

    def use_clock(self, clock: Clock) -> None:
        """Take time from here, as tests do."""
        self._clock = clock
        vars(self).pop("_meter", None)

    @property
    def can_score(self) -> bool:
        """Always."""
        return True

    @cached_property
    def identity(self) -> str:  # reading all weights once is enough
        """The content of the model's files, and the settings that change answers."""
        files = {path for pattern in self._wanted for path in self.folder.glob(pattern) if path.is_file()}
        return f"local {model_folder.hash_files(self.folder, files)} {self.dtype} {self.max_length}"

    @cached_property
    def folder(self) -> Path:
        """Where the model's files are; finds or downloads them at first use."""
        return model_folder.find_model(
            self.model, self.revision, self._wanted, lambda folder: any(folder.glob(_WEIGHTS))
        )

    @property
    def _wanted(self) -> tuple[str, ...]:
        return (*model_folder.FACTS, *_TEMPLATES, _WEIGHTS)

    @cached_property
    def _meter(self) -> Meter:
        return Meter(self.usage, max_seconds=self.max_seconds, clock=self._clock)

    @cached_property
    def _torch(self) -> Any:
        return load_torch(_WHAT)

    @cached_property
    def _tokenizer(self) -> Any:
        transformers = load_extra("transformers", what=_WHAT, extra="lm")
        return transformers.AutoTokenizer.from_pretrained(str(self.folder), trust_remote_code=False)

    @cached_property
    def _network(self) -> Any:
        torch, transformers = self._torch, load_extra("transformers", what=_WHAT, extra="lm")
        if not any(self.folder.glob(_WEIGHTS)):
            raise InputError(
                expected=f"weights in safetensors form in {self.folder}",
                found="none",
                todo="Convert the model's weights with safetensors, or choose another model.",
            )
        device = _device(torch, self.device)
        on_gpu = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
        dtype = ("bfloat16" if on_gpu else "float32") if self.dtype == "auto" else self.dtype
        setting = "dtype" if int(transformers.__version__.partition(".")[0]) >= 5 else "torch_dtype"
        try:
            with without_progress_bars():
                network = transformers.AutoModelForCausalLM.from_pretrained(
                    str(self.folder), use_safetensors=True, trust_remote_code=False, **{setting: dtype}
                )
        except (ValueError, OSError) as error:
            raise InputError(
                expected=f"a causal language model that transformers knows in {self.folder}",
                found=str(error).partition("\n")[0],
                todo="Choose another model; code that comes with a model is not run.",
            ) from error
        return network.to(device).eval()

    def _answers(self, prompts: Sequence[Prompt], max_tokens: int) -> Iterator[str]:
        with self._meter.running():
            for start in range(0, len(prompts), self.batch_size):
                batch = [self._tokens(p, max_tokens) for p in prompts[start : start + self.batch_size]]
                self._meter.reserve(0, 0)
                written = self._generate(batch, max_tokens)
                self._meter.settle((0, 0), (sum(map(len, batch)), sum(map(len, written))))
                yield from (self._text(tokens) for tokens in written)

    def _generate(self, batch: Sequence[Tokens], max_tokens: int) -> list[Tokens]:
        """What the model writes after each, always the likeliest token; padded on the left."""
        torch, network = self._torch, self._network
        longest = max(map(len, batch))
        ids = [[0] * (longest - len(tokens)) + tokens for tokens in batch]
        mask = [[0] * (longest - len(tokens)) + [1] * len(tokens) for tokens in batch]
        ends = self._ends
        config = load_extra("transformers", what=_WHAT, extra="lm").GenerationConfig(
            max_new_tokens=max_tokens, do_sample=False, eos_token_id=ends or None, pad_token_id=0
        )
        with torch.inference_mode():
            found = network.generate(
                torch.tensor(ids, device=network.device),
                attention_mask=torch.tensor(mask, device=network.device),
                generation_config=config,
            )
        return [_until(row, ends) for row in found[:, longest:].tolist()]

    @cached_property
    def _ends(self) -> list[int]:
        """The tokens that end an answer, from the model's own settings."""
        told = self._network.generation_config.eos_token_id
        own = told if isinstance(told, list) else [told]
        return sorted({end for end in (*own, self._tokenizer.eos_token_id) if isinstance(end, int)})

    def _text(self, tokens: Tokens) -> str:
        text = str(self._tokenizer.decode(tokens, skip_special_tokens=True)).strip()
        return text if self._is_chat else text.partition("\n")[0].strip()

    def _likelihoods(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        with self._meter.running():
            self._meter.reserve(0, 0)
            shorter = self._shortened(prompt, max(len(self._ids(answer)) for answer in answers) + 2)
            start = self._rendered(shorter)
            joint = "" if self._is_chat else shorter.joint
            asked = self._ids(start)
            wholes = [self._ids(f"{start}{joint}{answer}") for answer in answers]
            shared = _common(asked, wholes)
            self._meter.settle((0, 0), (len(asked) + sum(len(w) - shared for w in wholes), 0))
            return self._continued(asked[:shared], [whole[shared:] for whole in wholes])

    def _continued(self, prefix: Tokens, rests: Sequence[Tokens]) -> FloatArray:
        """The log-likelihood of each rest after the prefix, which is read once for all."""
        torch, network = self._torch, self._network
        with torch.inference_mode():
            first = network(torch.tensor([prefix], device=network.device), use_cache=True)
            parts = [
                self._batch_after(first, len(prefix), rests[start : start + self.batch_size])
                for start in range(0, len(rests), self.batch_size)
            ]
        found: FloatArray = torch.cat(parts).cpu().numpy()
        return found

    def _batch_after(self, first: Any, read: int, rests: Sequence[Tokens]) -> Any:
        """The same for a batch, padded on the right; `first` is what the network said of the prefix."""
        torch, network = self._torch, self._network
        n, longest = len(rests), max(map(len, rests))
        padded = torch.tensor([rest + [0] * (longest - len(rest)) for rest in rests], device=network.device)
        known = torch.tensor([[1] * len(rest) + [0] * (longest - len(rest)) for rest in rests]).to(padded)
        cache = deepcopy(first.past_key_values)  # the network writes into it
        cache.batch_repeat_interleave(n)
        mask = torch.cat([torch.ones(n, read).to(known), known], dim=1)
        then = network(padded, attention_mask=mask, past_key_values=cache, use_cache=True)
        logits = torch.cat([first.logits[:, -1:].expand(n, -1, -1), then.logits[:, :-1]], dim=1)
        logs = torch.log_softmax(logits.float(), dim=-1).gather(-1, padded[..., None])[..., 0]
        return (logs * known).sum(dim=1)

    def _tokens(self, prompt: Prompt, room: int) -> Tokens:
        return self._ids(self._rendered(self._shortened(prompt, room)))

    def _shortened(self, prompt: Prompt, room: int) -> Prompt:
        """Without the examples that leave no `room` for the answer, and without control tokens."""
        limit = getattr(self._network.config, "max_position_embeddings", None) or self.max_length
        limit = min(limit, self.max_length) - room
        prompt = self._scrubbed(prompt)
        size = len(self._ids(self._rendered(prompt)))
        while size > limit and prompt.examples:
            prompt = prompt.shortened()
            size = len(self._ids(self._rendered(prompt)))
        if size > limit:
            raise InputError(
                expected=f"a prompt of at most {limit} tokens", found=f"{size}", todo="Lower its budget."
            )
        return prompt

    def _scrubbed(self, prompt: Prompt) -> Prompt:
        """Without the model's own control tokens: written in a text they would pass for the real ones."""
        marks = sorted((m for m in self._tokenizer.all_special_tokens if len(m) > 2), key=len, reverse=True)

        def without(text: str) -> str:
            for mark in marks:
                text = text.replace(mark, " ")
            return text

        examples = tuple((without(question), without(answer)) for question, answer in prompt.examples)
        return replace(
            prompt, rules=without(prompt.rules), question=without(prompt.question), examples=examples
        )

    @property
    def _is_chat(self) -> bool:
        return bool(self._tokenizer.chat_template)

    def _rendered(self, prompt: Prompt) -> str:
        if not self._is_chat:
            return prompt.text
        jinja = load_extra("jinja2", what="models with a chat template", extra="lm")
        turns = prompt.messages()
        try:
            return self._chat(turns)
        except jinja.TemplateError:  # some templates know no system turn
            rules, first, *rest = turns
            joined = {"role": "user", "content": f"{rules['content']}\n\n{first['content']}"}
            return self._chat([joined, *rest])

    def _chat(self, turns: list[dict[str, str]]) -> str:
        # Models that think aloud would spend all tokens on it; other templates ignore the switch.
        return str(
            self._tokenizer.apply_chat_template(
                turns, add_generation_prompt=True, tokenize=False, enable_thinking=False
            )
        )

    def _ids(self, text: str) -> Tokens:
        """Tokens; a chat template has put in what marks a beginning."""
        found = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        begin = self._tokenizer.bos_token_id
        lead = [] if self._is_chat or begin is None or found[:1] == [begin] else [begin]
        return [*lead, *found]


def _until(tokens: Tokens, ends: Sequence[int]) -> Tokens:
    stops = [place for place, token in enumerate(tokens) if token in ends]
    return tokens[: stops[0]] if stops else tokens


def _common(asked: Tokens, wholes: Sequence[Tokens]) -> int:
    """How many tokens of the question all wholes begin with: at a seam a tokenizer may join characters.

    At least one token is left to be read first, and one of each whole to be scored.
    """
    shared = min(len(asked), *(len(whole) - 1 for whole in wholes))
    while shared > 1 and any(whole[:shared] != asked[:shared] for whole in wholes):
        shared -= 1
    return max(1, shared)


def _device(torch: Any, wanted: str) -> str:
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch built without CUDA
        raise ConfigError(
            expected="a torch device that this machine has, such as 'auto', 'cpu' or 'cuda:0'",
            found=repr(wanted),
            todo="Leave 'device' out to take the best there is.",
        ) from error
    return wanted
