#include "CErrataDecoder.h"

// `#embed` is C23; clang takes it in every mode and warns that it is an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char config[] = {
#embed "config.json"
};

// Its tensors are read as 8-byte words.
_Alignas(64) static const unsigned char model[] = {
#embed "model.safetensors"
};

static const unsigned char tokenizer[] = {
#embed "tokenizer.json"
};

static const unsigned char tokenizer_config[] = {
#embed "tokenizer_config.json"
};

// By name.
static const errata_decoder_file files[] = {
    {"config.json", config, sizeof config},
    {"model.safetensors", model, sizeof model},
    {"tokenizer.json", tokenizer, sizeof tokenizer},
    {"tokenizer_config.json", tokenizer_config, sizeof tokenizer_config},
};

size_t errata_decoder_file_count(void) { return sizeof files / sizeof files[0]; }

errata_decoder_file errata_decoder_file_at(size_t index) { return files[index]; }
