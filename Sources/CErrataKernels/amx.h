// What the products by tiles of AMX share (Intel's Architecture Instruction Set Extensions, chapter 3).

#ifndef ERRATA_AMX_H
#define ERRATA_AMX_H

#include <immintrin.h>

#define TILE 16
// A tile's row of bytes, and a step along k.
#define STEP 64

// Tiles 0 to 3 are sums of two groups of rows by two panels, 4 and 5 rows of a, 6 and 7 panels of b.
__attribute__((target("amx-tile"))) static inline void amx_configure(int upper, int lower) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    const int rows[8] = {upper, upper, lower, lower, upper, lower, TILE, TILE};
    for (int t = 0; t < 8; t++) {
        config.rows[t] = (uint8_t)rows[t];
        config.row_bytes[t] = rows[t] ? STEP : 0;
    }
    _tile_loadconfig(&config);
}

#endif
