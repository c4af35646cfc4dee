"""Other people's performers, small and random, in the folders that they are published in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from small_release import FLUX, WIDTH, random_parts, small_t5

README = "---\nlicense: other\nlicense_name: small-licence\nlicense_link: LICENSE.md\n---\nSmall.\n"
LETTERS = "▁abcdefghijklmnopqrstuvwxyz"
RATE = 8_000


def t5_tokenizer(length: int = 16) -> Any:
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((c, -3.0) for c in LETTERS)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=length)


def t5_encoder(width: int = 16) -> Any:
    from transformers import T5Config, T5EncoderModel

    sizes = {"d_model": width, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    return T5EncoderModel(T5Config(vocab_size=32, **sizes))


def heard(module: torch.nn.Module, deviation: float) -> Any:
    """The module with weights that are drawn anew, so that something is heard of what goes in."""
    for weight in module.parameters():
        if weight.ndim > 1 or not weight.any():
            torch.nn.init.normal_(weight, std=deviation)
    return module


def write_stable_audio_3(folder: Path) -> None:
    from diffusers import (
        AutoencoderSAME,
        FlowMatchEulerDiscreteScheduler,
        StableAudio3DiTModel,
        StableAudio3DurationEmbedder,
        StableAudio3Pipeline,
    )
    from transformers import GemmaTokenizer, T5GemmaConfig, T5GemmaEncoderModel

    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *LETTERS]
    tokenizer = GemmaTokenizer(
        vocab={word: number for number, word in enumerate(words)}, merges=[], model_max_length=24
    )
    module = {
        "vocab_size": 40,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
    }
    text = T5GemmaConfig(encoder=module, decoder=module, is_encoder_decoder=False, vocab_size=40)
    StableAudio3Pipeline(
        vae=heard(
            AutoencoderSAME(
                patch_size=64,
                encoder_channels=16,
                encoder_c_mults=(1,),
                encoder_strides=(4,),
                encoder_transformer_depths=(1,),
                latent_dim=8,
                dim_heads=8,
                ff_mult=1,
                sampling_rate=RATE,
            ),
            0.2,
        ),
        text_encoder=T5GemmaEncoderModel(text),
        tokenizer=tokenizer,
        duration_embedder=StableAudio3DurationEmbedder(output_dim=16, fourier_dim=8, max_val=4.0),
        transformer=StableAudio3DiTModel(
            io_channels=8,
            embed_dim=16,
            depth=1,
            num_heads=2,
            cond_token_dim=16,
            global_cond_dim=16,
            local_add_cond_dim=9,
            timestep_features_dim=8,
            num_memory_tokens=2,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(stochastic_sampling=True),
    ).save_pretrained(folder)


def write_stable_audio_open(folder: Path) -> None:
    from diffusers import (
        AutoencoderOobleck,
        CosineDPMSolverMultistepScheduler,
        StableAudioDiTModel,
        StableAudioPipeline,
        StableAudioProjectionModel,
    )

    StableAudioPipeline(
        vae=AutoencoderOobleck(
            encoder_hidden_size=4,
            downsampling_ratios=[4, 8, 8],
            channel_multiples=[1, 2, 4],
            decoder_channels=4,
            decoder_input_channels=4,
            sampling_rate=RATE,
        ),
        text_encoder=t5_encoder(),
        projection_model=StableAudioProjectionModel(16, 16, 0, 32),
        tokenizer=t5_tokenizer(),
        transformer=StableAudioDiTModel(
            sample_size=96,
            in_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            num_key_value_attention_heads=1,
            out_channels=4,
            cross_attention_dim=16,
            time_proj_dim=8,
            global_states_input_dim=32,
            cross_attention_input_dim=16,
        ),
        scheduler=CosineDPMSolverMultistepScheduler(solver_order=2),
    ).save_pretrained(folder)


def write_audioldm2(folder: Path) -> None:
    from diffusers import (
        AudioLDM2Pipeline,
        AudioLDM2ProjectionModel,
        AudioLDM2UNet2DConditionModel,
        AutoencoderKL,
        DDIMScheduler,
    )
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapTextConfig,
        GPT2Config,
        GPT2Model,
        RobertaTokenizer,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
    )

    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *LETTERS[1:]]
    roberta = RobertaTokenizer(
        vocab={word: number for number, word in enumerate(words)}, merges=[], model_max_length=16
    )
    heads = {"num_attention_heads": 1, "num_hidden_layers": 1, "projection_dim": 8}
    clap = ClapConfig(
        text_config=ClapTextConfig(
            hidden_size=8,
            intermediate_size=8,
            vocab_size=40,
            pad_token_id=1,
            max_position_embeddings=32,
            **heads,
        ).to_dict(),
        audio_config=ClapAudioConfig(
            spec_size=8,
            window_size=4,
            num_mel_bins=8,
            intermediate_size=8,
            depths=[1, 1],
            num_attention_heads=[1, 1],
            num_hidden_layers=1,
            hidden_size=16,
            projection_dim=8,
            patch_size=2,
            patch_stride=2,
            patch_embed_input_channels=4,
            patch_embeds_hidden_size=8,
        ).to_dict(),
        projection_dim=16,
    )
    gpt = GPT2Config(n_embd=16, n_head=1, n_layer=1, vocab_size=40, n_positions=99)
    gpt.max_new_tokens = 2
    blocks = {"block_out_channels": (8, 16), "norm_num_groups": 8}
    AudioLDM2Pipeline(
        vae=AutoencoderKL(
            in_channels=1,
            out_channels=1,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            **blocks,
        ),
        text_encoder=ClapModel(clap),
        text_encoder_2=t5_encoder(),
        projection_model=AudioLDM2ProjectionModel(16, 16, 16),
        language_model=GPT2Model(gpt),
        tokenizer=roberta,
        tokenizer_2=t5_tokenizer(),
        feature_extractor=ClapFeatureExtractor(),
        unet=AudioLDM2UNet2DConditionModel(
            layers_per_block=1,
            sample_size=32,
            in_channels=4,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=(8, 16),
            **blocks,
        ),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
        vocoder=heard(
            SpeechT5HifiGan(
                SpeechT5HifiGanConfig(
                    model_in_dim=8,
                    sampling_rate=RATE,
                    upsample_initial_channel=8,
                    upsample_rates=[8, 10],
                    upsample_kernel_sizes=[16, 20],
                    resblock_kernel_sizes=[3],
                    resblock_dilation_sizes=[[1, 3]],
                    normalize_before=False,
                )
            ),
            0.2,
        ),
    ).save_pretrained(folder)


def write_longcat(folder: Path) -> None:
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        LongCatAudioDiTPipeline,
        LongCatAudioDiTTransformer,
        LongCatAudioDiTVae,
    )
    from transformers import UMT5Config, UMT5EncoderModel

    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    LongCatAudioDiTPipeline(
        vae=LongCatAudioDiTVae(
            channels=8,
            c_mults=[1, 2],
            strides=[8, 8],
            latent_dim=8,
            encoder_latent_dim=16,
            downsampling_ratio=64,
            sample_rate=RATE,
        ),
        text_encoder=UMT5EncoderModel(UMT5Config(vocab_size=32, **sizes)),
        tokenizer=t5_tokenizer(),
        transformer=LongCatAudioDiTTransformer(
            dit_dim=16, dit_depth=1, dit_heads=2, dit_text_dim=16, latent_dim=8
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0, invert_sigmas=True),
    ).save_pretrained(folder)


def write_tangoflux(folder: Path) -> None:
    from diffusers import AutoencoderOobleck, FluxTransformer2DModel

    prefix = "tangoflux."
    parts = {k.removeprefix(prefix): v for k, v in random_parts().items() if k.startswith(prefix)}
    parts.pop("text_encoder.shared.weight")  # the embedding's other name is enough
    parts = {k: v for k, v in parts.items() if not k.startswith("transformer.")}
    transformer = FluxTransformer2DModel(
        in_channels=8,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=128,
        num_attention_heads=1,
        joint_attention_dim=WIDTH,
        pooled_projection_dim=WIDTH,
    )
    parts |= {f"transformer.{k}": v for k, v in transformer.state_dict().items()}
    save_file(parts, folder / "tangoflux.safetensors")
    codec = AutoencoderOobleck(
        encoder_hidden_size=16,
        channel_multiples=[1, 1, 1, 1, 1],
        decoder_channels=2,
        decoder_input_channels=8,
    )
    for name, value in codec.named_parameters():
        if name.endswith("weight_g"):
            value.data *= 1.2
    save_file(codec.state_dict(), folder / "vae.safetensors")
    sizes = FLUX | {"num_single_layers": 1, "in_channels": 8}
    sizes |= {"audio_seq_len": 48, "max_duration": 3}
    (folder / "config.json").write_text(json.dumps(sizes))
    small_t5().save_pretrained(folder / "text_encoder")
    t5_tokenizer(64).save_pretrained(folder / "text_encoder")


WRITERS: dict[str, Callable[[Path], None]] = {
    "stable-audio-3": write_stable_audio_3,
    "stable-audio-open": write_stable_audio_open,
    "audioldm2": write_audioldm2,
    "longcat": write_longcat,
    "tangoflux": write_tangoflux,
}
"""By the names of `core.pretrained.kinds.PRETRAINED`."""


def write_performer(kind: str, folder: Path) -> Path:
    """A folder of this kind below `folder`."""
    path = folder / kind
    path.mkdir(parents=True)
    torch.manual_seed(5)
    with torch.random.fork_rng():
        WRITERS[kind](path)
    (path / "README.md").write_text(README)
    return path
