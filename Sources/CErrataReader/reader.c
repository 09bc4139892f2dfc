#include "CErrataReader.h"

// Read as 8-byte words.
_Alignas(64) static const unsigned char reader[] = {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
#embed "reader.safetensors"
#pragma clang diagnostic pop
};

const void *errata_reader_start(void) { return reader; }

size_t errata_reader_byte_count(void) { return sizeof reader; }
