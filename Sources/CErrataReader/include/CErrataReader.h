#ifndef CERRATAREADER_H
#define CERRATAREADER_H

// The shipped reader's weights as a part of the program, so that one binary is enough to answer.

#include <stddef.h>

/// Returns the first byte of reader.safetensors.
const void *_Nonnull errata_reader_start(void);

/// Returns how many bytes it has.
size_t errata_reader_byte_count(void);

#endif
