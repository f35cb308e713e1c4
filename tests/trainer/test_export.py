"""A folder becomes a GGUF file that holds the same numbers; whatever else it is, it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchwright_agent.models.local.gguf_file import read_gguf
from benchwright_sim.errors import OutputError
from benchwright_trainer.architecture import read_architecture, tensor_specs
from benchwright_trainer.artefact import new_file
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.export import About, Precision, export
from benchwright_trainer.extra import require_extra
from benchwright_trainer.tokenizer import plain_template
from tests.tiny_model import tiny_folder, tiny_gguf
from tests.trainer.model_folders import (
    INDEX,
    SINGLE,
    Edit,
    copy_of_tiny,
    edit,
    setting,
    shard,
    store,
    stretch,
    tensors,
    untie,
)

EMBEDDING = "model.embed_tokens.weight"
NORM = "model.layers.1.input_layernorm.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_of_tiny(tmp_path)


def fields(path: Path) -> dict[str, Any]:
    """The keys of a GGUF file."""
    import gguf

    return {name: field.contents() for name, field in gguf.GGUFReader(path).fields.items()}


def bits(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Type, shape (rows first) and bytes of each tensor of a GGUF file."""
    import gguf

    return {
        t.name: (t.tensor_type.name, [int(n) for n in reversed(t.shape)], t.data.tobytes())
        for t in gguf.GGUFReader(path).tensors
    }


def expected_bits(folder: Path, precision: str) -> dict[str, tuple[str, list[int], bytes]]:
    """The same from the safetensors, rounded by torch."""
    import torch

    content = tensors(folder)
    types = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
    expected = {}
    for spec in tensor_specs(read_architecture(folder)):
        kind = "f32" if spec.is_norm else precision
        tensor = content[spec.source].to(types[kind])
        data = tensor.view(torch.uint8).numpy().tobytes()
        expected[spec.target] = (kind.upper(), list(tensor.shape), data)
    return expected


@pytest.mark.parametrize("precision", ["f32", "f16", "bf16"])
def test_every_tensor_is_bit_for_bit_what_the_folder_holds(precision: Precision) -> None:
    assert bits(tiny_gguf(precision)) == expected_bits(tiny_folder(), precision)


def test_an_output_layer_of_its_own_is_exported(folder: Path, tmp_path: Path) -> None:
    untie(folder)
    found = bits(export(folder, tmp_path / "out.gguf", precision="f32"))
    assert found == expected_bits(folder, "f32")
    assert "output.weight" in found


def test_an_output_layer_that_is_tied_is_left_out(folder: Path, tmp_path: Path) -> None:
    content = tensors(folder)
    store(folder, content | {"lm_head.weight": content[EMBEDDING].clone()})
    assert "output.weight" not in bits(export(folder, tmp_path / "out.gguf"))


def test_weights_stored_as_bf16_are_copied(folder: Path, tmp_path: Path) -> None:
    import torch

    store(folder, {name: t.to(torch.bfloat16) for name, t in tensors(folder).items()})
    out = export(folder, tmp_path / "out.gguf", precision="bf16")
    assert bits(out) == expected_bits(folder, "bf16")


def test_shards_give_the_same_bytes_as_one_file(folder: Path, tmp_path: Path) -> None:
    whole = export(folder, tmp_path / "whole.gguf")
    shard(folder)
    assert export(folder, tmp_path / "sharded.gguf").read_bytes() == whole.read_bytes()


