#ifndef CERRATADECODER_H
#define CERRATADECODER_H

// The shipped decoder, a Hugging Face directory, as a part of the program: one binary is enough to generate.

#include <stddef.h>

/// A file of the directory.
typedef struct {
    const char *_Nonnull name;
    const void *_Nonnull start;
    size_t byte_count;
} errata_decoder_file;

/// Returns how many files there are.
size_t errata_decoder_file_count(void);

/// Returns one of them; `index` is less than their count.
errata_decoder_file errata_decoder_file_at(size_t index);

#endif
