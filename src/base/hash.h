/*
 * hash - SHA-256 by OpenSSL and a fast 64-bit hash (XXH3) for tables in memory.
 *
 * Depends on: base; libcrypto, xxhash (header only).  Threads: re-entrant.
 */
#ifndef AS_HASH_H
#define AS_HASH_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_SHA256_SIZE 32
#define AS_SHA256_HEX  (2 * AS_SHA256_SIZE)

typedef struct as_sha256 as_sha256;

as_sha256 *as_sha256_new(void) AS_CHECKED; /* NULL: no memory */
void as_sha256_free(as_sha256 *h);
void as_sha256_add(as_sha256 *h, as_bytes bytes);

/* Digest of what was added so far; more may follow. */
void as_sha256_get(const as_sha256 *h, uint8_t digest[AS_SHA256_SIZE]);

/* 64 lower-case hex digits and a NUL. */
void as_sha256_text(const uint8_t digest[AS_SHA256_SIZE], char text[AS_SHA256_HEX + 1]);

/* SHA-1 of `head` and then `body`: git names what it keeps by it. No proof against deceit. */
#define AS_SHA1_SIZE 20
bool as_sha1(as_bytes head, as_bytes body, uint8_t digest[AS_SHA1_SIZE]); /* false: no memory */

/* Not for anything stored on disk: the value may change between versions. */
uint64_t as_hash64(as_bytes bytes, uint64_t seed);

/*
 * A checksum for files: XXH3 with 64 bits as xxhash 0.8.0 froze it. It finds accidents;
 * it is no proof against somebody who wants to deceive.
 */
uint64_t as_sum64(as_bytes bytes, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
