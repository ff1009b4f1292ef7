/*
 * buf - a byte buffer that grows, with a sticky failure.
 *
 *     as_buf b = { 0 };
 *     as_buf_text(&b, "pid ");
 *     as_buf_printf(&b, "%u", pid);
 *     if (b.failed) ...                    one check after many appends
 *     write(fd, b.p, b.n);
 *     as_buf_done(&b);
 *
 * Depends on: base.  Threads: one buffer, one thread.
 * Limits: AS_BUF_MAX bytes. Over it, or without memory, `failed` is set, the
 * append does nothing, and so does every later one until as_buf_reset().
 */
#ifndef AS_BUF_H
#define AS_BUF_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_BUF_MAX ((size_t)4 << 30)

typedef struct as_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    bool failed;
} as_buf;

void as_buf_done(as_buf *b);  /* frees; the buffer is empty and usable after */
void as_buf_reset(as_buf *b); /* empties, keeps the memory, clears `failed` */

void as_buf_add(as_buf *b, as_bytes bytes);
void as_buf_byte(as_buf *b, uint8_t byte);
void as_buf_text(as_buf *b, const char *text);
void as_buf_fill(as_buf *b, uint8_t byte, size_t count);
void as_buf_u64(as_buf *b, uint64_t value); /* decimal */
void as_buf_hex(as_buf *b, as_bytes bytes); /* two lower-case digits a byte */
void as_buf_printf(as_buf *b, const char *fmt, ...) AS_PRINTF(2, 3);

/* Room for `n` more bytes at the end, or NULL (and failed). Add to b->n what was used. */
uint8_t *as_buf_room(as_buf *b, size_t n);

/* A view of the content; valid until the next append. */
as_bytes as_buf_bytes(const as_buf *b);

#ifdef __cplusplus
}
#endif
#endif
