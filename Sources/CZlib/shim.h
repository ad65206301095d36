#pragma once
#include <zlib.h>

// These two are macros that pass the library's version along, which Swift does not import.
static inline int ztna_deflateInit2(z_streamp stream, int level, int windowBits) {
    return deflateInit2(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY);
}
static inline int ztna_inflateInit2(z_streamp stream, int windowBits) { return inflateInit2(stream, windowBits); }
