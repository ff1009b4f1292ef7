/*
 * tokens_files - tokenizers' files as tests need them, written byte by byte.
 *
 * Depends on: base.
 */
#ifndef AS_TEST_TOKENS_FILES_H
#define AS_TEST_TOKENS_FILES_H

#include "base/buf.h"

#include <string.h>

/* --- a map of characters: each node of its tree has a block of 256 units to itself ----------- */

#define MAP_NODES 16u

typedef struct map_file {
    uint32_t units[MAP_NODES * 256];
    uint32_t n; /* nodes */
    as_buf text;
} map_file;

static inline void map_start(map_file *m)
{
    memset(m->units, 0, sizeof(m->units));
    m->n = 2; /* block 0 has the root's unit; its children are in block 1 */
    m->units[0] = 256u << 10;
    m->text = (as_buf){0};
    as_buf_byte(&m->text, 0);
}

static inline void map_put(map_file *m, const char *from, const char *to)
{
    uint32_t base = 256, at = 0;

    for (const char *c = from; *c; c++) {
        at = base ^ (uint8_t)*c;
        if (m->units[at] == 0)
            m->units[at] = (uint8_t)*c | (at ^ (256 * m->n++)) << 10;
        base = at ^ m->units[at] >> 10;
    }
    m->units[at] |= 1u << 8;
    m->units[base] = 0x80000000u | (uint32_t)m->text.n;
    as_buf_text(&m->text, to);
    as_buf_byte(&m->text, 0);
}

static inline void put_le(as_buf *b, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        as_buf_byte(b, (uint8_t)(v >> 8 * i));
}

static inline as_buf map_bytes(map_file *m)
{
    as_buf b = {0};

    put_le(&b, m->n * 1024);
    for (size_t i = 0; i < m->n * 256u; i++)
        put_le(&b, m->units[i]);
    as_buf_add(&b, as_buf_bytes(&m->text));
    as_buf_done(&m->text);
    return b;
}

static inline as_buf base64_of(as_bytes raw)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    as_buf b = {0};

    for (size_t i = 0; i < raw.n; i += 3) {
        uint32_t v = 0;

        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < raw.n ? raw.p[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            as_buf_byte(&b, i + k > raw.n ? '=' : (uint8_t)digits[v >> (18 - 6 * k) & 63]);
    }
    return b;
}

/* --- a SentencePiece model -------------------------------------------------------------------- */

enum { PIECE_NORMAL = 1, PIECE_UNKNOWN, PIECE_CONTROL, PIECE_OWN, PIECE_UNUSED, PIECE_BYTE };

static inline void put_varint(as_buf *b, uint64_t v)
{
    for (; v > 127; v >>= 7)
        as_buf_byte(b, (uint8_t)(v | 128));
    as_buf_byte(b, (uint8_t)v);
}

static inline void put_field(as_buf *b, uint32_t number, as_bytes bytes)
{
    put_varint(b, number << 3 | 2);
    put_varint(b, bytes.n);
    as_buf_add(b, bytes);
}

static inline void put_number(as_buf *b, uint32_t number, uint64_t v)
{
    put_varint(b, (uint64_t)number << 3);
    put_varint(b, v);
}

static inline void put_piece(as_buf *b, as_bytes text, float score, unsigned kind)
{
    as_buf piece = {0};
    uint32_t bits;

    memcpy(&bits, &score, sizeof(bits));
    put_field(&piece, 1, text);
    as_buf_byte(&piece, 2 << 3 | 5);
    put_le(&piece, bits);
    if (kind != PIECE_NORMAL)
        put_number(&piece, 3, kind);
    put_field(b, 1, as_buf_bytes(&piece));
    as_buf_done(&piece);
}

#endif
