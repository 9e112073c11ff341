"""A causal model of two small layers with random weights, as Hugging Face saves it."""

from pathlib import Path

import pytest

from warmstart.testing.toys import WORDS

CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHAT
CONTROLS = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")


def causal_folder(folder: Path, *, template: str | None = None, positions: int = 512) -> Path:
    """Its tokenizer knows the toy shop's words, its Chinese characters, and single bytes for the rest."""
    torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
    transformers = pytest.importorskip("transformers", reason="needs the extra 'lm'")
    tokenizer = _tokenizer(transformers, template)
    tokenizer.save_pretrained(folder)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=positions,
        initializer_range=0.5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def _tokenizer(transformers, template):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    specials = ["<s>", "</s>", *(CONTROLS if template else ())]
    words = [f" {word}" for groups in WORDS.values() for group in groups for word in group]
    raw.train_from_iterator(
        words * 2,
        trainers.BpeTrainer(
            vocab_size=500, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
        ),
    )
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=list(CONTROLS) if template else [],
    )
    made.chat_template = template
    return made
