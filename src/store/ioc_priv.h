/*
 * ioc_priv - what the finder of names and addresses and the tokenizer have in common.
 *
 * Depends on: base; utf8proc.  Threads: re-entrant.
 */
#ifndef AS_IOC_PRIV_H
#define AS_IOC_PRIV_H

#include "store/ioc.h"

/* A text with its defanged and full-width spellings made plain. */
typedef struct as_refanged {
    as_bytes text;
    const uint32_t *at; /* where each byte of `text` came from, and the end; NULL: unchanged */
    as_buf bytes, map;
} as_refanged;

/* False: no memory. as_refang_done() is right in either case. */
bool as_refang(as_bytes text, as_refanged *ret) AS_CHECKED;
void as_refang_done(as_refanged *r);

static inline size_t as_refang_at(const as_refanged *r, size_t i)
{
    return r->at ? r->at[i] : i;
}

/* As as_ioc_norm(), of text that as_refang() has made plain. */
void as_ioc_norm_plain(as_ioc_type type, as_bytes text, as_buf *out);

/* Appends `b` case folded, as it stands. */
void as_fold_all(as_bytes b, as_buf *out);

static inline bool as_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool as_is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool as_is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool as_is_alnum(uint8_t c)
{
    return as_is_digit(c) || as_is_upper(c) || as_is_lower(c);
}

static inline bool as_is_hex(uint8_t c)
{
    return as_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static inline bool as_one_of(uint8_t c, const char *set)
{
    for (; *set; set++) {
        if (c == (uint8_t)*set)
            return true;
    }
    return false;
}

static inline uint8_t as_lower(uint8_t c)
{
    return as_is_upper(c) ? (uint8_t)(c | 0x20) : c;
}

/* Characters of scripts that are written without blanks: Han, kana, Hangul. */
bool as_is_cjk(int32_t cp);

typedef enum as_letter { AS_LETTER_NONE, AS_LETTER_WORD, AS_LETTER_CJK } as_letter;

/* What a code point above U+007F is to a name; -1 is none. */
as_letter as_letter_of(int32_t cp);

/* The lists; case does not count. */
bool as_known_tld(as_bytes label);
bool as_known_extension(as_bytes extension);
bool as_api_prefix(as_bytes word); /* it begins as functions of Windows do: CreateFileW */

#endif