def test_the_file_says_what_the_model_is(folder: Path, tmp_path: Path) -> None:
    about = About("Tiny", "Apache-2.0", ("en", "de"), "A model for tests.")
    out = export(folder, tmp_path / "out.gguf", precision="bf16", about=about)
    info = read_gguf(out)
    assert (info.name, info.architecture, info.quantisation) == ("Tiny", "qwen3", "BF16")
    assert (info.n_layers, info.context_tokens, info.n_vocabulary) == (2, 40_960, 1280)
    found = fields(out)
    wanted = {
        "general.license": "Apache-2.0",
        "general.languages": ["en", "de"],
        "general.description": "A model for tests.",
        "general.size_label": "1.5M",
        "qwen3.attention.key_length": 64,
        "qwen3.rope.freq_base": 1_000_000.0,
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.eos_token_id": 1279,
        "tokenizer.ggml.eot_token_id": 1277,
        "tokenizer.ggml.padding_token_id": 1277,
        "tokenizer.ggml.add_bos_token": False,
    }
    assert {key: found[key] for key in wanted} == wanted
    assert "general.author" not in found


def test_a_model_without_a_name_is_called_after_its_folder(folder: Path, tmp_path: Path) -> None:
    assert read_gguf(export(folder, tmp_path / "out.gguf")).name == folder.name


def test_stretched_positions_are_written_down(folder: Path, tmp_path: Path) -> None:
    stretch(folder)
    found = fields(export(folder, tmp_path / "out.gguf"))
    assert found["qwen3.rope.scaling.type"] == "yarn"
    assert found["qwen3.rope.scaling.factor"] == 8.0
    assert found["qwen3.rope.scaling.original_context_length"] == 64


def test_a_configuration_from_before_transformers_5_means_the_same(
    folder: Path, tmp_path: Path
) -> None:
    now = export(folder, tmp_path / "now.gguf").read_bytes()
    edit(
        folder / "config.json",
        setting(rope_parameters=None, rope_scaling=None, rope_theta=1_000_000),
    )
    assert export(folder, tmp_path / "then.gguf").read_bytes() == now


def test_rows_beyond_the_vocabulary_are_filled_up(folder: Path, tmp_path: Path) -> None:
    import torch

    content = tensors(folder)
    rows = torch.zeros(32, content[EMBEDDING].shape[1])
    store(folder, content | {EMBEDDING: torch.cat([content[EMBEDDING], rows])})
    edit(folder / "config.json", setting(vocab_size=1312))
    assert read_gguf(export(folder, tmp_path / "out.gguf")).n_vocabulary == 1312


@pytest.mark.parametrize(
    ("tagged", "plain"),
    [
        ("{% generation %}a{% endgeneration %}", "{% if true %}a{% endif %}"),
        ("x {%- generation -%} a {%-endgeneration%}", "x {%- if true -%} a {%- endif %}"),
        ("{%+ generation %}", "{%+ if true %}"),
        ("{{ generation }}{% set generation = 1 %}", "{{ generation }}{% set generation = 1 %}"),
    ],
)
def test_tags_of_trainers_give_way_to_a_condition(tagged: str, plain: str) -> None:
    assert plain_template(tagged) == plain


