#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/banned.h"

struct as_sha256 {
    EVP_MD_CTX *run;
    EVP_MD_CTX *end; /* takes a copy of `run`, because finishing spoils a context */
};

as_sha256 *as_sha256_new(void)
{
    as_sha256 *h = as_mem_zero(1, sizeof(*h));

    if (!h)
        return NULL;
    h->run = EVP_MD_CTX_new();
    h->end = EVP_MD_CTX_new();
    if (!h->run || !h->end || EVP_DigestInit_ex(h->run, EVP_sha256(), NULL) != 1) {
        as_sha256_free(h);
        return NULL;
    }
    return h;
}

void as_sha256_free(as_sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->run);
    EVP_MD_CTX_free(h->end);
    as_mem_free(h);
}

/*
 * After a good start these calls fail only when the library cannot get some
 * hundred bytes. There is no safe value to go on with: a wrong digest would name
 * the wrong evidence.
 */
static void must(int worked)
{
    if (worked != 1)
        abort();
}

void as_sha256_add(as_sha256 *h, as_bytes bytes)
{
    if (bytes.n > 0)
        must(EVP_DigestUpdate(h->run, bytes.p, bytes.n));
}

void as_sha256_get(const as_sha256 *h, uint8_t digest[AS_SHA256_SIZE])
{
    must(EVP_MD_CTX_copy_ex(h->end, h->run));
    must(EVP_DigestFinal_ex(h->end, digest, NULL));
}

void as_sha256_text(const uint8_t digest[AS_SHA256_SIZE], char text[AS_SHA256_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < AS_SHA256_SIZE; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[AS_SHA256_HEX] = '\0';
}

bool as_sha1(as_bytes head, as_bytes body, uint8_t digest[AS_SHA1_SIZE])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool fine = c && EVP_DigestInit_ex(c, EVP_sha1(), NULL) == 1 &&
                EVP_DigestUpdate(c, head.p, head.n) == 1 &&
                EVP_DigestUpdate(c, body.p, body.n) == 1 &&
                EVP_DigestFinal_ex(c, digest, NULL) == 1;

    EVP_MD_CTX_free(c);
    return fine;
}

uint64_t as_hash64(as_bytes bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.n > 0 ? (const void *)bytes.p : "", bytes.n, seed);
}

uint64_t as_sum64(as_bytes bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.n > 0 ? (const void *)bytes.p : "", bytes.n, seed);
}