def test_a_file_that_is_there_stays_unless_forced(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    out.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export(folder, out)
    assert out.read_text() == "mine"
    export(folder, out, force=True)
    assert read_gguf(out).name == folder.name


@pytest.mark.parametrize(
    ("place", "says"),
    [("missing/out.gguf", "cannot be written"), ("model", "is a folder"), ("/proc/x", "proc")],
)
def test_a_place_that_takes_no_file_is_refused(
    folder: Path, tmp_path: Path, place: str, says: str
) -> None:
    with pytest.raises(OutputError, match=says):
        export(folder, tmp_path / place)


def break_json(folder: Path, name: str) -> None:
    (folder / name).write_text('{"architectures": [')


def break_weights(folder: Path) -> None:
    data = (folder / SINGLE).read_bytes()
    (folder / SINGLE).write_bytes(data[: len(data) // 2])


def lose_shard(folder: Path) -> None:
    shard(folder)
    (folder / "model-00002-of-00003.safetensors").unlink()


def config(**values: Any) -> Callable[[Path], None]:
    return lambda folder: edit(folder / "config.json", setting(**values))


def rules(change: Edit) -> Callable[[Path], None]:
    return lambda folder: edit(folder / "tokenizer.json", change)


def options(values: dict[str, Any]) -> Callable[[Path], None]:
    return lambda folder: edit(folder / "tokenizer_config.json", setting(**values))


def lose_end(folder: Path) -> None:
    options({"eos_token": None})(folder)
    (folder / "generation_config.json").unlink()


def several_templates(folder: Path) -> None:
    options({"chat_template": [{"name": "default"}]})(folder)
    (folder / "chat_template.jinja").unlink()


def index_elsewhere(folder: Path) -> None:
    (folder / SINGLE).unlink()
    (folder / INDEX).write_text('{"weight_map": {"a": "../a.safetensors"}}')


def weights(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        content = tensors(folder)
        change(content)
        store(folder, content)

    return apply


def diverge(content: dict[str, Any]) -> None:
    content[NORM][3] = float("nan")


def grow(content: dict[str, Any]) -> None:
    content[EMBEDDING][5, 5] = 1e6


def split_at_spaces(values: dict[str, Any]) -> None:
    values["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": r"\s+"}


def add_end(values: dict[str, Any]) -> None:
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    values["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [sequence, {"SpecialToken": {"id": "!", "type_id": 0}}],
        "pair": [sequence, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"!": {"id": "!", "ids": [0], "tokens": ["!"]}},
    }


BAD: list[tuple[str, Callable[[Path], Any], str]] = [
    ("no config", lambda f: (f / "config.json").unlink(), "config.json: it cannot be read"),
    ("config is no JSON", lambda f: break_json(f, "config.json"), "config.json: it is not JSON"),
    ("config is a list", lambda f: (f / "config.json").write_text("[]"), "no JSON object"),
    ("config in latin-1", lambda f: (f / "config.json").write_bytes(b'"\xe9"'), "is not JSON"),
    ("llama", config(architectures=["LlamaForCausalLM"], model_type="llama"), "LlamaForCausalLM"),
    ("mixture", config(architectures=["Qwen3MoeForCausalLM"]), "Qwen3MoeForCausalLM"),
    ("no architecture", config(architectures=None, model_type=None), "the model is a None"),
    ("biases", config(attention_bias=True), "attention_bias is True"),
    ("sliding windows", config(use_sliding_window=True), "use_sliding_window is True"),
    ("sliding layers", config(layer_types=["sliding_attention"] * 2), "layer_types"),
    ("quantised", config(quantization_config={"quant_method": "fp8"}), "quantization_config"),
    ("gelu", config(hidden_act="gelu"), "hidden_act is 'gelu'"),
    ("no layers", config(num_hidden_layers=0), "num_hidden_layers is 0"),
    ("a width in words", config(hidden_size="256"), "hidden_size is '256'"),
    ("no width", config(hidden_size=None), "there is no hidden_size"),
    ("odd heads", config(num_key_value_heads=3), "no multiple of num_key_value_heads"),
    ("linear rope", config(rope_parameters={"rope_type": "linear", "factor": 2, "rope_theta": 1e4}),
     "rope_type is 'linear'"),
    ("odd YaRN", config(rope_parameters={"rope_type": "yarn", "factor": 2, "rope_theta": 1e4,
     "mscale": 1}), "YaRN's mscale is 1"),
    ("loud YaRN", config(rope_parameters={"rope_type": "yarn", "factor": 2, "rope_theta": 1e4,
     "attention_factor": 3}), "attention_factor is 3"),
    ("other YaRN", config(rope_parameters={"rope_type": "yarn", "factor": 2, "rope_theta": 1e4,
     "beta_fast": 16}), "beta_fast is 16, which cannot be exported; llama.cpp always takes 32"),
    ("rope is a number", config(rope_parameters=7), "rope_parameters is 7"),
    ("more layers", config(num_hidden_layers=3), "tensors are missing: model.layers.2"),
    ("fewer layers", config(num_hidden_layers=1), "tensors are unexpected: model.layers.1"),
    ("other width", config(intermediate_size=1024), "gate_proj.weight has the shape"),
    ("not tied", config(tie_word_embeddings=False), "tensors are missing: lm_head.weight"),
    ("tensor lost", weights(lambda c: c.pop(NORM)), f"missing: {NORM}"),
    ("tensor more", weights(lambda c: c.update(extra=c[NORM].clone())), "unexpected: extra"),
    ("integers", weights(lambda c: c.update({NORM: c[NORM].int()})), f"{NORM} is stored as I32"),
    ("not a number", weights(diverge), f"{NORM} holds values that are not finite"),
    ("too large for f16", weights(grow), f"{EMBEDDING} has values beyond the range of f16"),
    ("no weights", lambda f: (f / SINGLE).unlink(), "neither model.safetensors nor"),
    ("pickles", lambda f: (f / SINGLE).rename(f / "pytorch_model.bin"), "model.bin may run"),
    ("half of the weights", break_weights, "model.safetensors: it is missing or damaged"),
    ("empty weights", lambda f: (f / SINGLE).write_bytes(b""), "is missing or damaged"),
    ("shard lost", lose_shard, "model-00002-of-00003.safetensors: it is missing or damaged"),
    ("index elsewhere", index_elsewhere, "names no files beside it"),
    ("no tokenizer", lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json: it cannot be"),
    ("tokenizer cut", lambda f: break_json(f, "tokenizer.json"), "tokenizer.json: it is not JSON"),
    ("word pieces", rules(lambda v: v["model"].update(type="WordPiece")), "no byte-level BPE"),
    ("other split", rules(split_at_spaces), "llama.cpp has no name for"),
    ("lower case", rules(setting(normalizer={"type": "Lowercase"})), "the normalizer is"),
    ("vocabulary lost", rules(lambda v: v["model"].pop("vocab")), "its vocabulary is damaged"),
    ("adds an end", rules(add_end), "the tokenizer adds ! to each text"),
    ("too few rows", config(vocab_size=1000), "the embedding has 1000 rows"),
    ("no end", lose_end, "no token ends an answer"),
    ("unknown end", options({"eos_token": "<end>"}), "eos_token is '<end>'"),
    ("end out of range", lambda f: edit(f / "generation_config.json", setting(eos_token_id=9999)),
     "eos_token_id is 9999"),
    ("many ends", lambda f: edit(f / "generation_config.json", setting(eos_token_id=[1, 2, 3])),
     "4 tokens end an answer"),
    ("several templates", several_templates, "chat_template is a list"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_cannot_be_exported_is_named(
    folder: Path, tmp_path: Path, change: Callable[[Path], Any], says: str
) -> None:
    change(folder)
    out = tmp_path / "out.gguf"
    with pytest.raises(TrainerError) as caught:
        export(folder, out)
    assert says in str(caught.value)
    assert caught.value.exit_code == 14
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_an_adapter_is_not_a_model(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")
    with pytest.raises(TrainerError, match="an adapter, not a whole model"):
        export(folder, tmp_path / "out.gguf")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match="no such folder"):
        export(tmp_path / "nowhere", tmp_path / "out.gguf")


def test_a_file_that_came_to_be_meanwhile_stays(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"

    def write_while_another_does() -> None:
        with new_file(out, 1, force=False) as place:
            place.write_text("ours")
            out.write_text("mine")

    with pytest.raises(OutputError, match="exists already"):
        write_while_another_does()
    assert out.read_text() == "mine"
    assert sorted(tmp_path.iterdir()) == sorted([folder, out])


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path: Path) -> None:
    (tmp_path / ".out.gguf.part").write_text("half")
    with new_file(tmp_path / "out.gguf", 1, force=True) as place:
        place.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["out.gguf"]


def test_a_library_that_is_missing_is_named_with_what_to_install() -> None:
    with pytest.raises(TrainerError, match=r"(?s)no_such_library.*benchwright\[train\]"):
        require_extra("json", "no_such_library")
